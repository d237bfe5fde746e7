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
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

from withstand.base.root import root
from withstand.statistics.estimate import LEVEL, Estimate

Values = NDArray[np.floating]
Bounds = tuple[float | None, float | None]
"""The lowest and the highest value possible; None for no bound, in whose place is what is as far from 0 as any seen."""


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
    """The mean of independent values with its interval.

    That it covers at least ``level`` is proven for two values and conjectured for all (docs/decisions/0015).

    Args:
        values: N, one for each source image. Values beyond the bounds widen them: an image's influence on a metric of
            the whole set may lie there.

    Returns:
        An infinite mean with the one end that the other values leave; NaN without an end where values are infinite
        either way, or no numbers.

    Raises:
        ValueError: there is no value.
    """
    given = np.asarray(values, np.float64)
    if not len(given):
        raise ValueError("no image, no mean")
    capped, infinite = _capped(given)
    if math.isinf(infinite):
        finite = mean_interval(capped, bounds, level)
        low, high = (finite.low, math.inf) if infinite > 0 else (-math.inf, finite.high)
        return Estimate(infinite, low, high, len(given))
    if math.isnan(infinite):
        return Estimate(math.nan, -math.inf, math.inf, len(given))
    low, high = _reach(given, bounds)
    mean, tail, tally = float(given.mean()), (1 - level) / 2, Tally.of(given)
    if len(tally.values) <= 2 and set(tally.values) <= {low, high} and low < high:
        bottom, top = _binary(float((given == high).sum()), len(given), tail)
        return Estimate(mean, low + (high - low) * bottom, low + (high - low) * top, len(given))
    upper = upper_end(tally.with_one(high), tail)
    lower = -upper_end(Tally(-tally.values, tally.counts).with_one(-low), tail)
    return Estimate(mean, min(lower, mean), max(upper, mean), len(given))


def mean_p(values: Values, bounds: Bounds = (-1, 1)) -> float:
    """Two-sided p-value of "the mean is 0": the level at which ``mean_interval`` begins to exclude it.

    For differences of two classifiers under one condition, this is the p-value of the exact binomial test (McNemar's),
    to within a tenth of it.

    Args:
        values: N, one for each source image, their bounds on either side of 0.
    """
    given, infinite = _capped(np.asarray(values, np.float64))
    if math.isnan(infinite) or not given.any():
        return 1.0
    low, high = _reach(given, bounds)
    tally = Tally.of(given)
    below = 1 - chance_above(tally.with_one(low), 0.0)
    above = chance_above(tally.with_one(high), 0.0)
    # An infinite mean has no end on its own side: only the other may exclude 0.
    return min(1.0, 2 * (min(below, above) if not infinite else below if infinite > 0 else above))


def greater_p(values: Values, than: float = 0.0, bounds: Bounds = (-1, 1)) -> float:
    """One-sided p-value of "the mean is at most ``than``": small where the values show that it is above.

    It is below ``alpha`` where the lower end of the interval of level 1 − 2 ``alpha`` is above ``than``.

    Args:
        values: N, one for each source image.
    """
    given, infinite = _capped(np.asarray(values, np.float64))
    # NaN, or an infinite mean, which shows nothing on the side that it has no end on; or none is above.
    if infinite or (given <= than).all():
        return 1.0
    low, _ = _reach(given, bounds)
    return 1 - chance_above(Tally.of(given).with_one(low), than)


def crossing(chance: Callable[[float], float], start: float, end: float, tail: float) -> float:
    """Where ``chance``, which falls from ``start`` to ``end``, is ``tail``."""
    if start >= end or chance(end) >= tail:
        return end
    if chance(start) <= tail:
        return start
    return root(lambda at: chance(at) - tail, start, end, xtol=1e-9, rtol=1e-9)


def chance_above(tally: Tally, at: float) -> float:
    """The chance that the mean of the tally under random weights is at least ``at``."""
    z, counts = tally.values - at, tally.counts
    scale = max(-float(z.min()), float(z.max()))
    z = np.where(np.abs(z) > 1e-12 * scale, z, 0.0) / (scale or 1.0)
    if z.min() >= 0:
        return 1.0
    if z.max() <= 0:
        return 0.0
    return float(special.ndtr(-_deviate(z, counts, _saddle(z, counts))))


def upper_end(tally: Tally, tail: float) -> float:
    """The place that the mean of the tally under random weights is above with the chance ``tail``.

    Every place has its saddle point t and every saddle point its place, and the second is a plain formula: one search,
    over ``s`` = t / (1 + t × place), finds what would take one for the place and one more in each of its steps.
    """
    middle = _dot(tally.counts, tally.values) / float(tally.counts.sum())
    z = tally.values - middle
    scale = float(z.max())
    if scale <= 1e-12 * max(1.0, abs(middle)):
        return float(tally.values.max())
    z = z / scale

    def place(s: float) -> float:
        weights = tally.counts / (1 - s * z)
        return _dot(weights, z) / float(weights.sum())

    wanted = -float(special.ndtri(tail))

    @cache
    def beyond(s: float) -> float:  # all but straight, which a chance is not: few steps find where it is 0
        at = place(s)
        return _deviate(z - at, tally.counts, s / (1 - s * at)) - wanted

    last = 1 - 1e-13
    near = min(2 * wanted / math.sqrt(_dot(tally.counts, z**2)), last)  # about twice as far
    ends = sorted({last / float(z.min()), 0.0, near, last})
    low, high = next(((a, b) for a, b in pairwise(ends) if beyond(b) >= 0), (last, last))
    if low == high:  # so few images that the one more outweighs them: it is there with more than that chance
        return float(tally.values.max())
    return middle + scale * place(root(beyond, low, high, xtol=1e-14, rtol=1e-11))


def _deviate(z: NDArray[np.float64], counts: NDArray[np.float64], t: float) -> float:
    """The normal deviate that is exceeded as often as the weighted sum of ``z`` is 0 or more, from its saddle point."""
    w = math.copysign(math.sqrt(max(0.0, 2 * _dot(counts, np.log1p(-t * z)))), t)
    moved = z / (1 - t * z)
    second = _dot(counts, moved**2)
    if abs(w) < 1e-4:  # the limit of the formula, whose terms grow without bound there
        return _dot(counts, moved * moved * moved) / (3 * second**1.5)
    u = t * math.sqrt(second)
    return w + math.log(u / w) / w


def _dot(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The sum of products, without the threads of BLAS: they wait at full speed, and add up in another order."""
    return float(np.einsum("i,i", one, other))


def _saddle(z: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Where the derivative of the cumulant function −Σ log(1 − t z) is 0."""
    low, high, inner = 1 / float(z.min()), 1 / float(z.max()), 1 - 1e-13

    def slope(t: float) -> float:
        return _dot(counts, z / (1 - t * z))

    return root(slope, low * inner, high * inner, xtol=1e-15, rtol=1e-12)


def _capped(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Infinite values brought to the next finite one, or 0; and the mean where it is not finite, else 0."""
    finite = values[np.isfinite(values)]
    if len(finite) == len(values):
        return values, 0.0
    with np.errstate(invalid="ignore"):
        mean = float(values.sum())  # NaN of infinities either way
    return np.clip(values, finite.min(initial=0), finite.max(initial=0)), mean


def _reach(values: NDArray[np.float64], bounds: Bounds) -> tuple[float, float]:
    furthest = float(np.abs(values).max())
    low, high = (
        end if given is None else given for end, given in zip((-furthest, furthest), bounds, strict=True)
    )
    return min(low, float(values.min())), max(high, float(values.max()))


def _binary(successes: float, n: int, tail: float) -> tuple[float, float]:
    """Clopper and Pearson (1934), which the interval is where there are two values only."""
    low = special.betaincinv(successes, n - successes + 1, tail) if successes else 0.0
    high = special.betaincinv(successes + 1, n - successes, 1 - tail) if successes < n else 1.0
    return float(low), float(high)
