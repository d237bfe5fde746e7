"""Ranks: how often the intervals of all ranks of ten models hold what is true, where several are equal or nearly so.

An image has a difficulty of its own, which all models share, and each model a little luck of its own with it. Under
each of the conditions it is then right or wrong. More able is better, so the true order is known. Of models that are
equal any order is right: their true rank is an interval, which the one that is found must hold in whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from benchmarks.coverage.line import Draw, Line, Lines, Outcome
from withstand.statistics.ranks import ranks, surely_ahead

MODELS, ROUNDS = 10, 2000
NEAR = 0.02
"""Of ability: some 0.3 points of accuracy."""

WORLDS: Mapping[str, Sequence[float]] = {
    "all equal": (0.0,) * MODELS,
    "five pairs of equals": tuple(0.3 * (place // 2) for place in range(MODELS)),
    "near ties": tuple(NEAR * place for place in range(MODELS)),
    "ties and near ties": (0.0, 0.0, 0.0, NEAR, NEAR, 2 * NEAR, 0.5, 0.5 + NEAR, 0.5 + NEAR, 1.5),
}
SIZES = ((1000, 10), (300, 95), (2000, 1))
"""Images and conditions."""


def counts(draw: Draw, abilities: Sequence[float], images: int, conditions: int) -> NDArray[np.int64]:
    """M×N: under how many conditions each model is right on each image."""
    hard = 1.5 * draw.normal(size=images)
    luck = 0.7 * draw.normal(size=(len(abilities), images))
    return draw.binomial(conditions, expit(0.8 + np.array(abilities)[:, None] - hard + luck))


def true_ranks(abilities: Sequence[float]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The best and the worst rank that is right of each model."""
    able = np.array(abilities)
    above = able[:, None] > able
    return ranks(above)


def holding(abilities: Sequence[float], images: int, conditions: int) -> Callable[[Draw], Outcome]:
    """Whether the intervals of all ranks hold the true ones."""
    best, worst = true_ranks(abilities)

    def one(draw: Draw) -> Outcome:
        low, high = ranks(surely_ahead(counts(draw, abilities, images, conditions), conditions))
        return Outcome(bool((low <= best).all() and (high >= worst).all()), float((high - low).mean()))

    return one


def lines() -> Lines:
    for what, abilities in WORLDS.items():
        for images, conditions in SIZES:
            yield Line(
                f"ranks of {MODELS} models, {what}: {images:,} images under {conditions} conditions",
                holding(abilities, images, conditions),
                rounds=ROUNDS,
            )
