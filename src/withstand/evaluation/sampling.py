"""``evaluation.precision``: evaluate a random part of each condition, in growing steps, until the mean is known."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base.console import Bar, progress, say
from withstand.base.crew import Piece, crew
from withstand.evaluation.cells import Cells, Spent
from withstand.evaluation.looking import Looking, looking
from withstand.evaluation.predicting import Rows, joined
from withstand.results import metrics
from withstand.results.conditions import CLEAN, Condition
from withstand.results.sample import Sample
from withstand.results.store import Predictions
from withstand.statistics import Estimate, sequential

SEED = 0
"""One order of images for all classifiers, whatever the seed of their training: samples pair image by image."""


def fill_sample(
    work: Cells, precision: float, before: Mapping[str, Any] | None, note: Callable[[Sample], None]
) -> tuple[Sample, Spent]:
    """Evaluate until the mean over the shifted conditions is known to ``precision`` points; nothing is done again.

    Args:
        before: the sample that the run has from earlier, as its summary says.
        note: is told of the sample at every look.
    """
    started, drawing = time.perf_counter(), _Drawing(work)
    way = looking(before, drawing.clean, drawing.orders)
    steps = _earlier(before, way, min(map(len, drawing.seen.values())))
    with progress("looks", 0) as bar:
        while True:
            rounds = steps[-1][0] if steps else 0
            right, shares = drawing.right(rounds), [(end, aim / 100) for end, aim in steps]
            if rounds:
                sample = _sample(drawing, way, way.mean(right, shares), steps, precision)
                note(sample)
                say(
                    f"  {sample.evaluated:,} of {sample.of:,}: top-1 {100 * sample.value:.2f}%,"
                    f" {100 * sample.low:.2f} to {100 * sample.high:.2f}"
                )
                if sample.mean.half_width <= precision / 100 or rounds == drawing.n:
                    return sample, Spent(drawing.predicted, time.perf_counter() - started)
            target = way.next(right, shares, precision / 100)
            drawing.extend(rounds, target, bar)
            steps.append((target, precision))


def drawn(condition: Condition, ids: NDArray[np.int64], sample: Sample) -> NDArray[np.int64]:
    """Which of the test images ``ids`` a sample has seen under a condition, by its own record."""
    return ids[sequential.order(str(condition), len(ids), sample.seed)[: sample.rounds]]


class _Drawing:
    """The predictions of every shifted condition so far, in the order in which its images are drawn."""

    def __init__(self, work: Cells) -> None:
        self.work, self.predicted = work, 0
        self.images = {c: work.images(c) for c in work.cells if c != CLEAN}
        (self.n,) = {len(images) for images in self.images.values()}
        self.orders = {c: sequential.order(str(c), self.n, SEED) for c in self.images}
        self.seen = {c: self._stored(c) for c in self.images}
        ids = next(iter(self.images.values())).ids
        self.clean = work.store.read(work.cells[CLEAN]).at(ids)

    def right(self, rounds: int) -> NDArray[np.float64]:
        """rounds×C: 1 where the answer was right."""
        if not rounds:
            return np.zeros((0, len(self.seen)))
        whole = np.arange(rounds)
        columns = [metrics.correct(seen.take(whole)) for seen in self.seen.values()]
        return np.stack(columns, axis=1).astype(np.float64)

    def extend(self, start: int, rounds: int, bar: Bar) -> None:
        """Predict what each condition lacks of the images from one look to the next."""
        pieces, owners = list[Piece](), list[Mapping[Condition, Rows]]()
        for asked in self._groups(start, rounds):
            some = self._pieces(asked)
            pieces, owners = pieces + some, owners + [asked] * len(some)
        left, made = Counter(map(id, owners)), dict[int, Predictions]()
        for number, found in crew().do(self.work.work, pieces):
            made[number], asked = found, owners[number]
            left[id(asked)] -= 1
            if not left[id(asked)]:
                mine = [made.pop(at) for at, owner in enumerate(owners) if owner is asked]
                self._keep(asked, joined(mine))
                bar.advance(0, images=sum(map(len, mine)), note=str([*asked][-1]))

    def _groups(self, start: int, rounds: int) -> Iterator[Mapping[Condition, Rows]]:
        """Conditions whose rows go together, since one alone fills no batch; the same after a kill as before it."""
        together = 1 if self.work.work.whole else max(1, self.work.predictor.batch_size // (rounds - start))
        shifts = dict.fromkeys(condition.shift for condition in self.seen)
        for shift in shifts:
            ours = [condition for condition in self.seen if condition.shift == shift]
            for first in range(0, len(ours), together):
                group = ours[first : first + together]
                lengths = {condition: len(self.seen[condition]) for condition in group}
                if min(lengths.values()) < rounds:
                    # Of one that is written while the rest of its group is not, the same comes again.
                    begun = {c: start if n == rounds else n for c, n in lengths.items() if n <= rounds}
                    yield {c: self.orders[c][n:rounds] for c, n in begun.items()}

    def _pieces(self, asked: Mapping[Condition, Rows]) -> list[Piece]:
        if len(asked) > 1:
            return [self.work.work.together(asked)]
        ((condition, rows),) = asked.items()
        return self.work.work.pieces(condition, self.n, rows)

    def _keep(self, asked: Mapping[Condition, Rows], more: Predictions) -> None:
        ends = np.cumsum([len(rows) for rows in asked.values()])
        for (condition, rows), end in zip(asked.items(), ends, strict=True):
            own = more.take(np.arange(end - len(rows), end)) if len(asked) > 1 else more
            seen = self.seen[condition]
            before = seen.take(np.flatnonzero(~np.isin(seen.ids, own.ids)))
            self.seen[condition] = before.join(own) if len(before) else own
            self.work.store.write(self.work.cells[condition], self.seen[condition], part=True)
        self.predicted += len(more)

    def _stored(self, condition: Condition) -> Predictions:
        stored, images = self.work.store.part(self.work.cells[condition]), self.images[condition]
        if stored is None:
            none = np.empty(0, np.int64)
            return Predictions(none, none, np.zeros((0, len(images.classes)), np.float32))
        wanted = images.ids[self.orders[condition]]
        if len(stored) == len(wanted):  # the whole cell, in the order of the test set
            return stored.take(self.orders[condition])
        there = np.isin(wanted, stored.ids)  # in an order of another kind, where it is no part of a sample
        first = len(wanted) if there.all() else int(there.argmin())
        return stored.at(wanted[:first])


def _earlier(before: Mapping[str, Any] | None, way: Looking, rounds: int) -> list[tuple[int, float]]:
    """The looks of an earlier sample, as far as its predictions are there: what each aimed at was settled then."""
    if not before or before["seed"] != SEED or before.get("control") != way.control:
        return []
    return [(int(end), float(aim)) for end, aim in before["steps"] if end <= rounds]


def _sample(
    drawing: _Drawing, way: Looking, mean: Estimate, steps: list[tuple[int, float]], precision: float
) -> Sample:
    return Sample(
        precision=precision,
        rounds=steps[-1][0],
        evaluated=mean.n,
        of=drawing.n * len(drawing.seen),
        seed=SEED,
        value=mean.value,
        low=mean.low,
        high=mean.high,
        steps=[list(step) for step in steps],
        control=way.control,
    )
