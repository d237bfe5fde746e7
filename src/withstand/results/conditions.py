"""A condition: one test distribution, named by shift, variant and severity."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Condition:
    """One test distribution, e.g. ``Condition("corruption", "fog", 3)``; severity is None where there is none."""

    shift: str
    variant: str
    severity: int | None = None

    def __str__(self) -> str:
        name = self.shift if self.shift == self.variant else f"{self.shift}-{self.variant}"
        return name if self.severity is None else f"{name}-{self.severity}"


CLEAN = Condition("clean", "clean")
