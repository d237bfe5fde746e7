"""What came of a run: its fine-tunings, and its protocols under backgrounds, each read back as a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from withstand.base.errors import UserError
from withstand.results.conditions import Condition, cell_files
from withstand.results.reading import load_run
from withstand.results.run import Run

FINETUNE = "finetune"
BACKGROUND = "background"


def fine_tunings(run_folder: str | Path) -> list[tuple[Run, Run]]:
    """The finished fine-tunings of the run in a folder, by name: the same test images before and after.

    Raises:
        UserError: a file is damaged.
    """
    folders = sorted(
        path for path in (Path(run_folder) / FINETUNE).glob("*") if (path / "summary.json").is_file()
    )
    return [before_and_after(folder) for folder in folders]


def before_and_after(folder: Path) -> tuple[Run, Run]:
    """One fine-tuning, from its own folder.

    Raises:
        UserError: it has not finished, or a file is damaged.
    """
    after = load_run(folder)
    if FINETUNE not in after.summary or "before" not in after.summary:
        raise UserError(f"{folder / 'summary.json'} says nothing of a fine-tuning; give its command again")
    files, _ = cell_files(folder, after.summary["before"])
    digest = {"weights_digest": after.summary[FINETUNE]["start"]}
    return replace(after, files=files, provenance=after.provenance | digest), after


def under_backgrounds(run: Run) -> list[Run]:
    """What a run has of experiment 4, a protocol each; none where it was not run.

    The summary of each has its protocol's own record under ``background``. A protocol that trains has a classifier a
    fold, and the cells of a variant are those of all of them.

    Raises:
        UserError: the record is damaged.
    """
    found = []
    for protocol, record in run.summary.get(BACKGROUND, {}).items():
        try:
            files = {
                Condition(BACKGROUND, variant): tuple(parts) for variant, parts in record["files"].items()
            }
            summary = _summary(run, protocol, record)
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{run.folder}: the record of experiment 4 ({protocol}) is damaged: {error}"
            ) from error
        found.append(replace(run, files=files, missing=(), summary=summary, only=None))
    return found


def _summary(run: Run, protocol: str, record: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: run.summary[key] for key in ("model", "dataset")}
    return said | {"classes": record["classes"], "protocol": protocol, BACKGROUND: dict(record)}
