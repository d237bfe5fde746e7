"""Runs read from their folders, and what cannot be read as one.

>>> runs = withstand.load_runs("checkpoints")
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from withstand.base import json_file
from withstand.base.errors import UserError, nearest
from withstand.base.names import shown
from withstand.results import history, records
from withstand.results.columns import Columns
from withstand.results.conditions import ASIDE, cell_files
from withstand.results.kept import Kept
from withstand.results.run import Run
from withstand.results.runs import LeftOut, Runs


def load_run(folder: str | Path) -> Run:
    """Read one run folder.

    Raises:
        UserError: ``summary.json`` is missing (the run has not finished), or a file is damaged.
    """
    folder = Path(folder)
    if not os.path.lexists(folder / "summary.json"):
        raise UserError(f"{folder} has no summary.json: the run has not finished; give its command again")
    summary = json_file.record(folder / "summary.json", records.Summary)
    provenance = json_file.record(folder / "provenance.json", records.Provenance)
    json_file.record(folder / "run.json", records.IdentitySaid)
    files, missing = cell_files(folder, summary["cells"])
    kinds = {shift: about.get("kind") for shift, about in summary.get("shifts", {}).items()}
    aside = {one.shift: of for one, of in files.items() if kinds.get(one.shift) in ASIDE}
    files = {one: of for one, of in files.items() if one.shift not in aside}
    missing = tuple(one for one in missing if kinds.get(one.shift) not in ASIDE)
    trained = history.read(folder / "history.csv")
    columns = Columns(kept=Kept(folder))
    return Run(folder, summary, provenance, trained, files, missing, aside=aside, kept=columns)


def load_runs(root: str | Path, dataset: str | None = None) -> Runs:
    """Every run in the folders of ``root``, by model name; those of one ``dataset``, or all.

    A folder that is no finished run is in ``left_out`` of the answer, with the reason; so is a run on other images than
    a later one, where both data sets have one name.

    Raises:
        UserError: there is no such folder, or no run on ``dataset`` among others.
    """
    root, dataset = Path(root), None if dataset is None else shown(dataset)
    if not root.is_dir():
        raise UserError(f"there is no folder {root}; train a model first, or give paths.checkpoints=FOLDER")
    runs, left_out = [], []
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        try:
            run = load_run(folder)
        except UserError as error:
            if dataset is None or shown(folder.name).endswith(f"_{dataset}"):
                left_out.append(LeftOut(shown(folder.name), str(error)))
            continue
        runs.append(run)
    known = {run.dataset for run in runs}
    if known and dataset not in (None, *known) and not left_out:
        raise UserError(f"there is no run on '{dataset}' in {root}; {nearest(str(dataset), known)}")
    found = [run for run in runs if dataset in (None, run.dataset)]
    older = _on_other_images(found)
    kept = [run for run in found if run not in older]
    left_out += [LeftOut(shown(run.folder.name), reason) for run, reason in older.items()]
    return Runs(sorted(kept, key=lambda run: (run.dataset, run.model, run.folder.name)), left_out)


def _on_other_images(runs: Sequence[Run]) -> dict[Run, str]:
    """Runs that no row may stand beside the latest on a data set of that name, and why."""
    found = {}
    latest = {
        run.dataset: run
        for run in sorted(runs, key=lambda run: str(run.provenance.get("made")))
        if run.content
    }
    for run in runs:
        other = latest.get(run.dataset)
        if other is not None and run.content not in ("", other.content) and not run.of_the_sources_of(other):
            found[run] = (
                f"its images are not those of {other.folder.name}, made later, though both data sets are called"
                f" {run.dataset}; run it again, or give its data set a name of its own (dataset.title=NAME)"
            )
    return found
