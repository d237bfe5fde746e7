"""Whether confidence matches accuracy: calibration errors in bins of equal mass, less what chance adds."""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from withstand.base.root import root
from withstand.results.metrics.answers import confidence as surest
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
    sure, right = surest(predictions)[:, None], correct(predictions)[:, None]
    return calibration_of(sure, right, debias, bins_together(sure, bins))[:, 0]


def calibration_of(
    confidence: NDArray[np.floating],
    right: NDArray[np.bool_],
    debias: bool = True,
    place: NDArray[np.integer] | None = None,
) -> Floats:
    """The same of all the answers to N images together: N×C confidences, 0 to 1, and whether each was right: N×C.

    ``place``, where it is known, is what ``bins_together`` gives.
    """
    # Condition by condition, which is how they are held.
    shape = confidence.T.shape
    sure = np.asarray(confidence.T, np.float64).reshape(1, -1)
    cell = (bins_together(confidence) if place is None else place).T.reshape(1, -1)
    images = np.tile(np.arange(shape[1]), shape[0])
    return _errors(sure, right.T.reshape(1, -1), images, cell, debias)[0].reshape(shape).T


def classwise_calibration(predictions: Predictions, bins: int = BINS, debias: bool = True) -> Floats:
    """The same for the probability of every class, averaged over classes (Kull et al., 2019; Nixon et al., 2019)."""
    chances = np.ascontiguousarray(probabilities(predictions).T)
    happened = predictions.labels == np.arange(len(chances))[:, None]
    cell = _bins(chances, enough(chances.shape[1], bins))
    means: Floats = _errors(chances, happened, np.arange(len(predictions)), cell, debias).mean(axis=0)
    return means


def enough(answers: int, bins: int = BINS) -> int:
    """How many bins so many answers fill: each has ten at least."""
    return max(1, min(bins, answers // _FEWEST))


def bin_of(chances: NDArray[np.floating], bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each value of each column, by the middle of the ranks of its equals: int64 N×K.

    Bins hold equally many values as far as can be; equal values are always in one bin.
    """
    return _bins(np.ascontiguousarray(chances.T), bins).T.astype(np.int64)


def bins_together(confidence: NDArray[np.floating], bins: int = BINS) -> NDArray[np.int64]:
    """The bin of each of N×C confidences among all of them, in as many bins as they fill: int64 N×C."""
    together = confidence.T.reshape(-1, 1)
    return bin_of(together, enough(len(together), bins)).reshape(confidence.T.shape).T


def _bins(chances: NDArray[np.floating], bins: int) -> NDArray[np.unsignedinteger]:
    """The same of K×N: a bin begins at the value that its first rank has, so that values need only be compared.

    Where several values are equal to that one, they are in the bin if the middle of their ranks is.
    """
    n = chances.shape[1]
    starts = np.arange(1, min(bins, n)) * n // min(bins, n)
    before, after = starts - 1, np.minimum(starts + 1, n - 1)
    # Only the ranks that are asked for: a sort of a million values takes twice as long.
    ranked = np.partition(chances, np.unique([before, starts, after]), axis=1) if len(starts) else chances
    begins = ranked[:, starts]
    tied = (begins == ranked[:, before]) | (begins == ranked[:, after])
    for row, at in zip(*np.nonzero(tied), strict=True):
        below, upto = ((compare(chances[row], begins[row, at])).sum() for compare in (np.less, np.less_equal))
        if (below + upto - 1) / 2 < starts[at]:
            begins[row, at] = np.nextafter(begins[row, at], np.inf)
    found = np.zeros(chances.shape, np.uint8 if bins < 256 else np.uint32)
    for begin in begins.T:
        found += chances >= begin[:, None]
    return found


def _errors(
    chances: Floats,
    happened: NDArray[np.bool_],
    images: NDArray[np.int64],
    cell: NDArray[np.integer],
    debias: bool,
) -> Floats:
    """K×M values of M answers for K classes: their mean is the calibration error, averaged over the classes.

    Each is (chance − happened) with the sign of its bin's sum, which is what it moves the error by.

    Args:
        chances, happened: K×M.
        images: int64 M, which image each is an answer to; answers to one image go together.
        cell: K×M, the bin of each answer.
    """
    k, m = chances.shape
    bins = int(cell.max()) + 1
    cell = cell + bins * np.arange(k)[:, None]
    missed = chances - happened
    count, hits = (np.bincount(some.ravel(), minlength=bins * k) for some in (cell, cell[happened]))
    cells = np.maximum(count, 1)
    gap, sure = (np.bincount(cell.ravel(), one.ravel(), bins * k) / cells for one in (missed, chances))
    values: Floats = missed * np.sign(gap)[cell]
    if not debias:
        return values
    # One answer more, as likely to be right as the bin is confident: no bin is so small that it is sure of itself.
    share = (hits + sure) / (cells + 1)
    weight, noise = count / (m * k), np.sqrt(share * (1 - share) / cells)
    together = np.bincount(images, values.mean(axis=0))
    spread = float(together.std() * np.sqrt(len(together)) / m)
    value, reach = _unfolded(np.abs(gap), noise, weight, max(spread, 1e-12))
    values -= values.mean()
    values *= max(1.0, reach / max(spread, 1e-12))
    values += value
    return values


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
    seen, squares = float(weight @ gap), weight**2
    apart = spread / max(math.sqrt(float(squares @ noise**2)), 1e-12)
    # Without noise, what is seen is the gap: erf of infinity is 1.
    scaled = np.divide(gap, noise * math.sqrt(2), out=np.full_like(gap, np.inf), where=noise > 0)
    scaled[gap == 0] = 0
    wide, second = noise * math.sqrt(2 / math.pi), noise**2

    def sum_at(factor: float) -> tuple[float, float]:
        if not factor:
            folded, true = wide, np.zeros_like(gap)
        else:
            true, far = factor * gap, factor * scaled
            folded = wide * np.exp(-(far**2)) + true * scipy.special.erf(far)
        variance = np.maximum(true**2 + second - folded**2, 0)
        return float(weight @ folded), apart * math.sqrt(float(squares @ variance))

    def factor_at(deviations: float) -> float:
        def above(factor: float) -> float:
            mean, deviation = sum_at(factor)
            return mean + deviations * deviation - seen

        most = 1 + 8 * spread / max(seen, 1e-12)
        if above(0.0) > 0:
            return 0.0
        if above(most) <= 0:
            return most
        return root(above, 0.0, most, xtol=1e-15, rtol=1e-14)

    value, least, most = (seen * factor_at(deviations) for deviations in (0.0, _Z, -_Z))
    return value, max(value - least, most - value) / _Z
