"""Means over different images, which vary each for itself: an old collection and a new one, clean and natural shift."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from withstand.statistics.bounded import mean_interval
from withstand.statistics.estimate import LEVEL, Estimate


def difference(one: Estimate, other: Estimate) -> Estimate:
    """``one`` minus ``other``, where no image is in both; each with the interval of its own mean.

    The ends are those that the two intervals leave when reaches add as squares (MOVER: Zou & Donner, 2008), so they
    lie as skewed as the two do. ``n`` is the images of both.
    """
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    value = one.value - other.value
    return Estimate(value, value - below, value + above, one.n + other.n)


def function_of_separate_means(
    blocks: Sequence[NDArray[np.float64]],
    function: Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]],
    bounds: tuple[float, float],
    level: float = LEVEL,
) -> Estimate:
    """What a smooth ``function`` makes of the means of several blocks of images, which have no image in common.

    Args:
        blocks: N×K each, a row for each image of the block.
        function: takes the means of all blocks' columns, ΣK in the order of the blocks, to one number and its ΣK
            derivatives.
        bounds: of the answer; the interval does not leave them.
    """
    means = np.concatenate([block.mean(axis=0) for block in blocks])
    value, slopes = function(means)
    below = above = 0.0
    for block, own in zip(
        blocks, np.split(slopes, np.cumsum([b.shape[1] for b in blocks])[:-1]), strict=True
    ):
        moved = mean_interval((block - block.mean(axis=0)) @ own, (None, None), level)
        below, above = math.hypot(below, moved.low), math.hypot(above, moved.high)
    return Estimate(value, value - below, value + above, sum(map(len, blocks))).within(*bounds)
