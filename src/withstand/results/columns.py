"""What was read of a run's cells, kept for all views of the run: ids, labels and values by image, never the logits.

A cell is read once for the shares, and once for all other metrics together: reading takes longer than counting.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import Condition
from withstand.results.metrics import METRICS, Metric, find, not_numbers
from withstand.results.store import Predictions

Ids = NDArray[np.int64]
Read = Callable[[Condition], Predictions]


@dataclass(frozen=True, eq=False)
class Columns:
    """By condition, in the order of the cell's rows.

    Attributes:
        cell: tells the predictions of a condition from those of another view of the run under the same condition.
        facts: what files say of what they show, by file.
    """

    cell: Callable[[Condition], Hashable] = str
    facts: dict[Hashable, dict[str, Any]] = field(default_factory=dict)
    _rows: dict[Hashable, tuple[Ids, Ids]] = field(default_factory=dict)
    _values: dict[tuple[Hashable, str], NDArray[np.float32]] = field(default_factory=dict)
    _broken: dict[Hashable, int] = field(default_factory=dict)

    def of(self, cell: Callable[[Condition], Hashable]) -> Columns:
        """The same, for a view whose cells are those that ``cell`` tells."""
        return replace(self, cell=cell)

    def rows(self, condition: Condition, read: Read) -> tuple[Ids, Ids]:
        """The ids and the labels; conditions that show the same images share one array of each."""
        if (cell := self.cell(condition)) not in self._rows:
            self.values(condition, "top1", read)  # which is asked for next, wherever ids are
        return self._rows[cell]

    def values(self, condition: Condition, metric: str, read: Read) -> tuple[NDArray[np.float32], int]:
        """The value of each row, and how many answers are no numbers."""
        if ((cell := self.cell(condition)), metric) not in self._values:
            found = read(condition)
            self._keep(cell, found)
            for name in _with(metric, condition.shift):
                self._values[cell, name] = np.asarray(find(name).per_image(found), np.float32)
        return self._values[cell, metric], self._broken[cell]

    def _keep(self, cell: Hashable, found: Predictions) -> None:
        if cell in self._rows:
            return
        rows = found.ids, found.labels
        last = next(reversed(self._rows.values()), rows)
        same = all(np.array_equal(one, other) for one, other in zip(rows, last, strict=True))
        self._rows[cell] = last if same else rows
        self._broken[cell] = int(not_numbers(found).sum())


def _with(metric: str, shift: str) -> list[str]:
    """What is worked out while a cell is in memory: one metric, and those of ours that are asked for with it."""
    counts = _counts(find(metric))
    alike = [
        name
        for name, one in METRICS.ours.items()
        if _counts(one) == counts and not one.only and name in METRICS
    ]
    return list(dict.fromkeys([metric, *(alike if not find(metric).only else ())]))


def _counts(metric: Metric) -> bool:
    """Whether it only counts right answers, which needs no probabilities."""
    return metric.share and not metric.of_the_set
