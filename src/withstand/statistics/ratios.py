"""Ratios of two means and means of such ratios, without an end where the denominator may be nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.statistics.bounded import Tally, chance_above, crossing
from withstand.statistics.estimate import LEVEL, Estimate

_NOTHING = 1e-12
"""What is less is a rounding error of means of shares, and no number to divide by."""


def ratio(
    numerators: NDArray[np.float64], denominators: NDArray[np.float64], low: float = 0, level: float = LEVEL
) -> Estimate:
    """The mean of the numerators by that of the denominators, N each, an image in one row of both.

    As Fieller (1954) does, the interval has all the ratios r for which the mean of numerator − r × denominator may be
    0, by the interval of ``bounded``. It has no end (±∞) where the denominator may be nothing, and the value is NaN
    where it is.

    Args:
        numerators, denominators: at most 1; what lies beyond, as influences may, widens that.
        low: the lowest value that either can have: 0 or −1.
    """
    top, bottom, n = float(numerators.mean()), float(denominators.mean()), len(numerators)
    tail = (1 - level) / 2
    if bottom <= 0 or 1 - chance_above(Tally.of(denominators).with_one(low), 0.0) > tail:
        value = top / bottom if abs(bottom) > _NOTHING else math.nan
        return Estimate(value, -math.inf if low < 0 else 0.0, math.inf, n)
    left = _Left.of(numerators, denominators, low)
    value = top / bottom
    upper = crossing(left.above, value, _far(left.above, value, tail), tail)
    least = _far(left.below, -value, tail) if low < 0 else 0.0
    return Estimate(value, -crossing(left.below, -value, least, tail), upper, n)


@dataclass(frozen=True)
class _Left:
    """What is left of the numerators when so many times the denominators are taken off: distinct pairs and how many."""

    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]
    counts: NDArray[np.float64]
    bounds: tuple[tuple[float, float], tuple[float, float]]

    @classmethod
    def of(cls, numerators: NDArray[np.float64], denominators: NDArray[np.float64], low: float) -> _Left:
        both = np.stack([numerators, denominators])
        pairs, counts = np.unique(both, axis=1, return_counts=True)
        ends = [(min(low, float(one.min())), max(1.0, float(one.max()))) for one in both]
        return cls(pairs[0], pairs[1], counts.astype(np.float64), (ends[0], ends[1]))

    def above(self, at: float) -> float:
        """The chance that the weighted mean left at the ratio ``at`` is not below 0; falls as the ratio grows."""
        (_, most), ends = self.bounds
        extreme = most - min(at * end for end in ends)
        return self._chance(self.numerators - at * self.denominators, extreme)

    def below(self, at: float) -> float:
        """The chance that it is not above 0 at the ratio −``at``; falls as the ratio does."""
        (least, _), ends = self.bounds
        extreme = max(-at * end for end in ends) - least
        return self._chance(-self.numerators - at * self.denominators, extreme)

    def _chance(self, left: NDArray[np.float64], extreme: float) -> float:
        return chance_above(Tally(np.append(left, extreme), np.append(self.counts, 1.0)), 0.0)


def mean_of_ratios(
    numerators: NDArray[np.float64],
    denominators: NDArray[np.float64],
    low: float = 0,
    level: float = LEVEL,
) -> Estimate:
    """The mean of V ratios, N×V each, from their intervals and how they move together (MOVER: Zou & Donner, 2008)."""
    if numerators.shape[1] == 1:
        return ratio(numerators[:, 0], denominators[:, 0], low, level)
    parts = [ratio(a, b, low, level) for a, b in zip(numerators.T, denominators.T, strict=True)]
    values, lows, highs = (np.array([getattr(one, end) for one in parts]) for end in ("value", "low", "high"))
    with np.errstate(invalid="ignore"):
        moved = numerators - values * denominators
        alike = np.nan_to_num(np.corrcoef(moved / moved.std(axis=0), rowvar=False), nan=1.0)

    def reach(ends: NDArray[np.float64]) -> float:
        if not np.isfinite(ends).all():
            return math.inf
        return math.sqrt(max(0.0, float(ends @ alike @ ends))) / len(parts)

    value = float(values.mean())
    if math.isnan(value):
        return Estimate(math.nan, -math.inf if low < 0 else 0.0, math.inf, len(numerators))
    least = value - reach(values - lows)
    return Estimate(
        value, least if low < 0 else max(0.0, least), value + reach(highs - values), len(numerators)
    )


def _far(chance: Callable[[float], float], start: float, tail: float) -> float:
    """A place beyond ``start`` where ``chance`` has fallen below ``tail``."""
    step = max(1.0, abs(start))
    while chance(start + step) >= tail and step < 1e12:
        step *= 4
    return start + step
