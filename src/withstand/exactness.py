"""Predictions as float32 would give them, from a faster engine: what is too near to call is computed again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_FIRST = 64  # images of the smallest margins, from which the error is measured first
_WIDER = 1.25  # than the largest error seen: of the many images outside, one may err more


def exact(
    logits: NDArray[np.float32], plain: Callable[[NDArray[np.int64]], NDArray[np.float32]]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Replace the logits of images whose two highest are nearer than the measured error allows.

    A prediction changes where another logit gains more on the highest than the margin between the two highest. The
    largest such gain is measured on every image that is computed again, beginning with the nearest calls, and the
    bound, a quarter wider, grows with it until no image within it is left. It is measured, not proven: an image outside
    may in principle be off by more.

    Args:
        logits: float32 N×K of the fast engine.
        plain: float32 logits of the given rows.

    Returns:
        The logits, float32 where they were computed again, and which rows those are, bool N.
    """
    best = logits.copy()
    done = np.zeros(len(logits), np.bool_)
    if logits.shape[1] < 2:
        return best, done
    margin = _margin(logits)
    rows = np.argsort(margin, kind="stable")[:_FIRST]
    gain = 0.0
    while len(rows):
        best[rows] = plain(rows)
        done[rows] = True
        gain = max(gain, _largest_gain(logits[rows], best[rows]))
        rows = np.flatnonzero(
            ~done & ~(margin > _WIDER * gain)
        )  # written so that a NaN is computed again, too
    return best, done


def near_calls(logits: NDArray[np.float32], plain: NDArray[np.float32]) -> float:
    """The share, 0 to 1, that ``exact`` would compute again of many images like these; float32 N×K both.

    From few images it comes out too small, since more of them hold larger errors.
    """
    if logits.shape[1] < 2:
        return 0.0
    return float((~(_margin(logits) > _WIDER * _largest_gain(logits, plain))).mean())


def _margin(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    two: NDArray[np.float32] = np.partition(logits, -2, axis=1)[:, -2:]
    return two[:, 1] - two[:, 0]


def _largest_gain(logits: NDArray[np.float32], plain: NDArray[np.float32]) -> float:
    """By how much any logit gains on the one that the fast engine has highest."""
    off = plain - logits
    return float((off - np.take_along_axis(off, logits.argmax(1)[:, None], 1)).max())
