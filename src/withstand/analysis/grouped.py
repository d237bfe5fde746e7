"""Accuracy in groups of the clean images: each, the worst, the gap, with intervals that know what was picked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.comparison import Comparison, compare
from withstand.results.metrics import correct
from withstand.results.run import Run
from withstand.results.runs import LeftOut, names
from withstand.statistics import LEVEL, Estimate, mean_interval

KIND = "groups"


@dataclass(frozen=True, eq=False)
class Grouped:
    """Runs on the same images in the same groups.

    Attributes:
        column: what the groups are by.
        groups: their names, G of them.
        members: int64 N, the group of each image of ``together.ids``.
    """

    column: str
    together: Comparison
    groups: tuple[str, ...]
    members: NDArray[np.int64]
    left_out: tuple[LeftOut, ...]

    @classmethod
    def of(cls, runs: Sequence[Run], column: str) -> Grouped:
        """Those that were grouped as most were, on the images that most saw; groups without an image are none."""
        here = [run for run in runs if column in run.shifts]
        of = {run.folder: _members(run, column) for run in here}
        left_out = [
            LeftOut(name, "its record does not say of each image which group it is in")
            for name, run in zip(names(here), here, strict=True)
            if not of[run.folder]
        ]
        together = compare([run for run in here if of[run.folder]], shift=column)
        said = [tuple(of[run.folder][one] for one in together.ids.tolist()) for run in together.runs]
        if not said:
            return cls(column, together, (), np.empty(0, np.int64), tuple(left_out))
        ((most, _),) = Counter(said).most_common(1)
        left_out += together.left_out
        left_out += [
            LeftOut(name, f"its images are in other groups by {column}")
            for name, own in zip(together.names, said, strict=True)
            if own != most
        ]
        if any(own != most for own in said):
            alike = [run for run, own in zip(together.runs, said, strict=True) if own == most]
            together = compare(alike, shift=column)
        groups, members = np.unique(most, return_inverse=True)
        return cls(column, together, tuple(map(str, groups)), members.astype(np.int64), tuple(left_out))

    def each(self, name: str, level: float = LEVEL) -> list[Estimate]:
        """Top-1 in each group."""
        right = self._right(name)
        return [
            mean_interval(right[self.members == group], (0, 1), level) for group in range(len(self.groups))
        ]

    def worst(self, name: str) -> tuple[str, Estimate]:
        """The group with the lowest accuracy, and an interval of the lowest accuracy of any group.

        All groups' intervals hold together (Bonferroni), so the lowest true accuracy lies between the lowest of their
        lower ends and the lowest of their upper ones, whichever group it is.
        """
        every = self.each(name, self._together)
        low = min(every, key=lambda one: one.value)
        value = Estimate(low.value, min(one.low for one in every), min(one.high for one in every), low.n)
        return self.groups[every.index(low)], value

    def gap(self, name: str) -> Estimate:
        """The best group's accuracy less the worst one's, with an interval that knows that both were picked."""
        every = self.each(name, self._together)
        best, worst = max(one.value for one in every), min(one.value for one in every)
        least = max(one.low for one in every) - min(one.high for one in every)
        most = max(one.high for one in every) - min(one.low for one in every)
        return Estimate(best - worst, max(0.0, least), most, len(self.members))

    def mean(self, name: str) -> Estimate:
        """The mean over groups, each counting alike however many images it has."""
        right, many = self._right(name), np.bincount(self.members, minlength=len(self.groups))
        # An image's value is what it moves the mean by, times N: their mean is the mean over groups.
        weight = len(right) / (len(self.groups) * many[self.members])
        return mean_interval(right * weight, (0.0, float(weight.max()))).within(0, 1)

    @property
    def _together(self) -> float:
        return 1 - (1 - LEVEL) / len(self.groups)

    def _right(self, name: str) -> NDArray[np.float64]:
        (condition,) = self.together.conditions
        return correct(self.together.run(name).predictions(condition).at(self.together.ids)).astype(
            np.float64
        )


def _members(run: Run, column: str) -> dict[int, str]:
    """Image → its group; empty where the record is not of the images that were predicted."""
    about, conditions = run.about(column), [one for one in run.conditions if one.shift == column]
    shown, _ = run.columns.rows(conditions[0], run.predictions)
    members, ids = about.get("members", ()), np.sort(shown).tolist()
    if len(conditions) > 1 or len(members) != len(ids):
        return {}
    return {image: about["groups"][group] for image, group in zip(ids, members, strict=True)}
