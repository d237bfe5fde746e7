"""Means over conditions, near 100% too, single conditions, classes of few images, pairs, samples and seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.coverage import measures
from benchmarks.coverage.line import Draw, Line, Lines, Outcome, Values, covers
from benchmarks.coverage.worlds import C, N, clustered, truth
from withstand.statistics import Estimate, clopper_pearson, mcnemar, over_seeds, sequential, wilson


def near_all(draw: Draw, n: int, share: float, together: bool) -> Values:
    """n×C right or wrong, all but ``1 - share`` right; ``together``: a bad image errs under four conditions of five."""
    often = 0.8 if together else 1 - share
    bad = draw.random((n, 1)) < (1 - share) / often
    return 1.0 - (bad & (draw.random((n, C)) < often))


def mean_near_all(n: int, share: float, together: bool) -> Callable[[Draw], Outcome]:
    return lambda draw: covers(measures.mean(near_all(draw, n, share, together)), share)


def whole(draw: Draw) -> Outcome:
    return covers(measures.mean(clustered(draw)), truth().mean())


def naive(draw: Draw) -> Outcome:
    """The rows of all conditions as if each were a draw of its own."""
    rows = clustered(draw)
    return covers(wilson(int(rows.sum()), rows.size), truth().mean())


def of_a_class(n: int, ability: float) -> Callable[[Draw], Outcome]:
    return lambda draw: covers(measures.mean(clustered(draw, ability)[:n]), truth(ability).mean())


def cell(kind: Callable[[int, int], Estimate], n: int, share: float) -> Callable[[Draw], Outcome]:
    return lambda draw: covers(kind(int(draw.binomial(n, share)), n), share)


def any_cell(kind: Callable[[int, int], Estimate]) -> Callable[[Draw], Outcome]:
    return lambda draw: cell(kind, 200, draw.uniform(0.05, 0.95))(draw)


def paired(draw: Draw) -> Outcome:
    hard = draw.normal(size=(N, 1))
    found = measures.difference(clustered(draw, 0.1, hard), clustered(draw, 0.0, hard))
    return covers(found, truth(0.1).mean() - truth().mean())


def rarely_apart(n: int, either: bool) -> Callable[[Draw], Outcome]:
    """One image in a thousand is told apart, under all conditions: by one of the two, or by either."""

    def one(draw: Draw) -> Outcome:
        behind = draw.random((n, 1)) < 0.001
        a, b = np.ones((n, C)), np.ones((n, C))
        side = draw.random((n, 1)) < (0.5 if either else 1.0)
        b[(behind & side)[:, 0]] = 0
        a[(behind & ~side)[:, 0]] = 0
        return covers(measures.difference(a, b), 0.0 if either else 0.001)

    return one


def discordant(draw: Draw) -> Outcome:
    shared = draw.random(150)
    a, b = shared < 0.7, (shared < 0.5) | (draw.random(150) < 0.1)
    return covers(mcnemar(a, b).difference, 0.7 - 0.55)


def part(draw: Draw) -> Outcome:
    """A sample of a fifth under each condition, for the wider world."""
    values = clustered(draw)
    values[draw.random((N, C)).argsort(axis=0) >= N // 5] = np.nan
    return covers(measures.mean(values), truth().mean())


def together(draw: Draw) -> Outcome:
    values = np.clip(np.rint(draw.normal(size=(200, 1)) + draw.normal(size=(200, 10))), -1, 1)
    found = measures.together(values)
    return Outcome(all(one.low <= 0 <= one.high for one in found), found[0].high - found[0].low)


def seeds(draw: Draw) -> Outcome:
    trained = 0.7 + 0.05 * draw.normal(size=(5, 1)) + 0.3 * draw.normal(size=300) + draw.normal(size=(5, 300))
    return covers(over_seeds(trained), 0.7)


def stopping(aim: float) -> Callable[[Draw], Outcome]:
    """Whether the interval covers the population's mean at *every* look until it stops: 10,000 images × 95."""
    world = np.random.default_rng(0)
    hard = world.normal(size=(10_000, 1))
    population = world.random((10_000, 95)) < 1 / (1 + np.exp(-2 * (np.linspace(1.2, -0.6, 95) + hard)))
    mean, most = float(population.mean()), 2500

    def one(draw: Draw) -> Outcome:
        drawn = [column[draw.permutation(10_000)[:most]] for column in population.T]
        values, looks = np.stack(drawn, axis=1).astype(np.float64), []
        while True:
            rounds = sequential.next_look(values[: looks[-1][0] if looks else 0], aim, 10_000)
            looks.append((rounds, aim))
            found = sequential.finite_mean(values[:rounds], looks, 10_000)
            if not found.low <= mean <= found.high or found.half_width <= aim:
                return covers(found, mean)

    return one


def lines() -> Lines:
    for share in (0.999, 0.99):
        for n in (50, 100, 300, 1000):
            for as_one in (True, False):
                how = "much" if as_one else "little"
                yield Line(
                    f"mean over conditions at {100 * share:g}%, {n:,} images that err together {how}",
                    mean_near_all(n, share, as_one),
                    rounds=1000,
                )
    yield Line("mean over conditions, 1,000 images", whole)
    yield Line("mean over conditions, rows as draws (naive)", naive, 0, 0.6)
    for n in (50, 100, 300, 1000):
        yield Line(f"one condition at 99.9%, {n:,} images", cell(measures.share, n, 0.999))
    yield Line("one condition, 200 images, 5% to 95% (exact)", any_cell(clopper_pearson))
    yield Line("one condition, 200 images, 5% to 95% (Wilson)", any_cell(wilson), 0.935, 0.965)
    for n in (5, 10):
        for ability in (0.0, 1.5):
            at = 100 * truth(ability).mean()
            yield Line(f"a class of {n:,} images under 20 conditions at {at:.0f}%", of_a_class(n, ability))
    yield Line("paired difference of two classifiers", paired)
    for n in (300, 1000):
        yield Line(f"a difference in 0.1% of {n:,} images, one ahead", rarely_apart(n, either=False))
        yield Line(f"a difference in 0.1% of {n:,} images, either ahead", rarely_apart(n, either=True))
    yield Line("McNemar's difference, one condition", discordant, 0.935)
    yield Line("ten differences together", together, 0.935, rounds=300)
    yield Line("a sample, for the wider world", part)
    yield Line("five seeds", seeds, 0.935)
    for aim in (0.005, 0.01):
        yield Line(f"sequential to ± {aim:g}, at every look", stopping(aim), rounds=300)
