"""What a sample says at a look, and how far to go before the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import Condition
from withstand.results.store import Predictions
from withstand.statistics import Estimate, controlled, sequential
from withstand.statistics.guessing import Guesses, Known

CLEAN_ANSWERS = "clean answers"
"""The control, as the record names it. Other guesses need another name: a sample goes on in the way it began."""

Right = NDArray[np.float64]
Steps = Sequence[tuple[int, float]]


class Looking(Protocol):
    """A way from answers to an interval; aims are half-widths in shares."""

    @property
    def control(self) -> str | None:
        """Its name on record."""

    def mean(self, right: Right, steps: Steps) -> Estimate:
        """From answers in T rounds under C conditions, T×C."""

    def next(self, right: Right, steps: Steps, aim: float) -> int:
        """How many rounds to have at the next look."""


class Plain:
    """Answers alone."""

    control = None

    def __init__(self, population: int) -> None:
        self.population = population

    def mean(self, right: Right, steps: Steps) -> Estimate:
        return sequential.finite_mean(right, steps, self.population)

    def next(self, right: Right, steps: Steps, aim: float) -> int:
        return sequential.next_look(right, aim, self.population)


class Guessing:
    """Answers beside what was to be expected of them, by the clean answers to all images."""

    control = CLEAN_ANSWERS

    def __init__(self, clean: Predictions, orders: Mapping[Condition, NDArray[np.int64]]) -> None:
        kinds = [(condition.shift, condition.variant) for condition in orders]
        known = Known.of(clean.logits, clean.labels, kinds)
        self.guesses = Guesses(known, np.stack(list(orders.values()), axis=1))

    def mean(self, right: Right, steps: Steps) -> Estimate:
        control = self.guesses.control(right, [end for end, _ in steps])
        return controlled.finite_mean(right, steps, len(self.guesses.orders), control)

    def next(self, right: Right, steps: Steps, aim: float) -> int:
        population, spread = len(self.guesses.orders), self.guesses.spread(right)
        control = self.guesses.control(right, [end for end, _ in steps]) if len(right) else None
        return controlled.next_look(right, steps, aim, population, control, spread)


def looking(
    before: Mapping[str, Any] | None, clean: Predictions, orders: Mapping[Condition, NDArray[np.int64]]
) -> Looking:
    """As the sample that is there was begun, by its record; a new one is compared with its clean answers."""
    if before and before.get("control") is None:
        return Plain(len(clean))
    return Guessing(clean, orders)
