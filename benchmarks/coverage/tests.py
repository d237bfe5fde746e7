"""Tests of what is true: how often they refuse it at 5%."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.coverage import measures
from benchmarks.coverage.line import Draw, Lines, Outcome, claimed, size
from benchmarks.coverage.worlds import N, clustered
from withstand.statistics import holm, image_values, mcnemar


def mcnemars(draw: Draw) -> Outcome:
    hard = draw.random(200)
    a, b = (hard + 0.5 * draw.random(200) < 0.9 for _ in range(2))
    return claimed(mcnemar(a, b).p)


def paired(draw: Draw) -> Outcome:
    hard = draw.normal(size=(N, 1))
    return claimed(measures.p_of_mean(image_values(clustered(draw, 0, hard) - clustered(draw, 0, hard))))


def skewed(n: int) -> Callable[[Draw], Outcome]:
    """A little ahead in most images and far behind in few, level on the whole."""
    return lambda draw: claimed(measures.p_of_mean(np.where(draw.random(n) < 0.95, 0.05, -0.95)))


def of_six(draw: Draw) -> Outcome:
    shown = np.clip(np.rint(draw.normal(size=(200, 1)) + draw.normal(size=(200, 6))), -1, 1)
    p = [measures.p_of_mean(column) for column in shown.T]
    return Outcome(bool((holm(p) < 0.05).any()))


def passes_among_528(draw: Draw) -> Outcome:
    """A difference of 5 points with a deviation of 30, on 1,000 images, among 527 of none."""
    clear = measures.p_of_mean(np.clip(0.05 + 0.3 * draw.normal(size=1000), -1, 1))
    return Outcome(bool(holm([clear, *draw.random(527)])[0] < 0.05))


def lines() -> Lines:
    yield size("size of McNemar's test", mcnemars)
    yield size("size of the test of a mean of differences", paired)
    for n in (30, 100, 300):
        yield size(f"size of the same for {n:,} skewed differences", skewed(n))
    yield size("size of Holm over six", of_six, rounds=1000)
    yield size("a clear difference passes Holm over 528 (its power)", passes_among_528, most=1.0, rounds=500)
