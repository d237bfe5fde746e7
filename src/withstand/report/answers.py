"""The predictions of each run, image by image: the chosen class and its confidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import Condition
from withstand.results.metrics import not_numbers, probabilities
from withstand.results.runs import Run


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of one run to some images under some conditions.

    Attributes:
        conditions: C of them, in the order of the columns.
        chosen: int64 N×C, the class with the highest logit; of an answer that is not a number, a wrong one.
        confidence: float64 N×C, its softmax probability, 0 to 1; 1 for an answer that is not a number.
    """

    conditions: tuple[Condition, ...]
    chosen: NDArray[np.int64]
    confidence: NDArray[np.float64]

    def under(self, conditions: Iterable[Condition]) -> Answers:
        """The answers under some of the conditions."""
        wanted = tuple(conditions)
        columns = [self.conditions.index(condition) for condition in wanted]
        return Answers(wanted, self.chosen[:, columns], self.confidence[:, columns])


def answers(run: Run, ids: NDArray[np.int64]) -> Answers:
    """What ``run`` answered to the images ``ids`` (all of them must be there), under all its conditions."""
    chosen = np.empty((len(ids), len(run.conditions)), np.int64)
    confidence = np.empty(chosen.shape)
    for column, condition in enumerate(run.conditions):
        read = run.predictions(condition)
        order = np.argsort(read.ids, kind="stable")
        answer = read.take(order[np.searchsorted(read.ids[order], ids)])
        chances = probabilities(answer)
        chosen[:, column] = np.where(
            not_numbers(answer), chances.argmax(axis=1), answer.logits.argmax(axis=1)
        )
        confidence[:, column] = chances.max(axis=1)
    return Answers(run.conditions, chosen, confidence)
