"""The bootstrap over source images: weights on per-image sums, never copies of rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from withstand.statistics.estimate import LEVEL, Estimate

RESAMPLES = 2000


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
    block = max(1, min(resamples, 2_000_000 // max(n, 1)))  # 16 MB of weights at a time
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
    return function_of_means(
        per_image, lambda means: means[..., 0], resamples=resamples, level=level, seed=seed
    )


def function_of_means(
    values: NDArray[np.floating],
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """What ``function`` makes of several means, e.g. a ratio of two, with an interval that resamples source images.

    Args:
        values: N×K, a row a source image.
        function: takes means …×K to one number each, (…); applied to the means and to all their resamples at once.
    """
    values = np.asarray(values, dtype=np.float64)
    draws = function(resampled_means(values, resamples=resamples, seed=seed))
    low, high = percentile_interval(draws[:, None], len(values), level)
    return Estimate(float(function(values.mean(axis=0))), float(low[0]), float(high[0]), len(values))
