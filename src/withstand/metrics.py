"""Metrics: pure functions of predictions. One value an image, whose mean is the metric.

Per-image values are what everything later resamples and pairs, so a new metric in ``PER_IMAGE`` gains intervals,
comparisons and a place in the tables, also for runs made before it was written.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from withstand.store import Predictions


def correct(predictions: Predictions, k: int = 1) -> NDArray[np.bool_]:
    """Whether the true class is among the ``k`` highest logits: bool N.

    Equal logits rank by class index, as in ``argmax``; a row that is not a number is never right.
    """
    truth = _true_logits(predictions)[:, None]
    # "not at most" rather than "greater": a NaN anywhere then counts against the row.
    above = (~(predictions.logits <= truth)).sum(axis=1)
    earlier = np.arange(predictions.logits.shape[1]) < predictions.labels[:, None]
    tied = ((predictions.logits == truth) & earlier).sum(axis=1)
    right: NDArray[np.bool_] = above + tied < k
    return right


def losses(predictions: Predictions) -> NDArray[np.float64]:
    """The negative log likelihood of the true class in nats (cross entropy of the softmax): float64 N, ≥ 0."""
    total = logsumexp(predictions.logits.astype(np.float64), axis=1)
    return np.asarray(total - _true_logits(predictions), dtype=np.float64)


def top1(predictions: Predictions) -> float:
    """Share of the images whose highest logit is the true class, 0 to 1."""
    return float(correct(predictions).mean())


def top5(predictions: Predictions) -> float:
    """Share of the images whose true class is among the five highest logits, 0 to 1; 1 with five classes or fewer."""
    return float(correct(predictions, 5).mean())


def nll(predictions: Predictions) -> float:
    """Mean negative log likelihood in nats: the test loss of a classifier trained with cross entropy."""
    return float(losses(predictions).mean())


def _true_logits(predictions: Predictions) -> NDArray[np.float32]:
    return np.take_along_axis(predictions.logits, predictions.labels[:, None], axis=1)[:, 0]


PER_IMAGE: dict[str, Callable[[Predictions], NDArray[np.floating] | NDArray[np.bool_]]] = {
    "top1": correct,
    "top5": lambda predictions: correct(predictions, 5),
    "nll": losses,
}
"""Name → one value an image. Tables and statistics read whatever is here."""
