"""What lies in a folder of runs: each with its state, its size and its age, finished or not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from withstand.base import json_file
from withstand.base.errors import UserError
from withstand.results.folder import RunFolder

_RECORDS = ("summary.json", "run.json", "training.json")


@dataclass(frozen=True)
class Shelved:
    """One run folder.

    Attributes:
        state: ``finished``, ``training``, ``trained``, ``begun`` or ``damaged``.
        note: how far it is.
        conditions: whose predictions are there.
        size: bytes of all of it, and ``spare``, of its checkpoint, which only training on needs.
        changed: seconds since 1970.
    """

    folder: Path
    state: str
    note: str
    conditions: int
    size: int
    spare: int
    changed: float

    @property
    def age(self) -> float:
        """Seconds since anything in it was written."""
        return max(0.0, time.time() - self.changed)


def shelf(root: Path) -> list[Shelved]:
    """Every run folder in ``root``, the latest first."""
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    found = [_shelved(path) for path in folders if any((path / name).is_file() for name in _RECORDS)]
    return sorted(found, key=lambda one: -one.changed)


def _shelved(path: Path) -> Shelved:
    folder = RunFolder(path)
    sizes, latest = 0, path.stat().st_mtime
    for file in files(path):
        stat = file.stat()
        sizes, latest = sizes + stat.st_size, max(latest, stat.st_mtime)
    spare = folder.checkpoint.stat().st_size if folder.checkpoint.is_file() else 0
    try:
        state, note, conditions = _state(folder)
    except UserError as error:
        state, note, conditions = "damaged", str(error), 0
    return Shelved(path, state, note, conditions, sizes, spare, latest)


def _state(folder: RunFolder) -> tuple[str, str, int]:
    cells = len(list((folder.path / "predictions").glob("*.parquet")))
    if summary := folder.summary():
        listed = summary.get("cells")
        if isinstance(listed, list) and listed:
            return "finished", f"{len(listed)} conditions", len(listed)
        return ("finished", "other backgrounds", cells) if "background" in summary else ("trained", "", cells)
    settings = json_file.record(folder.path / "training.json")
    if not settings:
        return "begun", f"{cells} conditions so far", cells
    history = folder.path / "history.csv"
    done = max(0, len(history.read_text(encoding="utf-8").splitlines()) - 1) if history.is_file() else 0
    return "training", f"{done} epochs so far", cells


def files(folder: Path) -> Iterator[Path]:
    """Every plain file below a folder; links are not followed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path
