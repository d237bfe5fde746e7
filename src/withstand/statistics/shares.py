"""Intervals of a share: one classifier under one condition, where each image is there once."""

from __future__ import annotations

import numpy as np
from scipy import special

from withstand.statistics.estimate import LEVEL, Estimate


def wilson(successes: int, n: int, level: float = LEVEL) -> Estimate:
    """The score interval of a share (Wilson, 1927): covers ``level`` on average over shares.

    Raises:
        ValueError: not 0 ≤ successes ≤ n, or n is 0.
    """
    share = _share(successes, n)
    return Estimate(share, *score_interval(share, n, level), n)


def score_interval(share: float, draws: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's interval of a share of ``draws``, which may be no whole number."""
    z = float(special.ndtri((1 + level) / 2))
    middle = (share + z**2 / (2 * draws)) / (1 + z**2 / draws)
    reach = z / (1 + z**2 / draws) * float(np.sqrt(share * (1 - share) / draws + z**2 / (4 * draws**2)))
    # Exact at the ends, where the formula is off by a rounding error.
    return (0.0 if share == 0 else middle - reach), (1.0 if share == 1 else middle + reach)


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
