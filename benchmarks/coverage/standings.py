"""Winners: how often one of equals is called ahead, and how often the worse one is, samples beside whole runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage.line import Draw, Lines, Outcome, Values, size
from withstand.analysis.comparison import Comparison
from withstand.report.verdict import verdict
from withstand.results.conditions import Condition
from withstand.statistics import image_values, seen

N, C = 600, 12  # images and conditions
NAMES = ("A", "B", "D")
Looks = Sequence[tuple[int, int]]
"""Of each run: how many images it was shown under a condition, and by which order; N is all."""

FORMS: Mapping[str, Looks] = {
    "a short sample, a whole run": ((60, 0), (N, 0)),
    "a long sample, a whole run": ((300, 0), (N, 0)),
    "a short sample, a longer one": ((120, 0), (300, 0)),
    "two samples of other seeds": ((200, 0), (200, 1)),
    "two whole runs": ((N, 0), (N, 0)),
}
ALIKE = 0.04
"""How much those err apart that are told apart on common images although a sample's own mean may have them reversed."""
PAIR = (0.4, 0.46)
THREE: Looks = ((60, 0), (200, 0), (N, 0))


@dataclass(frozen=True, eq=False)
class Drawn(Comparison):
    """A comparison of drawn values in place of runs read from folders."""

    drawn: Mapping[str, Values]

    def values(self, name: str, group: str, metric: str = "top1") -> NDArray[np.float64]:
        return self.drawn[name][:, [self.conditions.index(one) for one in self.groups[group]]]

    def image_values(self, name: str, group: str, metric: str) -> NDArray[np.float64]:
        values = self.values(name, group, metric)
        return image_values(values[seen(values)])

    @property
    def models(self) -> dict[str, tuple[str, ...]]:
        return {}  # of each one training

    @property
    def sampled(self) -> tuple[str, ...]:
        return tuple(name for name, values in self.drawn.items() if np.isnan(values).any())


def compared(draw: Draw, looks: Looks, ups: Sequence[float], own: float = 0.45) -> Drawn:
    """Classifiers on images that are mostly hard for all; ``ups``: how able each is; ``own``: how far apart."""
    hard, orders = draw.normal(size=(N, 1)), {}
    names, drawn = NAMES[: len(looks)], {}
    for name, (count, seed), up in zip(names, looks, ups, strict=True):
        place = 0.9 * hard + own * draw.normal(size=(N, 1))
        values = (up + 2 / 3 * own * draw.normal(size=(N, C)) > place).astype(float)
        if count < N:
            order = orders.setdefault(seed, draw.random((N, C)).argsort(axis=0).argsort(axis=0))
            values[order >= count] = np.nan
        drawn[name] = values
    conditions = tuple(Condition("corruption", "fog", severity) for severity in range(1, C + 1))
    return Drawn((), names, np.arange(N), conditions, False, (), drawn)


def ahead(looks: Looks, who: str) -> Callable[[Draw], Outcome]:
    """Whether one of two equals is called ahead."""

    def one(draw: Draw) -> Outcome:
        (pair,) = compared(draw, looks, (0.4, 0.4)).pairs
        return Outcome(pair.ahead and pair.better == who)

    return one


def any_ahead(looks: Looks) -> Callable[[Draw], Outcome]:
    return lambda draw: Outcome(any(pair.ahead for pair in compared(draw, looks, [0.4] * len(looks)).pairs))


def named(looks: Looks, ups: Sequence[float], better: bool = False) -> Callable[[Draw], Outcome]:
    """Whether a sentence has a worse classifier ahead of a better one; or, as it should, the ``better`` one."""

    def one(draw: Draw) -> Outcome:
        shown = compared(draw, looks, ups, ALIKE)
        able = dict(zip(shown.names, ups, strict=True))
        told = verdict(shown)
        best = re.findall(r"(\w) holds up best of", told.headline)
        leads = re.findall(r"(\w) is [\d.]+ points? ahead of (\w)", " ".join(told.sentences))
        if better:
            return Outcome(any(able[first] > able[second] for first, second in leads))
        return Outcome(
            any(able[name] < max(able.values()) for name in best)
            or any(able[first] < able[second] for first, second in leads)
        )

    return one


def less_named(looks: Looks, ups: Sequence[float]) -> Callable[[Draw], Outcome]:
    """Whether a sentence has one ahead or above by less than nothing."""
    less = re.compile(r"[-−][\d.]+ points? (ahead|above|more|less)")
    return lambda draw: Outcome(
        bool(less.search(" ".join(verdict(compared(draw, looks, ups, ALIKE)).sentences)))
    )


def lines() -> Lines:
    for form, looks in FORMS.items():
        for who, place in zip("AB", ("first", "second"), strict=True):
            yield size(f"of equals, the {place} is called ahead: {form}", ahead(looks, who), 0.025, 300)
    yield size("of three equals, any is called ahead: two samples, a whole run", any_ahead(THREE), 0.05, 300)
    for form, looks in FORMS.items():
        told = f"of two that are much alike, {{}}: {form}"
        yield size(told.format("the worse is named ahead"), named(looks, PAIR), 0.025, 400)
        yield size(told.format("one is named ahead by less than nothing"), less_named(looks, PAIR), 0.0, 400)
        yield size(
            told.format("the better is named ahead (power)"), named(looks, PAIR, better=True), 1.0, 400
        )
    yield size(
        "of three that are much alike, a worse is named ahead", named(THREE, (0.4, 0.46, 0.43)), 0.05, 400
    )
