"""Lines in a file of the run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from withstand.trackers import Tracker


class Diary:
    def __init__(self, file: Path) -> None:
        self.file = file

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"{step} {sorted(values)}\n")

    def finish(self, summary: Mapping[str, float]) -> None:
        self.log(-1, summary)


def start(*, project: str, run: str, tags: list[str], config: dict[str, Any], folder: Path) -> Tracker:
    return Diary(folder / "diary.txt")
