"""Trackio (https://huggingface.co/docs/trackio): a local database with a local dashboard; no account."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from withstand.base.console import say
from withstand.trackers import Tracker

PACKAGE = "trackio"


class Trackio:
    def __init__(self, run: Any) -> None:
        self._run = run

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """One point of each curve."""
        self._run.log(dict(values), step=step)

    def finish(self, summary: Mapping[str, float]) -> None:
        """The final figures, as a last point under ``final/``, since Trackio has no summary; waits for the disk."""
        import trackio

        with _hushed():
            self._run.log({f"final/{name}": value for name, value in summary.items()})
            trackio.finish()


def start(*, project: str, run: str, tags: list[str], config: dict[str, Any], folder: Path) -> Tracker:
    """A new run of ``project`` in Trackio's own database (``TRACKIO_DIR``); tags go into its config."""
    with _hushed():
        import trackio

        begun = trackio.init(project=project, name=run, config={**config, "tags": tags}, embed=False)
    say(
        f"tracker trackio: run '{begun.name}' of project '{project}'; see it with `trackio show --project {project}`"
    )
    return Trackio(begun)


def _hushed() -> contextlib.redirect_stdout[io.StringIO]:
    """Trackio prints several lines of its own at each turn."""
    return contextlib.redirect_stdout(io.StringIO())
