"""The mean of a bounded quantity: an interval and a p-value that hold for few images, rare errors and skewed values.

The interval is that of Gaffke (2005; Learned-Miller and Thomas, 2020, arXiv:1905.06208). Its upper end gives the images
random weights (Dirichlet, all alike) together with one image more that has the *highest* value possible, and takes the
quantile of the weighted mean; the lower end has one more image of the lowest. For values of 0 and 1 this is exactly the
interval of Clopper and Pearson; for many images it is that of the normal distribution; a perfect run of n images still
has a lower end, 3.7/n below. Nothing is assumed of the distribution but its bounds, so images that err under many
conditions at once, and kinds of image that were not drawn, are allowed for.

The weights are exponential draws up to a factor, and the sign of a sum of exponential draws has a saddlepoint
approximation (Lugannani and Rice, 1980) that is good to a per cent of the tail and needs no random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from withstand.statistics.estimate import LEVEL, Estimate

Values = NDArray[np.floating]
Bounds = tuple[float, float | None]
"""The lowest and the highest value possible; None for no bound, in whose place the highest value seen stands."""


@dataclass(frozen=True)
class Tally:
    """Distinct values and how many images have each: what is summed over, far shorter than the images."""

    values: NDArray[np.float64]
    counts: NDArray[np.float64]

    @classmethod
    def of(cls, values: Values) -> Tally:
        distinct, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
        return cls(distinct, counts.astype(np.float64))

    def with_one(self, value: float) -> Tally:
        """And one image more of that value."""
        return Tally(np.append(self.values, value), np.append(self.counts, 1.0))


def mean_interval(values: Values, bounds: Bounds = (0, 1), level: float = LEVEL) -> Estimate:
    """The mean of independent values with its interval, which covers at least ``level``.

    Args:
        values: N, one for each source image. Values beyond the bounds widen them: an image's influence on a metric of
            the whole set may lie there.

    Raises:
        ValueError: there is no value.
    """
    given = np.asarray(values, np.float64)
    if not len(given):
        raise ValueError("no image, no mean")
    if not np.isfinite(
        given
    ).all():  # an infinite loss: there is no upper end, and the others have a lower one
        rest = given[np.isfinite(given)]
        capped = np.append(rest, np.full(len(given) - len(rest), rest.max(initial=0)))
        return Estimate(math.inf, mean_interval(capped, bounds, level).low, math.inf, len(given))
    low, high = _reach(given, bounds)
    mean, tail, tally = float(given.mean()), (1 - level) / 2, Tally.of(given)
    if set(tally.values) <= {low, high} and low < high:
        bottom, top = _binary(float((given == high).sum()), len(given), tail)
        return Estimate(mean, low + (high - low) * bottom, low + (high - low) * top, len(given))
    most, least = tally.with_one(high), tally.with_one(low)
    upper = crossing(lambda at: chance_above(most, at), mean, high, tail)
    lower = -crossing(lambda at: 1 - chance_above(least, -at), -mean, -low, tail)
    return Estimate(mean, min(lower, mean), max(upper, mean), len(given))


def either_way(reach: float | None, values: Values) -> Bounds:
    """The bounds of a difference: at most ``reach`` apart; without such a bound, as far as any was, on either side."""
    farthest = float(np.abs(values[np.isfinite(values)]).max(initial=0)) if reach is None else reach
    return -farthest, farthest


def mean_p(values: Values, bounds: Bounds = (-1, 1)) -> float:
    """Two-sided p-value of "the mean is 0": the level at which ``mean_interval`` begins to exclude it.

    For differences of two classifiers under one condition, this is at most the p-value of an exact binomial test.

    Args:
        values: N, one for each source image, their bounds on either side of 0.
    """
    given = np.asarray(values, np.float64)
    low, high = _reach(given, bounds)
    tally = Tally.of(given)
    below = 1 - chance_above(tally.with_one(low), 0.0)
    above = chance_above(tally.with_one(high), 0.0)
    return min(1.0, 2 * min(below, above))


def crossing(chance: Callable[[float], float], start: float, end: float, tail: float) -> float:
    """Where ``chance``, which falls from ``start`` to ``end``, is ``tail``."""
    if start >= end or chance(end) >= tail:
        return end
    if chance(start) <= tail:
        return start
    return float(optimize.brentq(lambda at: chance(at) - tail, start, end, xtol=1e-9, rtol=1e-9))


def chance_above(tally: Tally, at: float) -> float:
    """The chance that the mean of the tally under random weights is at least ``at``."""
    z, counts = tally.values - at, tally.counts
    if z.min() >= 0:
        return 1.0
    if z.max() <= 0:
        return 0.0
    z = z / max(-z.min(), z.max())
    t = _saddle(z, counts)
    w = math.copysign(math.sqrt(max(0.0, 2 * float(counts @ np.log1p(-t * z)))), t)
    second, third = (float(counts @ (z / (1 - t * z)) ** k) for k in (2, 3))
    if abs(w) < 1e-4:  # the limit of the formula, whose terms grow without bound there
        return 0.5 - third / (3 * math.sqrt(2 * math.pi) * second**1.5)
    u = t * math.sqrt(second)
    return float(special.ndtr(-(w + math.log(u / w) / w)))


def _saddle(z: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Where the derivative of the cumulant function −Σ log(1 − t z) is 0."""
    low, high, inner = 1 / float(z.min()), 1 / float(z.max()), 1 - 1e-13

    def slope(t: float) -> float:
        return float(counts @ (z / (1 - t * z)))

    return float(optimize.brentq(slope, low * inner, high * inner, xtol=1e-15, rtol=1e-12))


def _reach(values: NDArray[np.float64], bounds: Bounds) -> tuple[float, float]:
    low, high = bounds
    most = float(values.max())
    return min(low, float(values.min())), most if high is None else max(high, most)


def _binary(successes: float, n: int, tail: float) -> tuple[float, float]:
    """Clopper and Pearson (1934), which the interval is where there are two values only."""
    low = special.betaincinv(successes, n - successes + 1, tail) if successes else 0.0
    high = special.betaincinv(successes + 1, n - successes, 1 - tail) if successes < n else 1.0
    return float(low), float(high)
