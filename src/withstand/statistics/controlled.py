"""The mean of a whole test set from a part of it, with guesses of all answers as a control.

The population, rounds and the order of images are those of ``sequential``. What is summed is how far each answer is
from a guess that was made of it before it was drawn (``guessing``); the mean of the guesses over all images that could
be drawn is known, and is added back. Guesses that hit leave little to sum, and so a narrow interval.

Why it holds: let z ≥ −1 be an answer minus its guess, λ in [0, 1) be chosen before, and ψ = −log(1 − λ) − λ. For all
z ≥ −1, exp(λz − ψz²) ≤ 1 + λz (Howard et al., 2021), whose mean is 1 + λE[z] ≤ exp(λE[z]); so
E exp(λ(z − E[z]) − ψz²) ≤ 1, however the guesses were made and however wrong they are. The conditions of a round are
drawn independently, so the product over them is at most 1 in the mean, and over rounds a supermartingale that starts at
1. The same is true of −z, for z ≤ 1. Ville's inequality, with half of 1 − level on each side, bounds both at all rounds
at once. In a round the E[z] of all conditions enter by their sum alone: C times (N·m − answers so far) / (images
left), less C times the mean of the guesses, which is linear in the mean wanted, m.

All of these bounds hold at once, so what they have in common holds at every round, too. Two rounds that contradict each
other are part of the 5% in which anything may be said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.statistics.estimate import LEVEL, Estimate

Floats = NDArray[np.float64]

_FIRST, _GROWTH = (
    16,
    3,
)  # rounds at the first look; looks at most so many times as far: guesses soon get better
_SOONER = 0.8  # of the rounds that the last bound alone would take
_LARGEST_TILT, _LEAST_SPREAD = 0.5, 1e-4


@dataclass(frozen=True, eq=False)
class Control:
    """Guesses of the answers that were drawn in T rounds, each made before its own step began.

    Attributes:
        guessed: T×C, between 0 and 1.
        ahead: T, the mean of the guesses over all that could be drawn in a round.
        spreads: of each step, the mean square that its guesses say they will miss by.
    """

    guessed: Floats
    ahead: Floats
    spreads: Sequence[float]


@dataclass(frozen=True, eq=False)
class _Sums:
    """T: what was gathered to each round, what the mean is multiplied with in it, and how far the two may differ."""

    gathered: Floats
    slope: Floats
    doubt: Floats


def finite_mean(
    values: NDArray[np.floating],
    steps: Sequence[tuple[int, float]],
    population: int,
    control: Control,
    level: float = LEVEL,
) -> Estimate:
    """The mean over all N×C values from the first rounds, with an interval that holds at every look.

    Args:
        values: T×C between 0 and 1: a row for each round, a column for each condition, in the order of ``order``.
        steps: (rounds, half-width aimed at) of each look so far, in shares; the last has T rounds.
        population: N, the images under each condition.

    Returns:
        The middle of the interval, which is within half its width of the mean; ``n`` is T×C.

    Raises:
        ValueError: the steps or the control do not end at T, or T is 0 or more than N.
    """
    answers = np.array(values, dtype=np.float64)
    rounds = len(answers)
    if not 0 < rounds <= population or not steps or steps[-1][0] != rounds or len(control.ahead) != rounds:
        raise ValueError(f"{rounds} rounds of {population} images do not fit the steps {list(steps)}")
    lows, highs = bounds(answers, steps, population, control, level)
    # Whatever the images not yet seen are, they lie between all wrong and all right.
    floor, unseen = float(answers.sum()) / (population * answers.shape[1]), 1 - rounds / population
    low, high = max(float(lows[-1]), floor), min(float(highs[-1]), floor + unseen)
    least, most = max(low, float(lows.max())), min(high, float(highs.min()))
    if least <= most:
        low, high = least, most
    return Estimate((low + high) / 2, low, high, answers.size)


def bounds(
    values: NDArray[np.floating],
    steps: Sequence[tuple[int, float]],
    population: int,
    control: Control,
    level: float = LEVEL,
) -> tuple[Floats, Floats]:
    """Of each of T rounds, what its sums alone say: all of these hold at once."""
    sums = _sums(np.array(values, dtype=np.float64), steps, population, control, level)
    return (sums.gathered - sums.doubt) / sums.slope, (sums.gathered + sums.doubt) / sums.slope


def next_look(
    values: NDArray[np.floating],
    steps: Sequence[tuple[int, float]],
    aim: float,
    population: int,
    control: Control | None,
    spread: float,
    level: float = LEVEL,
) -> int:
    """How many rounds to have at the next look.

    Args:
        values: T×C, what was seen; T may be 0, and there is no control then.
        aim: the half-width wanted, a share.
        spread: what the guesses of the next rounds say they will miss by.
    """
    answers = np.array(values, dtype=np.float64)
    rounds, conditions = answers.shape
    if control is None:
        return min(_FIRST, population)
    sums, tilt = _sums(answers, steps, population, control, level), _tilt(spread, aim)
    # Each round more adds to both; the last bound meets the aim where their ratio does.
    more = np.arange(1, population - rounds + 1)
    slopes = sums.slope[-1] + np.cumsum(tilt * conditions * population / (population - rounds - more + 1))
    doubts = sums.doubt[-1] + more * float(_price(np.array(tilt))) * conditions * spread
    met = np.flatnonzero(doubts <= aim * slopes)
    wanted = rounds + int(met[0]) + 1 if len(met) else population
    sooner = max(round(_SOONER * wanted), rounds + max(wanted // 16, 1))
    return min(sooner, max(wanted, rounds + 1), _GROWTH * rounds, population)


def _sums(
    answers: Floats, steps: Sequence[tuple[int, float]], population: int, control: Control, level: float
) -> _Sums:
    rounds, conditions = answers.shape
    tilts = np.empty(rounds)
    starts = [0, *(end for end, _ in steps)]
    for start, (end, aim), spread in zip(starts, steps, control.spreads, strict=False):
        tilts[start:end] = _tilt(spread, aim)
    mean, missed = answers.mean(axis=1), ((answers - control.guessed) ** 2).sum(axis=1)
    before, left = np.cumsum(mean) - mean, population - np.arange(rounds)
    # Given what is drawn, the mean of the next round is (N·m − the sum so far) / (images left).
    told = mean - control.guessed.mean(axis=1) + control.ahead + before / left
    weights = tilts * conditions
    doubt = math.log(2 / (1 - level)) + np.cumsum(_price(tilts) * missed)
    return _Sums(np.cumsum(weights * told), np.cumsum(weights * population / left), doubt)


def _tilt(spread: float, aim: float) -> float:
    """What makes the interval tightest when it gets to the aim: aim by variance."""
    return min(aim / max(spread, _LEAST_SPREAD), _LARGEST_TILT)


def _price(tilts: Floats) -> Floats:
    """What a squared distance costs."""
    return np.asarray(-np.log1p(-tilts) - tilts, np.float64)
