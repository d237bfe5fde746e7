"""Whether confidence separates right from wrong predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from withstand.results.metrics.answers import correct, probabilities
from withstand.results.store import Predictions


def risk_coverage(predictions: Predictions) -> NDArray[np.float64]:
    """Area under the risk-coverage curve (El-Yaniv & Wiener, 2010; Geifman et al., 2019): float64 N.

    Answer only the most confident images: how many of the answers are wrong, averaged over how many are answered.
    0 to 1, lower is better. Confidence is the highest probability. Equal ones share a rank: what counts is the
    average over all the orders that they could stand in, so the order of the rows does not matter.
    """
    confidence = probabilities(predictions).max(axis=1)
    order = np.argsort(-confidence)  # of equals, which share a rank, in any order
    starts = np.flatnonzero(np.diff(-confidence[order], prepend=-np.inf) != 0)
    sizes = np.diff([*starts, len(order)])

    def shared(values: NDArray[np.floating] | NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.repeat(np.add.reduceat(values.astype(np.float64), starts) / sizes, sizes)

    wrong, answered = ~correct(predictions)[order], np.arange(1, len(order) + 1)
    risk = np.cumsum(shared(wrong)) / answered
    # Influence: an image is part of the risk at its own coverage and at every larger one.
    later, later_risk = (np.cumsum(part[::-1])[::-1] for part in (1 / answered, risk / answered))
    values = np.empty(len(order))
    values[order] = shared(risk) + wrong * shared(later) - shared(later_risk)
    return values
