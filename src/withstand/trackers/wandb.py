"""Weights & Biases (https://docs.wandb.ai), as in the study; ``WANDB_MODE=offline`` needs no account."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from withstand.base.console import say
from withstand.trackers import Tracker

PACKAGE = "wandb"


class Wandb:
    def __init__(self, run: Any) -> None:
        self._run = run

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Part of a row of the run's history; the row is complete when the next step begins."""
        self._run.log(dict(values), step=step)

    def finish(self, summary: Mapping[str, float]) -> None:
        """The run's summary, and the end of the run; waits until all is written or uploaded."""
        self._run.summary.update(dict(summary))
        self._run.finish()


def start(*, project: str, run: str, tags: list[str], config: dict[str, Any], folder: Path) -> Tracker:
    """A new run of ``project``; kept under ``folder/wandb`` until it is uploaded."""
    import wandb

    offline = wandb.setup().settings.mode in ("offline", "disabled", "dryrun")
    # Asked here, since wandb.init would wait for an answer at the terminal.
    if not offline and not wandb.login(prompt=False, verify=False):
        raise RuntimeError(
            "nobody is logged in to Weights & Biases; run `wandb login` or set WANDB_MODE=offline"
        )
    folder.mkdir(parents=True, exist_ok=True)
    begun = wandb.init(
        project=project,
        name=run,
        tags=tags,
        config=config,
        dir=folder,
        reinit="finish_previous",
        settings=wandb.Settings(silent=True, console="off", init_timeout=30),
    )
    where = f"offline; upload it with `wandb sync {folder}/wandb/offline-run-*`" if offline else begun.url
    say(f"tracker wandb: run '{run}' of project '{project}', {where}")
    return Wandb(begun)
