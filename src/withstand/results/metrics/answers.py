"""Metrics of single predictions: right or wrong, the probability, the loss."""

from __future__ import annotations

from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from withstand.results.store import Predictions


class _Worked:
    """What several metrics ask of the same predictions, worked out once; its arrays are not to be changed."""

    def __init__(self, predictions: Predictions) -> None:
        self._logits, self._labels = predictions.logits, predictions.labels

    @cached_property
    def bad(self) -> NDArray[np.bool_]:
        """``not_numbers``."""
        logits = self._logits
        if logits.size and np.isfinite(logits.min()) and np.isfinite(logits.max()):
            return np.zeros(len(logits), np.bool_)
        bad: NDArray[np.bool_] = ~(logits < np.inf).all(axis=1) | (logits == -np.inf).all(axis=1)
        return bad

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """Int64 N: how many classes stand before the true one; of equal logits, the earlier class does."""
        found = np.empty(len(self._labels), np.int64)
        step = max(1, _BLOCK // self._logits.shape[1])
        for start in range(0, len(found), step):
            rows = slice(start, start + step)
            logits, labels = np.ascontiguousarray(self._logits[rows].T), self._labels[rows]
            truth = logits[labels, np.arange(len(labels))]
            earlier = (logits == truth) & (np.arange(len(logits))[:, None] < labels)
            found[rows] = ((logits > truth) | earlier).sum(axis=0)
        return found

    @cached_property
    def softmax(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Float64 N×K, N, N: the probabilities, and by what they were made: highest logit, sum of exponentials less it.

        A row that is not a number is sure of a wrong class.
        """
        logits, labels = self._logits.astype(np.float64), self._labels
        if (bad := np.flatnonzero(self.bad)).size:
            logits[bad] = -np.inf
            logits[bad, (labels[bad] + 1) % logits.shape[1]] = 0
        most = _highest(logits)
        logits -= most[:, None]
        np.exp(logits, out=logits)
        sums = logits.sum(axis=1)
        logits /= sums[:, None]
        if logits.shape[1] == 1:
            logits[bad] = 0
        return logits, most, sums

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        return _highest(self.softmax[0])


NO_NUMBER = 2**16 - 1
"""What is answered by a row that is not a number: no class."""

_BLOCK = 1 << 18  # logits that are turned at once
_FEW = 64  # classes; of so many, each at a time is sooner than all of an image's
_worked: WeakKeyDictionary[Predictions, _Worked] = WeakKeyDictionary()
"""Of predictions that are in memory."""


def _of(predictions: Predictions) -> _Worked:
    found = _worked.get(predictions)
    if found is None:
        found = _worked[predictions] = _Worked(predictions)
    return found


def _highest(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Float64 N, of N×K."""
    few = values.shape[1] < _FEW
    found: NDArray[np.float64] = np.ascontiguousarray(values.T).max(axis=0) if few else values.max(axis=1)
    return found


def not_numbers(predictions: Predictions) -> NDArray[np.bool_]:
    """Rows that give no probabilities: a NaN, +∞, or −∞ throughout; bool N.

    Such an answer is wrong in every metric, and counts as fully confident.
    """
    return _of(predictions).bad.copy()


def correct(predictions: Predictions, k: int = 1) -> NDArray[np.bool_]:
    """Whether the true class is among the ``k`` highest logits: bool N.

    Equal logits rank by class index, as in ``argmax``; a row that is not a number is never right.
    """
    worked = _of(predictions)
    return (worked.place < k) & ~worked.bad


def chosen(predictions: Predictions) -> NDArray[np.int64]:
    """The class with the highest logit, the first of equals; −1 where a row is not a number: int64 N."""
    return np.where(not_numbers(predictions), -1, predictions.logits.argmax(axis=1))


def answered(predictions: Predictions) -> NDArray[np.int64]:
    """The same in whole numbers that two bytes hold: ``NO_NUMBER`` where a row is not a number; int64 N."""
    return np.where(not_numbers(predictions), NO_NUMBER, predictions.logits.argmax(axis=1))


def confidence(predictions: Predictions) -> NDArray[np.float64]:
    """The highest probability, 0 to 1; 1 where a row is not a number: float64 N."""
    return _of(predictions).confidence.copy()


def losses(predictions: Predictions) -> NDArray[np.float64]:
    """The negative log likelihood of the true class in nats (cross entropy of the softmax): float64 N, ≥ 0.

    Infinite where the true class was given no probability, or the row is not a number.
    """
    worked = _of(predictions)
    _, most, sums = worked.softmax
    truth = _true_logits(predictions).astype(np.float64)
    with np.errstate(invalid="ignore"):  # of a row that is not a number
        return np.where(worked.bad, np.inf, most + np.log(sums) - truth)


def probabilities(predictions: Predictions) -> NDArray[np.float64]:
    """Softmax of the logits: float64 N×K; a row that is not a number is sure of a wrong class."""
    return _of(predictions).softmax[0].copy()


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
    return predictions.logits[np.arange(len(predictions)), predictions.labels]
