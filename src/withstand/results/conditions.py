"""A condition: one test distribution, named by shift, variant and severity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, order=True)
class Condition:
    """One test distribution, e.g. ``Condition("corruption", "fog", 3)``; severity is None where there is none.

    A severity between the published ones has a point (2.25); a whole one is an int, and is written as such everywhere.
    """

    shift: str
    variant: str
    severity: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.severity, float) and self.severity.is_integer():
            object.__setattr__(self, "severity", int(self.severity))

    def __str__(self) -> str:
        name = self.shift if self.shift == self.variant else f"{self.shift}-{self.variant}"
        return name if self.severity is None else f"{name}-{self.severity}"


CLEAN = Condition("clean", "clean")

MEANS = ("clean", "corrupted", "benchmark")
"""What no variant among several may be called: sets of conditions go by these names, beside families of a shift."""

ASIDE = ("outside", "validation")
"""Kinds of shift whose images ask for no accuracy: their cells stand beside the conditions, in no mean."""


def cell_files(
    folder: Path, listed: Iterable[Mapping[str, Any]]
) -> tuple[dict[Condition, tuple[str, ...]], tuple[Condition, ...]]:
    """The cells that a summary lists: those whose files are there, and the conditions of those that are gone."""
    files: dict[Condition, tuple[str, ...]] = {}
    missing = []
    for cell in listed:
        condition = Condition(cell["shift"], cell["variant"], cell["severity"])
        if (folder / "predictions" / cell["file"]).exists():  # what is no file is damaged, not missing
            files[condition] = (cell["file"],)
        else:
            missing.append(condition)
    return files, tuple(missing)
