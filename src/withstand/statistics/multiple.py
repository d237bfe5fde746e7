"""Several questions asked of the same data: simultaneous intervals, and Holm's correction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from withstand.statistics.estimate import LEVEL

DRAWS = 20_000


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


def simultaneous_level(values: NDArray[np.float64], level: float = LEVEL, seed: int = 0) -> float:
    """The level that each of K intervals must have for *all* of them to be right together with ``level``.

    The largest standardised deviation over the K means is what is drawn (max-T; Romano & Wolf, 2005), from the normal
    distribution with the correlations of the values, so comparisons that move together cost less than Bonferroni would
    charge. Never more than Bonferroni's either.

    Args:
        values: N×K, a row for each source image, a column for each comparison.
        seed: of the draws, ``DRAWS`` many.
    """
    n, k = values.shape
    if k < 2 or n < 3:
        return 1 - (1 - level) / max(k, 1)
    values = np.where(np.isfinite(values).all(axis=0), values, 0)  # an infinite mean needs no room
    spread = values.std(axis=0)
    moving = values[:, spread > 0] / spread[spread > 0]
    if not moving.shape[1]:
        return 1 - (1 - level) / k
    alike = np.corrcoef(moving, rowvar=False).reshape(moving.shape[1], -1)
    roots, axes = np.linalg.eigh(alike)
    draw = np.random.default_rng(seed)
    normal = draw.standard_normal((DRAWS, len(roots))) @ (axes * np.sqrt(np.maximum(roots, 0))).T
    scale = np.sqrt(draw.chisquare(n - 1, DRAWS) / (n - 1))
    largest = float(np.quantile(np.abs(normal).max(axis=1) / scale, level))
    each = float(1 - 2 * special.stdtr(n - 1, -largest))
    return float(np.clip(each, level, 1 - (1 - level) / k))
