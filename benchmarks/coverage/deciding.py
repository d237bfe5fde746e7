"""Gates and plans: how often a gate says what is false, and whether it passes as often as the plan said it would.

An image is one on which the new classifier loses, one on which it gains, or neither, with chances of its own in each
part; under each of 20 conditions it does so with a chance of 0.6. What an image does in one part and in another goes
together, as on one set of test images.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from benchmarks.coverage.line import Draw, Line, Lines, Outcome, Values
from withstand.analysis.gate import decide
from withstand.config.known import GATE_TESTS
from withstand.statistics import Pilot, cluster_values, greater_p

CONDITIONS, OFTEN = 20, 0.6
MARGINS = (0.005, 0.01, 0.02, 0.03)
ROUNDS = 2000


def part(draw: Draw, kind: Values, moved: float, difference: float) -> Values:
    """N differences, one for each image: the mean over conditions.

    Args:
        kind: N, uniform: what an image is, shared by the parts.
        moved: the share of images on which the two differ, and ``difference``: the truth.
    """
    gains = (moved + difference / OFTEN) / 2
    loses = moved - gains
    sign = np.where(kind < loses, -1.0, np.where(kind > 1 - gains, 1.0, 0.0))
    return np.asarray(sign * draw.binomial(CONDITIONS, OFTEN, len(kind)) / CONDITIONS)


def parts(draw: Draw, n: int, differences: tuple[float, ...]) -> list[Values]:
    kind = draw.random(n)
    return [part(draw, kind, 0.12, one) for one in differences]


def wrongly(test: str, margin: float, n: int, says: str) -> Callable[[Draw], Outcome]:
    """The first of three parts lies on the margin itself, where either verdict on it is false."""
    edge = margin if test == "superiority" else -margin
    others = {"superiority": 2.5 * margin, "non-inferiority": 0.5 * margin, "equivalence": 0.0}[test]

    def one(draw: Draw) -> Outcome:
        values = parts(draw, n, (edge, others, others))
        found = decide(values, [margin] * 3, test)
        said = [verdict for _, _, verdict in found]
        return Outcome(all(v == says for v in said) if says == "passes" else said[0] == says)

    return one


def passing(margin: float, n: int) -> Callable[[Draw], Outcome]:
    """One part, and no true difference."""
    return lambda draw: Outcome(greater_p(parts(draw, n, (0.0,))[0], -margin) <= 0.05)


def equivalent(margin: float, n: int) -> Callable[[Draw], Outcome]:
    return lambda draw: Outcome(decide(parts(draw, n, (0.0,)), [margin], "equivalence")[0][2] == "passes")


def in_clusters(draw: Draw, n: int) -> Values:
    """Of images in eights, most of which are of one kind: one value for each eight, as a gate makes it."""
    kind = np.repeat(draw.random(n // 8), 8)
    own = draw.random(len(kind))
    values = part(draw, np.where(draw.random(len(kind)) < 0.7, kind, own), 0.12, 0.0)
    return cluster_values(values, np.arange(len(kind)) // 8)


def passing_in_clusters(margin: float, n: int) -> Callable[[Draw], Outcome]:
    return lambda draw: Outcome(greater_p(in_clusters(draw, n), -margin) <= 0.05)


@cache
def pilot_in_clusters() -> Pilot:
    return Pilot.of(in_clusters(np.random.default_rng(2), 16_000), images=8)


@cache
def pilot() -> Pilot:
    """Of other images than any that a round draws."""
    return Pilot.of(parts(np.random.default_rng(1), 5000, (0.0,))[0])


def planned(what: str, margin: float, stated: float, one: Callable[[Draw], Outcome]) -> Line:
    return Line(
        f"{what}, margin {100 * margin:g} points: stated power {stated:.3f}",
        one,
        least=stated - 0.03,
        most=min(1.0, stated + 0.03),
        rounds=ROUNDS,
    )


def lines() -> Lines:
    for test in GATE_TESTS:
        for margin in MARGINS:
            n = round(40 / margin)
            for says in ("passes", "fails"):
                one = wrongly(test, margin, n, says)
                yield Line(
                    f"gate, {test}, margin {100 * margin:g} points: wrongly '{says}'",
                    one,
                    least=0.0,
                    most=0.055,
                    rounds=ROUNDS,
                )
    for margin in MARGINS:
        for power in (0.5, 0.8, 0.9):
            n = pilot().needed(margin, 0.05, power) or 0
            stated = pilot().power(n, margin, 0.05)
            yield planned(f"plan of {power:.0%}, non-inferiority", margin, stated, passing(margin, n))
        n = pilot_in_clusters().needed(margin, 0.05) or 0
        stated = pilot_in_clusters().power(n, margin, 0.05)
        yield planned("plan, images in clusters of eight", margin, stated, passing_in_clusters(margin, n))
        n = pilot().needed_within(0.0, margin, 0.05) or 0
        stated = pilot().power_within(n, 0.0, margin, 0.05)
        yield planned("plan, equivalence", margin, stated, equivalent(margin, n))
