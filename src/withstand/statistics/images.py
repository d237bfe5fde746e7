"""Means over conditions from one value for each source image, whether all was seen or a part.

All the conditions of an evaluation show the same images, so what an image has under all of them is one draw.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from withstand.statistics.bounded import Bounds, Values, mean_interval
from withstand.statistics.estimate import LEVEL, Estimate


def condition_values(values: Values) -> NDArray[np.float64]:
    """N×C values without gaps, each column with the mean that the images seen under its condition have.

    Where every image was seen under every condition, these are the values themselves. Where a condition was shown a
    part of the images only, an image's value is the condition's mean plus what the image moves it by (its influence),
    and the mean alone for an image that was not seen. What is done with rows then carries both the choice of images
    for each condition and what an image has in common under all of them.

    Args:
        values: N×C, NaN where an image was not seen under a condition.

    Raises:
        ValueError: a condition has no image at all.
    """
    given: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    seen = ~np.isnan(given)
    if seen.all():
        return given
    count = seen.sum(axis=0)
    if not count.all():
        raise ValueError("a condition was shown no image")
    means = np.where(seen, given, 0).sum(axis=0) / count
    with np.errstate(invalid="ignore"):  # an infinite mean, as losses may have, is not moved
        moved = len(given) * np.where(seen & np.isfinite(means), given - means, 0) / count
    answer: NDArray[np.float64] = means + moved
    return answer


def image_values(values: Values) -> NDArray[np.float64]:
    """float64 N, one value for each source image, whose mean is the mean over conditions of each condition's mean."""
    means: NDArray[np.float64] = condition_values(values).mean(axis=1)
    return means


def seen(values: Values) -> NDArray[np.bool_]:
    """Which of the N images were seen under any condition."""
    missing = np.isnan(values)
    return np.asarray(~missing.all(axis=1)) if missing.any() else np.ones(len(missing), np.bool_)


def mean_over_conditions(values: Values, bounds: Bounds = (0, 1), level: float = LEVEL) -> Estimate:
    """The mean over conditions of each condition's mean, with the interval that other source images would vary in.

    Args:
        values: N×C, one value for each source image (row) under each condition (column); NaN where it was not seen.
        bounds: of the values.

    Returns:
        The estimate; its ``n`` is the images that were seen.
    """
    there = seen(values)
    return mean_interval(image_values(values if there.all() else values[there]), bounds, level)


def minus(one: Values, other: Values) -> NDArray[np.float64]:
    """``one`` less ``other``: 0 where they are equal, also where both are infinite; NaN where either was not seen."""
    with np.errstate(invalid="ignore"):
        return np.where(one == other, 0.0, np.asarray(one, np.float64) - other)


def paired_difference(a: Values, b: Values, reach: float | None = 1, level: float = LEVEL) -> Estimate:
    """Mean over conditions of ``a`` minus that of ``b``: N×C each, the same image in the same row of both.

    Args:
        reach: how far two values can be apart; None for no bound.

    Raises:
        ValueError: the shapes differ.
    """
    if np.shape(a) != np.shape(b):
        raise ValueError(f"not paired: {np.shape(a)} and {np.shape(b)}")
    bounds: Bounds = (None, None) if reach is None else (-reach, reach)
    return mean_over_conditions(minus(np.asarray(a), np.asarray(b)), bounds, level)
