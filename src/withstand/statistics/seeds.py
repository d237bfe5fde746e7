"""Several trainings of one model: the seed as a second source of variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from withstand.statistics.estimate import LEVEL, Estimate


def over_seeds(
    a: NDArray[np.floating], b: NDArray[np.floating] | None = None, *, level: float = LEVEL
) -> Estimate:
    """The mean over seeds and images of ``a``, or of ``a`` minus ``b``: what *another* training on other images gives.

    Seeds and images are crossed: all trainings see the same images. The variance of the mean is that of the seeds'
    means over S, plus that of the images' means over N, less the rest, which both have counted; with so few seeds
    the quantile must be Student's, with degrees of freedom by Satterthwaite (1946). Resampling three seeds cannot do that:
    it is far too narrow (Owen, 2007, on the bootstrap of crossed effects).

    Args:
        a: S×N, a row a training of the one model, a column a source image.
        b: S'×N, trainings of the other, on the same images.

    Raises:
        ValueError: fewer than two seeds of a model, or other images.
    """
    sides = [np.asarray(side, dtype=np.float64) for side in ((a,) if b is None else (a, b))]
    n = sides[0].shape[1]
    if any(len(side) < 2 for side in sides):
        raise ValueError("one seed says nothing of how much seeds matter: two or more are needed")
    if any(side.shape[1] != n for side in sides):
        raise ValueError(f"not paired: {sides[0].shape[1]} and {sides[-1].shape[1]} images")
    per_image = sides[0].mean(axis=0) - (sides[1].mean(axis=0) if len(sides) > 1 else 0)
    parts = [(float(per_image.var(ddof=1)) / n, n - 1)]  # (variance, degrees of freedom)
    for side in sides:
        s = len(side)
        rest = side - side.mean(axis=0) - side.mean(axis=1, keepdims=True) + side.mean()
        counted_twice = float((rest**2).sum()) / ((s - 1) * (n - 1)) / (s * n)
        between = float(side.mean(axis=1).var(ddof=1)) / s
        parts.append((max(0.0, between - counted_twice), s - 1))
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / df for part, df in parts) if variance > 0 else 1.0
    reach = float(stats.t.ppf((1 + level) / 2, freedom)) * variance**0.5
    value = float(per_image.mean())
    return Estimate(value, value - reach, value + reach, n)
