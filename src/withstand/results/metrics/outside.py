"""How well a score of the logits tells images of the classes from images from outside.

Scores are higher for what a classifier knows. The area under the ROC curve is the chance that an image of the classes
scores higher than one from outside (ties count half); FPR95 is the share of the images from outside that are taken for
known where 95% of those of the classes are. As AUROC and FPR at 95% TPR in the literature on out-of-distribution
detection, with images of the classes as positives.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy
from numpy.typing import NDArray

from withstand.results.metrics.answers import not_numbers
from withstand.results.store import Predictions
from withstand.statistics import LEVEL, Estimate
from withstand.statistics.shares import score_interval

TAKEN = 0.95
"""The share of the images of the classes that a threshold takes for known."""

Floats = NDArray[np.float64]


def max_logit(predictions: Predictions) -> Floats:
    """The highest logit (Hendrycks et al., 2022): float64 N; −∞ for an answer that is not a number."""
    return _known(predictions, predictions.logits.max(axis=1).astype(np.float64))


def energy(predictions: Predictions) -> Floats:
    """The log of the sum of the exponentials of the logits, minus the energy (Liu et al., 2020): float64 N."""
    return _known(predictions, scipy.special.logsumexp(predictions.logits.astype(np.float64), axis=1))


SCORES: dict[str, Callable[[Predictions], Floats]] = {"max logit": max_logit, "energy": energy}


def _known(predictions: Predictions, score: Floats) -> Floats:
    return np.where(not_numbers(predictions), -np.inf, score)


def auroc(inside: Floats, outside: Floats) -> Estimate:
    """The area under the ROC curve, 0.5 for a score that tells nothing; ``n`` counts the images of both kinds.

    Its variance is DeLong's (1988), each kind of image drawn by itself; the interval is Wilson's of a share that many
    draws would know as well.
    """
    n, m = len(inside), len(outside)
    known, unknown = _placed(inside, outside)
    variance = known.var() / n + unknown.var() / m
    return _share(float(known.mean()), float(variance), min(n, m), n + m)


def auroc_ahead(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> Estimate:
    """By how much the area of the first is above that of the second, both of the same images, in the same order.

    Args:
        first, second: scores of the images of the classes, and of those from outside.
    """
    known, unknown = (one - other for one, other in zip(_placed(*first), _placed(*second), strict=True))
    reach = scipy.special.ndtri((1 + LEVEL) / 2) * float(
        np.sqrt(known.var() / len(known) + unknown.var() / len(unknown))
    )
    value = float(known.mean())
    return Estimate(value, value - reach, value + reach, len(known) + len(unknown))


def _placed(inside: Floats, outside: Floats) -> tuple[Floats, Floats]:
    """The share of the images from outside that each of the others is above, and of the others above each of them."""
    n, m = len(inside), len(outside)
    return _below(inside, outside) / m, 1 - _below(outside, inside) / n


def _below(values: Floats, others: Floats) -> Floats:
    """How many of the others are below each value, equal ones counted half."""
    ordered = np.sort(others)
    ends = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return np.asarray(sum(ends) / 2)


def fpr(inside: Floats, outside: Floats, taken: float = TAKEN) -> Estimate:
    """The share of the images from outside at or above the score that the share ``taken`` of the others reach.

    Both the images from outside and the threshold vary with the images drawn: the threshold moves the share by the
    slope of the ROC curve there, which is read off a stretch of it.
    """
    n, m = len(inside), len(outside)
    ordered, others = np.sort(inside), np.sort(outside)

    def at(share: float) -> float:
        threshold = ordered[n - int(np.ceil(min(max(share * n, 1), n) - 1e-9))]
        return float((m - np.searchsorted(others, threshold)) / m)

    value, off = at(taken), float(np.sqrt(taken * (1 - taken) / n))
    stretch = min(2 * off, 1 - taken)
    slope = (at(taken + stretch) - at(taken - stretch)) / (2 * stretch)
    variance = value * (1 - value) / m + (slope * off) ** 2
    return _share(value, variance, m, n + m)


def _share(value: float, variance: float, least: int, n: int) -> Estimate:
    """With the interval of a share of as many draws as would vary so; of ``least`` where nothing was seen to vary."""
    draws = value * (1 - value) / variance if variance > 0 and 0 < value < 1 else least
    low, high = score_interval(value, draws)
    return Estimate(value, low, high, n)
