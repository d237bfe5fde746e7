"""The mean of a whole test set from a part of it, with an interval that stays valid however often one looks.

The population is finite and known: N images under each of C conditions, and the mean wanted is the one that the whole
evaluation would give. In a *round* every condition is shown one more image of its own, drawn at random without
replacement and independently of the other conditions. All conditions are then always equally far, the mean over
the sample is the mean over the conditions, and what conditions differ in adds no variance.

The interval is a confidence sequence: it holds at all rounds at once with the level that it states, so evaluation may
stop whenever it is tight. It is the empirical Bernstein sequence for sampling without replacement of Waudby-Smith &
Ramdas (2020, "Confidence sequences for sampling without replacement", theorem 3; the inequality is that of Howard et
al., 2021), used round by round: the unknown means of the C conditions enter it by their sum alone, which is C times
the mean wanted.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from withstand.statistics.estimate import LEVEL, Estimate

FIRST = 64
"""Rounds before the first look."""

_LARGEST_TILT = 0.5
_PRIOR = 8  # rounds' worth of weight that a condition's guess gives to the mean over conditions


def order(condition: str, n: int, seed: int = 0) -> NDArray[np.int64]:
    """The order in which a condition is shown its ``n`` images: the same for every classifier, so that samples pair."""
    digest = hashlib.sha256(f"{seed} {condition}".encode()).digest()[:8]
    return np.random.default_rng(int.from_bytes(digest, "big")).permutation(n)


def finite_mean(
    values: NDArray[np.floating],
    steps: Sequence[tuple[int, float]],
    population: int,
    level: float = LEVEL,
) -> Estimate:
    """The mean over all N×C values from the first rounds, with an interval that holds at every look.

    Args:
        values: T×C between 0 and 1: a row for each round, a column for each condition, in the order of ``order``.
        steps: (rounds, half-width aimed at) of each look so far, in shares; the last has T rounds. The aim of a step
            must be chosen before its values are seen; it only decides when the interval is tightest.
        population: N, the images under each condition.

    Returns:
        The estimate; ``n`` is T×C.

    Raises:
        ValueError: the steps do not end at T, or T is 0 or more than N.
    """
    values = np.array(values, dtype=np.float64)
    rounds, conditions = values.shape
    if not 0 < rounds <= population or not steps or steps[-1][0] != rounds:
        raise ValueError(f"{rounds} rounds of {population} images do not fit the steps {list(steps)}")
    mean, missed = values.mean(axis=1, dtype=np.float64), _missed(values)
    tilts = np.concatenate(
        [
            np.full(end - start, _tilt(missed[:start], conditions, aim))
            for start, (end, aim) in zip([0, *(end for end, _ in steps)], steps, strict=False)
        ]
    )
    # Given what is drawn, the mean of the next round is (N·m − the sum so far) / (images left): linear in m.
    before, left = np.cumsum(mean) - mean, population - np.arange(rounds)
    weights = tilts * conditions
    gathered = float((weights * (mean + before / left)).sum())
    slope = float((weights * population / left).sum())
    doubt = math.log(2 / (1 - level)) + float(((-np.log1p(-tilts) - tilts) * missed).sum())
    # Whatever the images not yet seen are, they lie between all wrong and all right.
    floor, unseen = float(mean.sum()) / population, 1 - rounds / population
    low, high = max((gathered - doubt) / slope, floor), min((gathered + doubt) / slope, floor + unseen)
    return Estimate(float(mean.mean()), low, high, values.size)


def next_look(values: NDArray[np.floating], aim: float, population: int, level: float = LEVEL) -> int:
    """How many rounds to have at the next look: about as many as the aim will take, at most half as many again.

    Args:
        values: T×C, what was seen; T may be 0.
        aim: the half-width wanted, a share.
    """
    rounds, conditions = values.shape
    if not rounds:
        return min(FIRST, population)
    variance = float(_missed(values).sum()) / values.size
    wanted = 2 * variance * math.log(2 / (1 - level)) / (aim**2 * conditions)
    wanted = wanted / (1 + wanted / population)  # without replacement, the last images tell the most
    least, most = rounds + max(8, rounds // 16), rounds + max(8, rounds // 2)
    return min(max(least, min(math.ceil(wanted), most)), population)


def _missed(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """T: the squared distances of a round from what was to be expected of it, condition by condition, summed."""
    rounds, conditions = values.shape
    t = np.arange(rounds)[:, None]
    before = np.cumsum(values, axis=0) - values
    overall = (before.sum(axis=1, keepdims=True) + 0.5) / (t * conditions + 1)
    expected = (before + _PRIOR * overall) / (t + _PRIOR)
    squares: NDArray[np.float64] = ((values - expected) ** 2).sum(axis=1)
    return squares


def _tilt(missed: NDArray[np.float64], conditions: int, aim: float) -> float:
    """What makes the interval tightest when it gets to the aim: aim by variance, of what was seen before the step."""
    variance = float(missed.sum()) / (len(missed) * conditions) if len(missed) else 0.25
    return min(aim / max(variance, 1e-4), _LARGEST_TILT)
