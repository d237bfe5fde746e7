"""Several trainings of one model: the seed as a second source of variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from withstand.statistics.estimate import LEVEL, Estimate


def over_seeds(
    a: NDArray[np.floating], b: NDArray[np.floating] | None = None, *, level: float = LEVEL
) -> Estimate:
    """The mean over seeds and images of ``a``, or of ``a`` minus ``b``: what *another* training on other images gives.

    Seeds and images are crossed: all trainings see the same images. The variance of the mean is that of the seeds'
    means over S plus that of the images' means over N. Each part has a Student quantile of its own, since three seeds
    know little of how seeds vary, and the reaches add as squares (MOVER: Zou & Donner, 2008, Statistics in Medicine
    27). Resampling three seeds would be far too narrow (Owen, 2007, on the bootstrap of crossed effects).

    Args:
        a: S×N, a row for each training of the one model, a column for each source image.
        b: S'×N, trainings of the other, on the same images.

    Raises:
        ValueError: fewer than two seeds of a model, or other images.
    """
    sides = [np.asarray(side, dtype=np.float64) for side in ((a,) if b is None else (a, b))]
    n = sides[0].shape[1]
    if any(len(side) < 2 for side in sides):
        raise ValueError("one seed does not show how much seeds vary: two or more are needed")
    if any(side.shape[1] != n for side in sides):
        raise ValueError(f"not paired: {sides[0].shape[1]} and {sides[-1].shape[1]} images")
    if n < 2:  # one image does not show how much images vary
        means = [float(side.mean()) for side in sides]
        return Estimate(means[0] - sum(means[1:]), -np.inf, np.inf, n)
    per_image = sides[0].mean(axis=0) - (sides[1].mean(axis=0) if len(sides) > 1 else 0)
    images, seeds = float(per_image.var(ddof=1)) / n, []
    for side in sides:
        s = len(side)
        rest = side - side.mean(axis=0) - side.mean(axis=1, keepdims=True) + side.mean()
        # What is neither the image's nor the seed's is in the variance of both means: count it once.
        images -= float((rest**2).sum()) / ((s - 1) * (n - 1)) / (s * n)
        seeds.append((float(side.mean(axis=1).var(ddof=1)) / s, s - 1))
    parts = [(max(0.0, images), n - 1), *seeds]
    reach = sum(float(special.stdtrit(df, (1 + level) / 2)) ** 2 * part for part, df in parts) ** 0.5
    value = float(per_image.mean())
    return Estimate(value, value - reach, value + reach, n)


def seeds_p(a: NDArray[np.floating], b: NDArray[np.floating] | None = None) -> float:
    """Two-sided p-value of "the mean is 0": the level at which the interval of ``over_seeds`` begins to exclude it."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        touches = not over_seeds(a, b, level=1 - middle).excludes_zero
        low, high = (middle, high) if touches else (low, middle)
    return high
