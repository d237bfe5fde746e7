"""Intervals of a share: one classifier under one condition, where each image is there once."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from withstand.statistics.estimate import LEVEL, Estimate


def wilson(successes: int, n: int, level: float = LEVEL) -> Estimate:
    """The score interval of a share (Wilson, 1927): covers ``level`` on average over shares.

    Raises:
        ValueError: not 0 ≤ successes ≤ n, or n is 0.
    """
    share = _share(successes, n)
    z = float(stats.norm.ppf((1 + level) / 2))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    # Exact at the ends, where the formula is off by a rounding error.
    low = 0.0 if successes == 0 else middle - reach
    high = 1.0 if successes == n else middle + reach
    return Estimate(share, low, high, n)


def clopper_pearson(successes: int, n: int, level: float = LEVEL) -> Estimate:
    """The interval of Clopper and Pearson (1934): covers *at least* ``level`` whatever the share; wider than Wilson's.

    Raises:
        ValueError: not 0 ≤ successes ≤ n, or n is 0.
    """
    share, tail = _share(successes, n), (1 - level) / 2
    low = special.betaincinv(successes, n - successes + 1, tail) if successes else 0.0
    high = special.betaincinv(successes + 1, n - successes, 1 - tail) if successes < n else 1.0
    return Estimate(share, float(low), float(high), n)


def _share(successes: int, n: int) -> float:
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no share")
    return successes / n
