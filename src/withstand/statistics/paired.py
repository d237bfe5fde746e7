"""Two classifiers on the same images: what is hard for both cancels out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from withstand.statistics.bootstrap import RESAMPLES, mean_over_conditions
from withstand.statistics.estimate import LEVEL, Estimate

FLIPS = 9999


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


def sign_flip(differences: NDArray[np.floating], *, flips: int = FLIPS, seed: int = 0) -> NDArray[np.float64]:
    """Two-sided permutation p-values of "the two are alike": which of the two is called first is a coin toss an image.

    Where McNemar's test has one condition, this has the mean of any number of them: an image's whole difference turns
    its sign at once. A p-value is never 0: the data itself is one of the flips (Phipson & Smyth, 2010), so the
    smallest is 1 / (flips + 1).

    Args:
        differences: N×K, a row a source image, a column a comparison of two; all columns see the same flips.

    Returns:
        float64 K.
    """
    differences = np.asarray(differences, dtype=np.float64)
    n, k = differences.shape
    # Rounding must not tell equal sums apart, hence the hair's breadth.
    observed = np.abs(differences.sum(axis=0)) * (1 - 1e-9)
    draw = np.random.default_rng(seed)
    block = max(1, min(flips, 4_000_000 // max(n, 1)))
    as_large = np.zeros(k)
    for start in range(0, flips, block):
        rows = min(block, flips - start)
        packed = np.frombuffer(draw.bytes(rows * ((n + 7) // 8)), np.uint8).reshape(rows, -1)
        heads = np.unpackbits(packed, axis=1, count=n).astype(np.float64)
        flipped = 2 * (heads @ differences) - differences.sum(axis=0)
        as_large += (np.abs(flipped) >= observed).sum(axis=0)
    p: NDArray[np.float64] = (1 + as_large) / (flips + 1)
    return p
