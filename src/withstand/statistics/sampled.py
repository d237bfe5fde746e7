"""Per-image values of what was seen in part only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def condition_values(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """N×C values without gaps, each column with the mean that the images seen under its condition have.

    Where every image was seen under every condition, these are the values themselves. Where a condition was shown a
    part of the images only, an image's value is the condition's mean plus what the image moves it by (its influence),
    and the mean alone for an image that was not seen. Resampling rows then carries both the choice of images for each
    condition and what an image has in common under all of them.

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
    moved = len(given) * np.where(seen, given - means, 0) / count
    answer: NDArray[np.float64] = means + moved
    return answer


def image_values(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """float64 N, one value for each source image, whose mean is the mean over conditions of each condition's mean."""
    means: NDArray[np.float64] = condition_values(values).mean(axis=1)
    return means
