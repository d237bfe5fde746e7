"""Whether confidence separates right from wrong predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from withstand.results.metrics.answers import confidence, correct
from withstand.results.store import Predictions


def risk_coverage(predictions: Predictions) -> NDArray[np.float64]:
    """Area under the risk-coverage curve (El-Yaniv & Wiener, 2010; Geifman et al., 2019): float64 N.

    Answer only the most confident images: how many of the answers are wrong, averaged over how many are answered.
    0 to 1, lower is better. Confidence is the highest probability. Equal ones share a rank: what counts is the
    average over all the orders that they could stand in, so the order of the rows does not matter.
    """
    sure = confidence(predictions)
    order = np.argsort(-sure)  # of equals, which share a rank, in any order
    starts = np.flatnonzero(np.diff(-sure[order], prepend=-np.inf) != 0)
    sizes = np.diff(starts, append=len(order))

    def shared(values: NDArray[np.floating] | NDArray[np.bool_]) -> NDArray[np.float64]:
        if len(starts) == len(order):  # no two are equal
            return values.astype(np.float64)
        return np.repeat(np.add.reduceat(values.astype(np.float64), starts) / sizes, sizes)

    wrong, answered = ~correct(predictions)[order], np.arange(1, len(order) + 1)
    risk = np.cumsum(shared(wrong)) / answered
    # Influence: an image is part of the risk at its own coverage and at every larger one.
    later, later_risk = (np.cumsum(part[::-1])[::-1] for part in (1 / answered, risk / answered))
    values = np.empty(len(order))
    values[order] = shared(risk) + wrong * shared(later) - shared(later_risk)
    return values


COVERAGE = 0.8
"""The share of the images that selective accuracy answers, the most confident ones."""


def selective(predictions: Predictions, coverage: float = COVERAGE) -> NDArray[np.float64]:
    """Accuracy on the most confident share of the images (El-Yaniv & Wiener, 2010): float64 N; their mean is it.

    An image that is answered moves it by whether it is right more often than those at the threshold are: where it
    joins, one of these goes. Equally confident images at the threshold are each answered in part.
    """
    sure, right = confidence(predictions), correct(predictions).astype(np.float64)
    n, kept = len(sure), coverage * len(sure)
    ranked = np.sort(sure)
    threshold = ranked[n - min(int(np.ceil(kept)), n)]
    above, at = sure > threshold, sure == threshold
    answered = above + at * ((kept - above.sum()) / at.sum())
    near = ranked[np.abs(_ranks(ranked) - (n - kept)) <= max(5, n**0.6 / 2)]
    beside = (sure >= near[0]) & (sure <= near[-1]) if len(near) else at
    there = right[beside | at].mean()
    values: NDArray[np.float64] = there + answered / coverage * (right - there)
    return values


def _ranks(ordered: NDArray[np.floating]) -> NDArray[np.float64]:
    """From 0, the least; equal ones share the middle of theirs."""
    if (ordered[1:] > ordered[:-1]).all():
        return np.arange(len(ordered), dtype=np.float64)
    first, last = (np.searchsorted(ordered, ordered, side) for side in ("left", "right"))
    return np.asarray((first + last - 1) / 2)
