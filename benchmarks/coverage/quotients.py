"""Ratios: relative drop, mCE, relative mCE, agreement; with denominators that are far from zero, and near it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.coverage import measures
from benchmarks.coverage.line import Draw, Line, Lines, Outcome, covers
from benchmarks.coverage.worlds import both_wrong, clustered, truth, wrong

V, S = 5, 5  # corruptions and severities


def lost(draw: Draw) -> Outcome:
    values = clustered(draw)
    return covers(measures.lost(values[:, :4], values), 1 - truth().mean() / truth()[:4].mean())


def mce(n: int, baseline: float, by: float = 0.8) -> Callable[[Draw], Outcome]:
    """The baseline errs with ``baseline``, more from corruption to corruption, and we ``by`` times as often."""
    shares = baseline * np.linspace(0.5, 1.5, V)

    def one(draw: Draw) -> Outcome:
        hard = draw.normal(size=(n, 1))
        return covers(measures.mce(wrong(draw, hard, by * shares, S), wrong(draw, hard, shares, S)), by)

    return one


def relative_mce(n: int, clean: float, adds: float) -> Callable[[Draw], Outcome]:
    """Of equals: the errors that corruption adds, on the average ``adds``, by as many."""
    shares = clean + adds * np.linspace(0.5, 1.5, V)

    def one(draw: Draw) -> Outcome:
        hard = draw.normal(size=(n, 1))
        ours, theirs = (
            (wrong(draw, hard, shares, S), wrong(draw, hard, np.array([clean]))) for _ in range(2)
        )
        return covers(measures.relative_mce(*ours, *theirs), 1.0)

    return one


def agreement(n: int, errors: tuple[float, float], which: int) -> Callable[[Draw], Outcome]:
    """Two classifiers under four conditions, all alike: 0 is error consistency, 1 the overlap of errors."""
    a, b = errors
    both = both_wrong(a, b)
    by_chance = a * b + (1 - a) * (1 - b)
    kappa = (1 - a - b + 2 * both - by_chance) / (1 - by_chance)
    expected = (kappa, both / (a + b - both))[which]

    def one(draw: Draw) -> Outcome:
        hard = draw.normal(size=(n, 1))
        sides = (1 - wrong(draw, hard, np.full(4, share)) for share in errors)
        return covers(measures.agreement(*sides)[which], expected)

    return one


def effective(n: int) -> Callable[[Draw], Outcome]:
    """Beyond the line through one reference that is as good: nothing."""

    def one(draw: Draw) -> Outcome:
        hard = draw.normal(size=(n, 1))
        sides = [
            np.stack(
                [wrong(draw, hard, np.array([share]), by)[:, 0] for share, by in ((0.1, 1), (0.3, 20))],
                axis=1,
            )
            for _ in range(2)
        ]
        return covers(measures.effective_robustness(1 - sides[0], [1 - sides[1]]), 0.0)

    return one


def lines() -> Lines:
    yield Line("relative drop", lost)
    for n, baseline in ((1000, 0.3), (300, 0.02), (100, 0.02), (50, 0.02)):
        where = "" if baseline > 0.1 else " (near zero)"
        yield Line(f"mCE, {n:,} images, baseline errs on {baseline:.0%}{where}", mce(n, baseline), rounds=300)
    for n, clean, adds in ((1000, 0.1, 0.2), (300, 0.05, 0.02), (100, 0.05, 0.01)):
        where = "" if adds > 0.1 else " (near zero)"
        name = f"relative mCE, {n:,} images, corruption adds {adds:.0%} to the baseline's {clean:.0%}{where}"
        yield Line(name, relative_mce(n, clean, adds), rounds=300)
    for which, name in enumerate(("error consistency", "overlap of errors")):
        for n, errors in ((1000, (0.3, 0.2)), (300, (0.02, 0.02)), (100, (0.02, 0.01))):
            where = "" if max(errors) > 0.1 else " (near zero)"
            told = f"{name}, {n:,} images, {errors[0]:.0%} and {errors[1]:.0%} wrong{where}"
            yield Line(told, agreement(n, errors, which), rounds=200)
    for n in (100, 1000):
        yield Line(f"effective robustness, {n:,} images", effective(n), rounds=500)
