"""Whether confidence matches accuracy: calibration errors in bins of equal mass, less what chance adds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import erf

from withstand.results.metrics.answers import correct, probabilities
from withstand.results.store import Predictions

BINS = 15
"""Bins of equally many images (Nguyen & O'Connor, 2015; Nixon et al., 2019)."""

_FEWEST = 10  # answers in a bin
_Z = 1.96
Floats = NDArray[np.float64]


def calibration(predictions: Predictions, bins: int = BINS, debias: bool = True) -> Floats:
    """Expected calibration error of the top class (Naeini et al., 2015) in bins of equal mass: float64 N.

    The mean is the ECE, 0 to 1: the gap between confidence and accuracy in a bin, averaged over bins. A bin's gap is
    partly chance, which the absolute value adds up; what chance adds is taken off, unless ``debias`` is False
    (Kumar et al., 2019, do so by simulation). Bins have at least ten images: a small set has fewer bins.
    """
    sure = probabilities(predictions).max(axis=1)
    return calibration_of(sure[:, None], correct(predictions)[:, None], bins, debias)[:, 0]


def calibration_of(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS, debias: bool = True
) -> Floats:
    """The same of all the answers to N images together: N×C confidences, 0 to 1, and whether each was right: N×C."""
    images = np.repeat(np.arange(len(confidence)), confidence.shape[1])
    sure = np.asarray(confidence, np.float64).reshape(-1, 1)
    return _errors(sure, right.reshape(-1, 1), images, bins, debias)[:, 0].reshape(confidence.shape)


def classwise_calibration(predictions: Predictions, bins: int = BINS, debias: bool = True) -> Floats:
    """The same for the probability of every class, averaged over classes (Kull et al., 2019; Nixon et al., 2019)."""
    chances = probabilities(predictions)
    happened = predictions.labels[:, None] == np.arange(chances.shape[1])
    means: Floats = _errors(chances, happened, np.arange(len(chances)), bins, debias).mean(axis=1)
    return means


def enough(answers: int, bins: int = BINS) -> int:
    """How many bins so many answers fill: each has ten at least."""
    return max(1, min(bins, answers // _FEWEST))


def bin_of(chances: NDArray[np.floating], bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each value of each column, by the middle of the ranks of its equals: int64 N×K.

    Bins hold equally many values as far as can be; equal values are always in one bin.
    """
    n = len(chances)
    order = np.argsort(chances, axis=0)  # of equals, which share a bin, in any order
    ranked = np.take_along_axis(chances, order, axis=0)
    rank = np.broadcast_to(np.arange(n)[:, None], ranked.shape)
    new = np.ones_like(ranked, dtype=bool)
    new[1:] = ranked[1:] != ranked[:-1]
    first = np.maximum.accumulate(np.where(new, rank, 0), axis=0)
    ends = np.ones_like(new)
    ends[:-1] = new[1:]
    last = np.minimum.accumulate(np.where(ends, rank, n)[::-1], axis=0)[::-1]
    starts = np.arange(min(bins, n)) * n // min(bins, n)
    found = np.empty(ranked.shape, np.int64)
    np.put_along_axis(found, order, np.searchsorted(starts, (first + last) / 2, side="right") - 1, axis=0)
    return found


def _errors(
    chances: Floats, happened: NDArray[np.bool_], images: NDArray[np.int64], bins: int, debias: bool
) -> Floats:
    """M×K values of M answers for K classes: their mean is the calibration error, averaged over the classes.

    Each is (chance − happened) with the sign of its bin's sum, which is what it moves the error by.

    Args:
        images: int64 M, which image each is an answer to; answers to one image go together.
    """
    m, k = chances.shape
    bins = enough(m, bins)
    cell, missed = bin_of(chances, bins) * k + np.arange(k), chances - happened

    def summed(values: NDArray[np.floating] | NDArray[np.bool_]) -> Floats:
        found = np.bincount(cell.ravel(), np.asarray(values, np.float64).ravel(), bins * k)
        return found.astype(np.float64)

    count = summed(np.ones_like(missed))
    cells = np.maximum(count, 1)
    gap = summed(missed) / cells
    values: Floats = missed * np.sign(gap)[cell]
    if not debias:
        return values
    # One answer more, as likely to be right as the bin is confident: no bin is so small that it is sure of itself.
    share = (summed(happened) + summed(chances) / cells) / (cells + 1)
    weight, noise = count / (m * k), np.sqrt(share * (1 - share) / cells)
    together = np.bincount(images, values.mean(axis=1))
    spread = float(together.std() * np.sqrt(len(together)) / m)
    value, reach = _unfolded(np.abs(gap), noise, weight, max(spread, 1e-12))
    centred = values - values.mean()
    return value + centred * max(1.0, reach / max(spread, 1e-12))


def _unfolded(gap: Floats, noise: Floats, weight: Floats, spread: float) -> tuple[float, float]:
    """The calibration error of which the one seen would be the mean, and how far it may be off (a standard error).

    Gaps are taken to be the true ones times one factor, each seen with a normal error of deviation ``noise``. The
    absolute value of what is seen is then folded normal, and its weighted sum has a mean and a spread for each factor.
    The estimate has the factor at which that mean is the sum seen (0 where even no gap at all would show as much); its
    limits, those at which the sum seen is 1.96 deviations off.

    Args:
        gap, noise, weight: of each bin of each class, one after the other.
        spread: standard error of the sum by the influence of the images; tells how far bins go together.
    """
    seen = float(weight @ gap)
    apart = spread / max(float(np.sqrt(weight**2 @ noise**2)), 1e-12)

    def sum_at(factor: float) -> tuple[float, float]:
        true = factor * gap
        scaled = np.divide(true, noise, out=np.zeros_like(true), where=noise > 0)
        folded = noise * np.sqrt(2 / np.pi) * np.exp(-(scaled**2) / 2) + true * erf(scaled / np.sqrt(2))
        folded = np.where(noise > 0, folded, true)
        variance = np.maximum(true**2 + noise**2 - folded**2, 0)
        return float(weight @ folded), apart * float(np.sqrt(weight**2 @ variance))

    def factor_at(deviations: float) -> float:
        def above(factor: float) -> float:
            mean, deviation = sum_at(factor)
            return mean + deviations * deviation - seen

        most = 1 + 8 * spread / max(seen, 1e-12)
        if above(0.0) > 0:
            return 0.0
        return most if above(most) <= 0 else float(brentq(above, 0.0, most, xtol=1e-15, rtol=1e-14))

    value, least, most = (seen * factor_at(deviations) for deviations in (0.0, _Z, -_Z))
    return value, max(value - least, most - value) / _Z
