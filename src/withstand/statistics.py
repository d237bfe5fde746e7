"""How sure a number is: intervals and paired comparisons. Pure functions of arrays; no file, no network.

All the conditions of an evaluation show the *same* source images, so their results rise and fall together: a million
rows from ten thousand images hold the evidence of ten thousand draws. Whatever is averaged over conditions is therefore
resampled by source image, all the rows of an image together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

RESAMPLES = 2000
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

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class McNemar:
    """Two classifiers on the same images: how many only the one and only the other got right.

    Attributes:
        only_a: images that only the first got right.
        only_b: images that only the second got right.
        p: exact two-sided p-value of "both are equally often right".
        difference: accuracy of the first minus that of the second, with interval.
    """

    only_a: int
    only_b: int
    p: float
    difference: Estimate


def wilson(successes: int, n: int, level: float = LEVEL) -> Estimate:
    """The Wilson score interval of a share (Wilson, 1927): for one cell, where each image is there once.

    Raises:
        ValueError: not 0 ≤ successes ≤ n, or n is 0.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no share")
    z = float(stats.norm.ppf((1 + level) / 2))
    share = successes / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    # Exact at the ends, where the formula is off by a rounding error.
    low = 0.0 if successes == 0 else middle - reach
    high = 1.0 if successes == n else middle + reach
    return Estimate(share, low, high, n)


def resampled_means(
    values: NDArray[np.floating], *, resamples: int = RESAMPLES, seed: int = 0
) -> NDArray[np.float64]:
    """Means of the columns of ``values`` over resampled rows: the bootstrap, with one set of draws for all columns.

    A row is one source image; a column any mean of its results (over a run, a severity, a family…). Since all columns
    see the same draws, the differences of two columns of the answer are the *paired* bootstrap of the difference.

    Args:
        values: N×K, a row a source image.
        resamples: R.
        seed: the draws are a function of (N, resamples, seed).

    Returns:
        float64 R×K.
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    draw = np.random.default_rng(seed)
    block = max(
        1, min(resamples, 2_000_000 // max(n, 1))
    )  # 16 MB of weights at a time, and no copies of rows
    means = np.empty((resamples, values.shape[1]))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        # How often each image is drawn: multinomial weights, by counting n uniform draws a resample.
        drawn = draw.integers(n, size=(rows, n)) + np.arange(rows)[:, None] * n
        weights = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        means[start : start + rows] = weights @ values / n
    return means


def percentile_interval(
    means: NDArray[np.float64], n: int, level: float = LEVEL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high ends (K each) of the expanded percentile interval of R×K resampled means of ``n`` images.

    The plain percentile interval is too narrow for few images, by the n/(n-1) of the variance and by normal in place of
    Student quantiles; expanding the level mends both (Hesterberg, 2015, The American Statistician 69(4), section 5).
    """
    tail = (1 - level) / 2
    if n > 1:
        tail = float(stats.norm.cdf(stats.t.ppf(tail, n - 1) * np.sqrt(n / (n - 1))))
    low, high = np.quantile(means, [tail, 1 - tail], axis=0)
    return low, high


def mean_over_conditions(
    values: NDArray[np.floating], *, resamples: int = RESAMPLES, level: float = LEVEL, seed: int = 0
) -> Estimate:
    """The mean over conditions of each condition's mean, with an interval that resamples source images.

    Args:
        values: N×C, one value for each source image (row) under each condition (column).
    """
    per_image = np.asarray(values, dtype=np.float64).mean(axis=1, keepdims=True)
    draws = resampled_means(per_image, resamples=resamples, seed=seed)
    low, high = percentile_interval(draws, len(values), level)
    return Estimate(float(per_image.mean()), float(low[0]), float(high[0]), len(values))


def paired_difference(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """Mean over conditions of ``a`` minus that of ``b``: N×C each, the same image in the same row of both.

    Raises:
        ValueError: the shapes differ.
    """
    if np.shape(a) != np.shape(b):
        raise ValueError(f"not paired: {np.shape(a)} and {np.shape(b)}")
    return mean_over_conditions(
        np.asarray(a, np.float64) - np.asarray(b, np.float64), resamples=resamples, level=level, seed=seed
    )


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


def mcnemar(a: NDArray[np.bool_], b: NDArray[np.bool_], level: float = LEVEL) -> McNemar:
    """Two classifiers on the same images under one condition: bool N each, right or wrong, row by row.

    The p-value is exact (binomial; McNemar, 1947); the interval is that of Bonett and Price (2012), which stays honest
    when few images tell the two apart.

    Raises:
        ValueError: the lengths differ.
    """
    a, b = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"not paired: {a.shape} and {b.shape}")
    only_a, only_b, n = int((a & ~b).sum()), int((b & ~a).sum()), len(a)
    p = float(stats.binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    share_a, share_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    middle = share_a - share_b
    z = float(stats.norm.ppf((1 + level) / 2))
    reach = z * float(np.sqrt((share_a + share_b - middle**2) / (n + 2)))
    value = (only_a - only_b) / n
    return McNemar(only_a, only_b, p, Estimate(value, max(-1.0, middle - reach), min(1.0, middle + reach), n))
