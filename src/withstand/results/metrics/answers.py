"""Metrics of single predictions: right or wrong, the probability, the loss."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from withstand.results.store import Predictions


def not_numbers(predictions: Predictions) -> NDArray[np.bool_]:
    """Rows that give no probabilities: a NaN, +∞, or −∞ throughout; bool N.

    Such an answer is wrong in every metric, and counts as fully confident.
    """
    logits = predictions.logits
    bad: NDArray[np.bool_] = ~(logits < np.inf).all(axis=1) | (logits == -np.inf).all(axis=1)
    return bad


def correct(predictions: Predictions, k: int = 1) -> NDArray[np.bool_]:
    """Whether the true class is among the ``k`` highest logits: bool N.

    Equal logits rank by class index, as in ``argmax``; a row that is not a number is never right.
    """
    truth = _true_logits(predictions)[:, None]
    above = (predictions.logits > truth).sum(axis=1)
    earlier = np.arange(predictions.logits.shape[1]) < predictions.labels[:, None]
    tied = ((predictions.logits == truth) & earlier).sum(axis=1)
    right: NDArray[np.bool_] = (above + tied < k) & ~not_numbers(predictions)
    return right


def chosen(predictions: Predictions) -> NDArray[np.int64]:
    """The class with the highest logit, the first of equals; −1 where a row is not a number: int64 N."""
    return np.where(not_numbers(predictions), -1, predictions.logits.argmax(axis=1))


def losses(predictions: Predictions) -> NDArray[np.float64]:
    """The negative log likelihood of the true class in nats (cross entropy of the softmax): float64 N, ≥ 0.

    Infinite where the true class was given no probability, or the row is not a number.
    """
    bad = not_numbers(predictions)
    logits = np.where(bad[:, None], 0.0, predictions.logits.astype(np.float64))
    truth = np.take_along_axis(logits, predictions.labels[:, None], axis=1)[:, 0]
    most = logits.max(axis=1)
    whole = most + np.log(np.exp(logits - most[:, None]).sum(axis=1))
    return np.where(bad, np.inf, whole - truth)


def probabilities(predictions: Predictions) -> NDArray[np.float64]:
    """Softmax of the logits: float64 N×K; a row that is not a number is sure of a wrong class."""
    if predictions not in _chances:
        _chances[predictions] = _softmax(predictions)
    return _chances[predictions].copy()


_chances: WeakKeyDictionary[Predictions, NDArray[np.float64]] = WeakKeyDictionary()
"""Of predictions that are in memory: several metrics ask for them."""


def _softmax(predictions: Predictions) -> NDArray[np.float64]:
    bad = np.flatnonzero(not_numbers(predictions))
    logits = predictions.logits.astype(np.float64)
    logits[bad] = -np.inf
    if logits.shape[1] > 1:
        logits[bad, (predictions.labels[bad] + 1) % logits.shape[1]] = 0
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        return logits
    return np.where(np.isfinite(logits), 1.0, 0.0)


def brier(predictions: Predictions) -> NDArray[np.float64]:
    """Squared distance of the probabilities from the truth, summed over classes (Brier, 1950): float64 N, 0 to 2."""
    missed = probabilities(predictions)
    missed[np.arange(len(missed)), predictions.labels] -= 1
    squared: NDArray[np.float64] = (missed**2).sum(axis=1)
    return squared


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
