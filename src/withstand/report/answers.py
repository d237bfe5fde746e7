"""The predictions of each run, image by image: the chosen class and its confidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import Condition
from withstand.results.run import Run
from withstand.results.scores import in_place


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of one run to some images under some conditions.

    Attributes:
        conditions: C of them, in the order of the columns.
        chosen: whole numbers N×C, the class with the highest logit; ``NO_NUMBER`` where an answer is none.
        confidence: float64 N×C, its softmax probability, 0 to 1; 1 for an answer that is not a number.
    """

    conditions: tuple[Condition, ...]
    chosen: NDArray[np.integer]
    confidence: NDArray[np.float64]

    def under(self, conditions: Iterable[Condition]) -> Answers:
        """The answers under some of the conditions."""
        wanted, places = tuple(conditions), {one: place for place, one in enumerate(self.conditions)}
        columns = in_place([places[condition] for condition in wanted])
        return Answers(wanted, self.chosen.T[columns].T, self.confidence.T[columns].T)


def answers(run: Run, ids: NDArray[np.int64]) -> Answers:
    """What ``run`` answered to the images ``ids`` (all of them must be there), under all its conditions."""
    confidence = np.empty((len(run.conditions), len(ids)))
    chosen = np.empty(confidence.shape, np.uint16)
    for row, condition in enumerate(run.conditions):
        seen, answered, sure = run.answers(condition)
        if not np.array_equal(seen, ids):
            order = np.argsort(seen, kind="stable")
            rows = order[np.searchsorted(seen[order], ids)]
            answered, sure = answered[rows], sure[rows]
        chosen[row], confidence[row] = answered, sure
    return Answers(run.conditions, chosen.T, confidence.T)
