"""The size of a difference between two sides, and what it holds for: these trainings, these models, or their kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.hypotheses.subjects import Subject
from withstand.results.metrics import find
from withstand.statistics import (
    LEVEL,
    Bounds,
    Estimate,
    Pilot,
    condition_values,
    mean_interval,
    mean_p,
    over_seeds,
    seeds_p,
    seen,
    simultaneous_level,
)

MANY = 5
"""Models a side from which on they stand for their kind: the models are a source of variance then, as images are."""

Group = list[Subject]
"""Trainings of one model by different seeds."""
Pair = tuple[Group, Group]
"""A model of either side; the second is empty where a claim is about one side alone."""


@dataclass(frozen=True)
class Measured:
    """Values of the pairs on the images that all of them saw.

    Attributes:
        values: training → float64 N, its value for each image.
        ids: int64 N, those images.
        reach: how far a difference can be from 0; None: no bound.
    """

    values: dict[str, NDArray[np.float64]]
    ids: NDArray[np.int64]
    reach: float | None

    @classmethod
    def of(cls, pairs: Sequence[Pair], metric: str, ids: NDArray[np.int64], signed: bool) -> Measured:
        """From the subjects of all pairs: what one of them did not see counts for none.

        Args:
            signed: whether a value is itself a difference of two of the metric's.
        """
        every = {one.name: one for pair in pairs for side in pair for one in side}
        tables = {name: one.tables(ids) for name, one in every.items()}
        groups = [np.stack(parts) for parts in zip(*tables.values(), strict=True)]
        for parts in groups:
            parts[:, np.isnan(parts).any(axis=0)] = np.nan
        rows = seen(groups[0][0])
        values = {
            name: sum(
                sign * condition_values(parts[place, rows]).mean(axis=1)
                for sign, parts in zip((1, -1), groups, strict=False)
            )
            for place, name in enumerate(every)
        }
        known, twice = find(metric), signed and any(less for _, less in pairs)
        reach = None if known.high is None or known.reach else (1 + twice) * (known.high - known.low)
        return cls({name: np.asarray(value) for name, value in values.items()}, ids[rows], reach)

    def rows(self, group: Group) -> NDArray[np.float64]:
        """S×N, a row for each training."""
        return np.stack([self.values[one.name] for one in group])

    def model(self, group: Group) -> NDArray[np.float64]:
        """float64 N: the mean over trainings."""
        return np.asarray(self.rows(group).mean(axis=0))

    def interval(self, each: NDArray[np.float64], level: float = LEVEL) -> Estimate:
        """Of the mean of differences, one an image."""
        return self.possible(mean_interval(each, self.bounds, level))

    @property
    def bounds(self) -> Bounds:
        """Of a difference: ``reach`` on either side, or none."""
        return (None, None) if self.reach is None else (-self.reach, self.reach)

    def possible(self, one: Estimate) -> Estimate:
        """The same without what no difference can be."""
        return one if self.reach is None else one.within(-self.reach, self.reach)

    def difference(self, pair: Pair) -> NDArray[np.float64]:
        """float64 N: the one side less the other."""
        more, less = pair
        return self.model(more) - self.model(less) if less else self.model(more)


def contrasts(pairs: Sequence[Pair], measured: Measured) -> list[Estimate]:
    """The difference of each pair, with simultaneous intervals, over seeds too where both sides have several."""
    differences = [measured.difference(pair) for pair in pairs]
    level = simultaneous_level(np.stack(differences, axis=1))
    bonferroni = 1 - (1 - LEVEL) / len(pairs)
    return [
        measured.possible(over_seeds(*(measured.rows(side) for side in pair if side), level=bonferroni))
        if _several(pair)
        else measured.interval(each, level)
        for pair, each in zip(pairs, differences, strict=True)
    ]


def effect(pairs: Sequence[Pair], measured: Measured) -> tuple[Estimate, float, str]:
    """The mean over pairs with interval and p-value, and in words what they hold for."""
    sides = _sides(pairs)
    if _of_kinds(pairs):
        rows = _matched(pairs, measured) or [np.stack([measured.model(g) for g in side]) for side in sides]
        counts = " and ".join(str(len(side)) for side in sides)
        found = measured.possible(over_seeds(*rows))
        return found, seeds_p(*rows), f"models of these kinds, by {counts} of them"
    seeds = _seeds(pairs)
    models = sum(len(side) for side in sides)
    if min(seeds) > 1:
        # The s-th trainings of all models of a side make one training of that side.
        rows = [
            np.mean([measured.rows(pair[place])[: seeds[place]] for pair in pairs], axis=0)
            for place in range(len(sides))
        ]
        over = " and ".join(map(str, dict.fromkeys(seeds)))
        said = f"{'this model' if models == 1 else f'these {counted(models)} models'}, over {over} seeds"
        return measured.possible(over_seeds(*rows)), seeds_p(*rows), said
    mean = _mean(pairs, measured)
    trainings = len({one.name for pair in pairs for side in pair for one in side})
    said = "this training" if trainings == 1 else f"these {counted(trainings)} trainings"
    return measured.interval(mean), mean_p(mean, measured.bounds), said


def pilot(pairs: Sequence[Pair], measured: Measured) -> Pilot | None:
    """How that mean varies from image to image; None where trainings or models are a source of variance, too."""
    mean = _mean(pairs, measured)
    if _of_kinds(pairs) or min(_seeds(pairs)) > 1 or len(mean) < 2 or not np.isfinite(mean).all():
        return None
    reach = float(np.abs(mean).max()) if measured.reach is None else measured.reach
    return Pilot.of(mean, bounds=(-reach, reach))


def beside(pairs: Sequence[Pair], measured: Measured) -> tuple[Estimate | None, Estimate | None]:
    """The same mean difference of top-1 on the clean images, and of the drop from them; None where there is none."""
    every = [one for pair in pairs for side in pair for one in side]
    if any(one.clean is None for one in every) or not all(less for _, less in pairs):
        return None, None
    clean = {one.name: one.clean(measured.ids)[:, 0] for one in every if one.clean is not None}
    if any(np.isnan(values).any() for values in clean.values()):
        return None, None
    drop = {name: values - measured.values[name] for name, values in clean.items()}
    on_clean, dropped = (
        effect(pairs, Measured(values, measured.ids, reach))[0] for values, reach in ((clean, 1), (drop, 2))
    )
    return on_clean, dropped


def _sides(pairs: Sequence[Pair]) -> list[list[Group]]:
    """The models of each side, each once; a claim about one side alone has one."""
    return [side for place in (0, 1) if (side := _distinct([pair[place] for pair in pairs]))]


def _of_kinds(pairs: Sequence[Pair]) -> bool:
    """Whether there are models enough to stand for their kinds."""
    return min(map(len, _sides(pairs))) >= MANY and _balanced(pairs)


def _seeds(pairs: Sequence[Pair]) -> list[int]:
    """The trainings that every model of a side has at least."""
    return [min(len(pair[place]) for pair in pairs) for place in range(len(_sides(pairs)))]


def _mean(pairs: Sequence[Pair], measured: Measured) -> NDArray[np.float64]:
    """float64 N: the mean difference over pairs, for each image."""
    return np.asarray(np.mean([measured.difference(pair) for pair in pairs], axis=0))


def _several(pair: Pair) -> bool:
    return all(len(side) > 1 for side in pair if side)


def _distinct(groups: Sequence[Group]) -> list[Group]:
    return list({group[0].name: group for group in groups if group}.values())


def _balanced(pairs: Sequence[Pair]) -> bool:
    """Whether each model is in one pair, or each of the one side is paired with each of the other."""
    more, less = (_distinct([pair[place] for pair in pairs]) for place in (0, 1))
    return len(pairs) in (len(more) * max(1, len(less)), max(len(more), len(less))) and (
        len(pairs) == len(more) * max(1, len(less)) or len(more) == len(less)
    )


def _matched(pairs: Sequence[Pair], measured: Measured) -> list[NDArray[np.float64]]:
    """One row a pair where every model is in one pair alone, else nothing."""
    more, less = (_distinct([pair[place] for pair in pairs]) for place in (0, 1))
    if not less or not len(pairs) == len(more) == len(less):
        return []
    return [np.stack([measured.difference(pair) for pair in pairs])]


def counted(count: int) -> str:
    """A small number as a word."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else str(count)
