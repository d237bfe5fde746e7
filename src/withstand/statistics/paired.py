"""Two classifiers on the same images under one condition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from withstand.statistics.estimate import LEVEL, Estimate


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


def mcnemar(a: NDArray[np.bool_], b: NDArray[np.bool_], level: float = LEVEL) -> McNemar:
    """Two classifiers on the same images under one condition: bool N each, right or wrong, row by row.

    The p-value is exact (binomial; McNemar, 1947); the interval is that of Bonett and Price (2012), which keeps its
    coverage when the two differ on few images.

    Raises:
        ValueError: the lengths differ.
    """
    a, b = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"not paired: {a.shape} and {b.shape}")
    only_a, only_b, n = int((a & ~b).sum()), int((b & ~a).sum()), len(a)
    fewer, more = sorted((only_a, only_b))
    p = (
        2 * float(special.betainc(more, fewer + 1, 0.5)) if more > fewer + 1 else 1.0
    )  # both tails of the binomial
    share_a, share_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    middle = share_a - share_b
    z = float(special.ndtri((1 + level) / 2))
    reach = z * float(np.sqrt((share_a + share_b - middle**2) / (n + 2)))
    value = (only_a - only_b) / n
    return McNemar(only_a, only_b, p, Estimate(value, max(-1.0, middle - reach), min(1.0, middle + reach), n))
