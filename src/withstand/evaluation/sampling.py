"""``evaluation.precision``: evaluate a random part of each condition, in growing steps, until the mean is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base.console import progress, say
from withstand.engines.predictor import Predictor
from withstand.images.imageset import ImageSet
from withstand.results import metrics
from withstand.results.conditions import Condition
from withstand.results.sample import Sample
from withstand.results.store import Cell, Predictions, Store
from withstand.shifts.corruption.shift import Corruption
from withstand.statistics import sequential

SEED = 0
"""One order of images for all classifiers, whatever the seed of their training: samples pair image by image."""


def evaluate_sample(
    store: Store,
    predictor: Predictor,
    shift: Corruption,
    test: ImageSet,
    cells: Mapping[Condition, Cell],
    precision: float,
    before: Mapping[str, Any] | None,
    note: Callable[[Sample], None],
) -> tuple[Sample, int]:
    """Evaluate until the mean over ``cells`` is known to ``precision`` points; what is in the store is not done again.

    Args:
        before: the sample that the run has from earlier, as its summary says.
        note: is told of the sample at every look.

    Returns:
        The sample, and how many images were predicted for it now.
    """
    n = len(test)
    drawing = _Drawing(store, predictor, shift, test, cells)
    steps = _earlier(before, min(map(len, drawing.seen.values())))
    with progress("looks", 0) as bar:
        while True:
            rounds = steps[-1][0] if steps else 0
            if rounds:
                sample = _look(drawing, steps, precision, n)
                note(sample)
                say(
                    f"  {sample.evaluated:,} of {sample.of:,}: top-1 {100 * sample.value:.2f}%,"
                    f" {100 * sample.low:.2f} to {100 * sample.high:.2f}"
                )
                if sample.mean.half_width <= precision / 100 or rounds == n:
                    return sample, drawing.predicted
            target = sequential.next_look(drawing.right(rounds), precision / 100, n)
            for condition in cells:
                bar.advance(0, images=drawing.extend(condition, target), note=str(condition))
            steps.append((target, precision))


class _Drawing:
    """The predictions of every condition so far, in the order in which its images are drawn."""

    def __init__(
        self,
        store: Store,
        predictor: Predictor,
        shift: Corruption,
        test: ImageSet,
        cells: Mapping[Condition, Cell],
    ) -> None:
        self.store, self.predictor, self.shift, self.test, self.cells = store, predictor, shift, test, cells
        self.predicted = 0
        self.orders = {c: sequential.order(str(c), len(test), SEED) for c in cells}
        self.seen = {c: self._stored(c) for c in cells}

    def right(self, rounds: int) -> NDArray[np.float64]:
        """rounds×C: 1 where the answer was right."""
        if not rounds:
            return np.zeros((0, len(self.cells)))
        whole = np.arange(rounds)
        columns = [metrics.correct(self.seen[c].take(whole)) for c in self.cells]
        return np.stack(columns, axis=1).astype(np.float64)

    def extend(self, condition: Condition, rounds: int) -> int:
        """Predict what a condition lacks to ``rounds`` images; gives how many that were."""
        seen = self.seen[condition]
        rows = self.orders[condition][len(seen) : rounds]
        if not len(rows):
            return 0
        more = self.predictor(self.shift.over(self.test.take(rows)).images(condition))
        self.seen[condition] = seen.join(more) if len(seen) else more
        self.store.write(self.cells[condition], self.seen[condition], part=True)
        self.predicted += len(rows)
        return len(rows)

    def _stored(self, condition: Condition) -> Predictions:
        stored = self.store.part(self.cells[condition])
        if stored is None:
            none = np.empty(0, np.int64)
            return Predictions(none, none, np.zeros((0, len(self.test.classes)), np.float32))
        wanted = self.test.ids[self.orders[condition]]
        if len(stored) == len(wanted):  # the whole cell, in the order of the test set
            return stored.take(self.orders[condition])
        if not np.array_equal(stored.ids, wanted[: len(stored)]):
            raise AssertionError(f"{self.cells[condition].part} holds other images than were drawn")
        return stored


def complete(store: Store, cell: Cell, predictor: Predictor, shift: Corruption, test: ImageSet) -> int:
    """Predict what a cell's part lacks to the whole, and write the whole; gives how many images that were."""
    part = store.part(cell)
    if part is None:
        whole, rows = predictor(shift.images(cell.condition)), np.arange(len(test))
    else:
        rows = np.flatnonzero(~np.isin(test.ids, part.ids))
        both = part.join(predictor(shift.over(test.take(rows)).images(cell.condition)))
        by_id = np.argsort(both.ids)
        whole = both.take(by_id[np.searchsorted(both.ids[by_id], test.ids)])
    store.write(cell, whole)
    return len(rows)


def _earlier(before: Mapping[str, Any] | None, rounds: int) -> list[tuple[int, float]]:
    """The looks of an earlier sample, as far as its predictions are there: what each aimed at was settled then."""
    if not before or before["seed"] != SEED:
        return []
    return [(int(end), float(aim)) for end, aim in before["steps"] if end <= rounds]


def _look(drawing: _Drawing, steps: list[tuple[int, float]], precision: float, n: int) -> Sample:
    rounds = steps[-1][0]
    mean = sequential.finite_mean(drawing.right(rounds), [(end, aim / 100) for end, aim in steps], n)
    return Sample(
        precision=precision,
        rounds=rounds,
        evaluated=mean.n,
        of=n * len(drawing.cells),
        seed=SEED,
        value=mean.value,
        low=mean.low,
        high=mean.high,
        steps=[list(step) for step in steps],
    )
