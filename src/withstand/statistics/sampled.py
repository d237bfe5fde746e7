"""Per-image values of what was seen in part only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def image_values(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """One value for each source image, whose mean is the mean over conditions of each condition's mean.

    Where every image was seen under every condition, that is the image's own mean. Where a condition was shown a part
    of the images only, an image's value is the mean plus what the image moves it by (its influence), so that
    resampling these values carries both the choice of images for each condition and what an image has in common
    under all of them.

    Args:
        values: N×C, NaN where an image was not seen under a condition.

    Returns:
        float64 N.

    Raises:
        ValueError: a condition has no image at all.
    """
    values = np.asarray(values, dtype=np.float64)
    seen = ~np.isnan(values)
    if seen.all():
        whole: NDArray[np.float64] = values.mean(axis=1)
        return whole
    count = seen.sum(axis=0)
    if not count.all():
        raise ValueError("a condition was shown no image")
    means = np.where(seen, values, 0).sum(axis=0) / count
    moved = np.where(seen, values - means, 0) / count
    answer: NDArray[np.float64] = means.mean() + len(values) * moved.mean(axis=1)
    return answer
