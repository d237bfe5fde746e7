"""Several questions asked of the same data: what each may still claim."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from withstand.statistics.estimate import LEVEL, Estimate


def holm(p: ArrayLike) -> NDArray[np.float64]:
    """P-values corrected for being a family of K (Holm, 1979): claiming all that are below 5% errs in 5% of families.

    Args:
        p: K p-values, whatever their dependence.

    Returns:
        float64 K, in the order given.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def simultaneous_intervals(
    values: NDArray[np.float64], means: NDArray[np.float64], n: int, level: float = LEVEL
) -> list[Estimate]:
    """Intervals that *all* hold at once with the given level, for several comparisons made from one set of draws.

    The largest standardised deviation over the K comparisons is what is resampled (max-T; Romano & Wolf, 2005), so
    comparisons that move together cost less than Bonferroni would charge.

    Args:
        values: K observed differences.
        means: R×K, their resampled values.
        n: number of source images.
    """
    spread = means.std(axis=0)
    moved = np.abs(means - values) / np.where(spread > 0, spread, np.inf)
    reach = float(np.quantile(moved.max(axis=1), level))
    if n > 1:  # the same correction for few images as in `percentile_interval`
        tail = (1 - level) / 2
        reach *= float(stats.t.ppf(tail, n - 1) / stats.norm.ppf(tail) * np.sqrt(n / (n - 1)))
    return [
        Estimate(float(value), float(value - reach * one), float(value + reach * one), n)
        for value, one in zip(values, spread, strict=True)
    ]
