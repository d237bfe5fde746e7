"""Predictions as float32 would give them, from a faster engine: borderline images are recomputed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

_FIRST = 64  # images of the smallest margins, from which the error is measured first
_WIDER = 1.25  # than the largest error seen: of the many images outside, one may err more
_TOP = 5

Logits = NDArray[np.float32]


def recompute_borderline(
    logits: Logits, plain: Callable[[NDArray[np.int64]], Logits]
) -> tuple[Logits, NDArray[np.bool_]]:
    """Recompute the images whose top-1 or set of five highest classes the measured error could change.

    A class leaves the highest, or the five highest, where one outside gains more on it than the margin between the
    two. The largest such gain is measured for either on every image that is recomputed, beginning with the smallest
    margins, and the bounds, a quarter wider, grow with it until no image within them is left. They are measured, not
    proven: an image outside may in principle be off by more. Top-1 and top-5 are protected; metrics of probabilities
    (NLL, Brier score, calibration) stay those of the faster arithmetic.

    Args:
        logits: float32 N×K of the fast engine.
        plain: float32 logits of the given rows.

    Returns:
        The logits, float32 where they were recomputed, and which rows those are, bool N.
    """
    best = logits.copy()
    done = np.zeros(len(logits), np.bool_)
    if logits.shape[1] < 2:
        return best, done
    margins = [_margin(logits, held) for held in _guarded(logits)]
    firsts = [np.argsort(margin, kind="stable")[:_FIRST] for margin in margins]
    rows = np.unique(np.concatenate(firsts))
    gains = [0.0] * len(margins)
    while len(rows):
        best[rows] = plain(rows)
        done[rows] = True
        found = [_largest_gain(logits[rows], best[rows], held) for held in _guarded(logits)]
        gains = [max(one, other) for one, other in zip(gains, found, strict=True)]
        rows = np.flatnonzero(~done & _near(margins, gains))
    return best, done


def near_calls(logits: Logits, plain: Logits) -> float:
    """The share, 0 to 1, that ``exact`` would recompute of many images like these; float32 N×K both.

    From few images it comes out too small, since more of them hold larger errors.
    """
    if logits.shape[1] < 2:
        return 0.0
    margins = [_margin(logits, held) for held in _guarded(logits)]
    gains = [_largest_gain(logits, plain, held) for held in _guarded(logits)]
    return float(_near(margins, gains).mean())


def _guarded(logits: Logits) -> tuple[int, ...]:
    """How many of the highest classes must stay the same: one, and five where there are more."""
    return (1, _TOP) if logits.shape[1] > _TOP else (1,)


def _near(margins: Sequence[Logits], gains: Sequence[float]) -> NDArray[np.bool_]:
    """Whether an error could change what is guarded; written so that a NaN is recomputed, too."""
    far = [margin > _WIDER * gain for margin, gain in zip(margins, gains, strict=True)]
    return np.asarray(~np.all(far, axis=0))


def _margin(logits: Logits, held: int) -> Logits:
    """By how much the lowest of the ``held`` highest logits is above the next."""
    highest = -np.partition(-logits, (held - 1, held), axis=1)
    margin: Logits = highest[:, held - 1] - highest[:, held]
    return margin


def _largest_gain(logits: Logits, plain: Logits, held: int) -> float:
    """By how much any logit outside gains on one that the fast engine has among the ``held`` highest."""
    # A row that was no number says nothing of the size of errors; it is recomputed in any case.
    errors = np.nan_to_num(plain - logits, nan=0.0)
    off = np.take_along_axis(errors, np.argpartition(-logits, held - 1, axis=1), axis=1)
    return float((off[:, held:].max(axis=1) - off[:, :held].min(axis=1)).max())
