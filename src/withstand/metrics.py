"""Metrics: pure functions of predictions. One value an image, whose mean is the metric.

Per-image values are what everything later resamples and pairs, so a new metric in ``PER_IMAGE`` gains intervals,
comparisons and a place in the tables, also for runs made before it was written.

Some metrics are no mean of anything an image has by itself: calibration error and the area under the risk-coverage
curve are made of the whole set. Their value for an image is the metric plus what the image moves it by (its influence:
Hampel, 1974; the infinitesimal jackknife: Efron, 1982). The mean of these values is the metric exactly, and resampling
them gives its interval; for a part of the images they must be worked out anew (``OF_THE_SET``).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from withstand.store import Predictions

BINS = 15
"""Bins of the calibration errors, each of equally many images (Nguyen & O'Connor, 2015; Nixon et al., 2019)."""


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


def brier(predictions: Predictions) -> NDArray[np.float64]:
    """Squared distance of the probabilities from the truth, summed over classes (Brier, 1950): float64 N, 0 to 2."""
    missed = probabilities(predictions)
    missed[np.arange(len(missed)), predictions.labels] -= 1
    squared: NDArray[np.float64] = (missed**2).sum(axis=1)
    return squared


def calibration(predictions: Predictions, bins: int = BINS) -> NDArray[np.float64]:
    """Expected calibration error of the top class (Naeini et al., 2015) in bins of equal mass: float64 N.

    The mean is the ECE, 0 to 1: the gap between confidence and accuracy in a bin, averaged over bins. With few images
    a bin's gap is partly chance, which the absolute value adds up: the ECE of a well calibrated classifier is too high.
    """
    return calibration_of(probabilities(predictions).max(axis=1), correct(predictions), bins)


def calibration_of(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS
) -> NDArray[np.float64]:
    """The same from N confidences, 0 to 1, and whether each answer was right; they may be of several conditions."""
    return _gaps(np.asarray(confidence, np.float64)[:, None], right[:, None], bins)[:, 0]


def classwise_calibration(predictions: Predictions, bins: int = BINS) -> NDArray[np.float64]:
    """The same for the probability of every class, averaged over classes (Kull et al., 2019; Nixon et al., 2019)."""
    chances = probabilities(predictions)
    happened = predictions.labels[:, None] == np.arange(chances.shape[1])
    means: NDArray[np.float64] = _gaps(chances, happened, bins).mean(axis=1)
    return means


def risk_coverage(predictions: Predictions) -> NDArray[np.float64]:
    """Area under the risk-coverage curve (El-Yaniv & Wiener, 2010; Geifman et al., 2019): float64 N.

    Answer only the most confident images: how many of the answers are wrong, averaged over how many are answered.
    0 to 1, lower is better. Confidence is the highest probability; equal ones rank in the order of the rows.
    """
    chances = probabilities(predictions)
    n = len(chances)
    order = np.argsort(-chances.max(axis=1), kind="stable")
    wrong = ~correct(predictions)[order]
    answered = np.arange(1, n + 1)
    risk = np.cumsum(wrong) / answered
    # Influence: an image is part of the risk at its own coverage and at every larger one.
    later, later_risk = (np.cumsum(part[::-1])[::-1] for part in (1 / answered, risk / answered))
    values = np.empty(n)
    values[order] = risk + wrong * later - later_risk
    return values


def bin_starts(n: int, bins: int = BINS) -> NDArray[np.int64]:
    """Where the bins of equal mass begin among ``n`` answers in ascending order: int64, at most ``bins``."""
    return np.arange(min(bins, n)) * n // min(bins, n)


def probabilities(predictions: Predictions) -> NDArray[np.float64]:
    """Softmax of the logits: float64 N×K."""
    chances: NDArray[np.float64] = softmax(predictions.logits.astype(np.float64), axis=1)
    return chances


def top1(predictions: Predictions) -> float:
    """Share of the images whose highest logit is the true class, 0 to 1."""
    return float(correct(predictions).mean())


def top5(predictions: Predictions) -> float:
    """Share of the images whose true class is among the five highest logits, 0 to 1; 1 with five classes or fewer."""
    return float(correct(predictions, 5).mean())


def nll(predictions: Predictions) -> float:
    """Mean negative log likelihood in nats: the test loss of a classifier trained with cross entropy."""
    return float(losses(predictions).mean())


def _gaps(chances: NDArray[np.float64], happened: NDArray[np.bool_], bins: int) -> NDArray[np.float64]:
    """N×K: (chance − happened) with the sign of its bin's sum: the mean of a column is its calibration error."""
    n, k = chances.shape
    order = np.argsort(chances, axis=0, kind="stable")
    missed = np.take_along_axis(chances - happened, order, axis=0)
    starts = bin_starts(n, bins)
    signs = np.sign(np.add.reduceat(missed, starts, axis=0))
    values = np.empty((n, k))
    np.put_along_axis(values, order, missed * np.repeat(signs, np.diff([*starts, n]), axis=0), axis=0)
    return values


def _true_logits(predictions: Predictions) -> NDArray[np.float32]:
    return np.take_along_axis(predictions.logits, predictions.labels[:, None], axis=1)[:, 0]


PER_IMAGE: dict[str, Callable[[Predictions], NDArray[np.floating] | NDArray[np.bool_]]] = {
    "top1": correct,
    "top5": lambda predictions: correct(predictions, 5),
    "nll": losses,
    "brier": brier,
    "ece": calibration,
    "classwise_ece": classwise_calibration,
    "aurc": risk_coverage,
}
"""Name → one value an image. Tables and statistics read whatever is here."""

OF_THE_SET = frozenset({"ece", "classwise_ece", "aurc"})
"""Metrics whose value for an image depends on the other images: of fewer images, they are worked out anew."""

SHARES = frozenset({"top1", "top5"})
"""Metrics that count images: a single condition has Wilson's interval, and they are shown in percent."""

HIGHER_IS_BETTER = frozenset({"top1", "top5"})
"""All others: lower is better."""
