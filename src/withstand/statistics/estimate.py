"""A number with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value, its interval, and the number of source images that it rests on."""

    value: float
    low: float
    high: float
    n: int

    def times(self, factor: float) -> Estimate:
        """In another unit, e.g. ``times(100)`` for percent."""
        low, high = sorted((self.low * factor, self.high * factor))
        return Estimate(self.value * factor, low, high, self.n)

    def within(self, low: float, high: float | None) -> Estimate:
        """The same without what cannot be: value and ends are brought between two bounds (None: no bound)."""
        top = math.inf if high is None else high
        value, least, most = (min(max(end, low), top) for end in (self.value, self.low, self.high))
        return Estimate(value, least, most, self.n)

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    @property
    def above_zero(self) -> bool:
        return self.low > 0

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0
