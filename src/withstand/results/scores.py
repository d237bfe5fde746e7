"""Per-image values of one run: a row for each source image, a column for each condition, computed when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import Condition
from withstand.results.metrics import find, not_numbers
from withstand.results.store import Predictions


@dataclass(frozen=True, eq=False)
class Scores:
    """Per-image values of one run.

    Attributes:
        ids: int64 N, ascending: the images that every condition has, or any of them in a sampled run.
        labels: int64 N.
        conditions: C of them, in the order of the columns.
        read: gives the predictions under a condition; the logits are not kept.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    conditions: tuple[Condition, ...]
    read: Callable[[Condition], Predictions]
    _known: dict[str, NDArray[np.float32]] = field(default_factory=dict, repr=False)
    _broken: dict[Condition, int] = field(default_factory=dict, repr=False)

    @classmethod
    def over(
        cls, conditions: Sequence[Condition], read: Callable[[Condition], Predictions], sampled: bool
    ) -> Scores:
        """Of the images that all conditions share; of all that any has where each was shown a part of its own."""
        ids = np.empty(0, np.int64)
        labels = np.empty(0, np.int64)
        for place, condition in enumerate(conditions):
            found = read(condition)
            if place and np.array_equal(found.ids, ids):
                continue
            if place and not sampled:
                ids, kept, _ = np.intersect1d(ids, found.ids, return_indices=True)
                labels = labels[kept]
            else:
                ids, first = np.unique(np.concatenate([ids, found.ids]), return_index=True)
                labels = np.concatenate([labels, found.labels])[first]
        return cls(ids, labels, tuple(conditions), read)

    def values(self, metric: str) -> NDArray[np.float32]:
        """float32 N×C of one metric; NaN where an image was not seen under a condition.

        Raises:
            UserError: there is no such metric.
        """
        self.fill([metric])
        return self._known[metric]

    def fill(self, metrics: Iterable[str]) -> None:
        """Work out several metrics, so that the predictions of a condition are read once for all of them.

        Raises:
            UserError: there is no such metric.
        """
        asked = {name: find(name) for name in metrics if name not in self._known}
        if not asked:
            return
        shape = (len(self.ids), len(self.conditions))
        tables = {name: np.full(shape, np.nan, np.float32) for name in asked}
        for column, condition in enumerate(self.conditions):
            read = self.read(condition)
            ours = np.isin(read.ids, self.ids)
            if not ours.all():
                read = read.take(np.flatnonzero(ours))
            rows = np.searchsorted(self.ids, read.ids)
            self._broken[condition] = int(not_numbers(read).sum())
            for name, known in asked.items():
                value = np.asarray(known.per_image(read), np.float32)
                # A network that gave no number is not an image unseen: it must show. A measure that is asked of one
                # shift alone may have nothing to say.
                lost = np.nan if known.only else np.inf
                tables[name][rows, column] = np.where(np.isnan(value), lost, value)
        self._known.update(tables)

    @property
    def broken(self) -> dict[Condition, int]:
        """Condition → answers that are not numbers (NaN or infinite logits), which are wrong in every metric."""
        self.values("top1")
        return {condition: count for condition, count in self._broken.items() if count}

    def of(
        self, metric: str, conditions: Iterable[Condition], ids: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """float32 N×C of one metric: the columns of ``conditions``, the rows of ``ids``; NaN where not seen."""
        columns = [self.conditions.index(condition) for condition in conditions]
        values = self.values(metric)
        if ids is None or np.array_equal(ids, self.ids):
            return values[:, columns]
        rows = np.minimum(np.searchsorted(self.ids, ids), max(len(self.ids) - 1, 0))
        there = self.ids[rows] == ids
        return np.where(there[:, None], values[rows][:, columns], np.float32(np.nan))
