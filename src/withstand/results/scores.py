"""Per-image values of one run: a row for each source image, a column for each condition, computed when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from withstand.results.columns import Columns, value
from withstand.results.conditions import Condition
from withstand.results.metrics import find, not_numbers
from withstand.results.store import Predictions
from withstand.statistics import image_values, seen


@dataclass(frozen=True, eq=False)
class Scores:
    """Per-image values of one run.

    Attributes:
        ids: int64 N, ascending: the images that every condition has, or any of them in a sampled run.
        labels: int64 N.
        conditions: C of them, in the order of the columns.
        read: gives the predictions under a condition; the logits are not kept.
        kept: what was read of them, for all that look at the same ones.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    conditions: tuple[Condition, ...]
    read: Callable[[Condition], Predictions]
    _known: dict[str, NDArray[np.float32]] = field(default_factory=dict, repr=False)
    _broken: dict[Condition, int] = field(default_factory=dict, repr=False)
    _whole: dict[str, bool] = field(default_factory=dict, repr=False)
    _all_seen: dict[Condition, bool] = field(default_factory=dict, repr=False)
    kept: Columns = field(default_factory=Columns, repr=False)

    @classmethod
    def over(
        cls,
        conditions: Sequence[Condition],
        read: Callable[[Condition], Predictions],
        sampled: bool,
        kept: Columns | None = None,
    ) -> Scores:
        """Of the images that all conditions share; of all that any has where each was shown a part of its own.

        Args:
            kept: what was read of these very predictions before.
        """
        kept = Columns() if kept is None else kept
        ids = np.empty(0, np.int64)
        labels = np.empty(0, np.int64)
        kept.fill(conditions, ["top1"], read)  # which is asked for next
        for place, condition in enumerate(conditions):
            found_ids, found_labels = kept.rows(condition, read)
            if place and np.array_equal(found_ids, ids):
                continue
            if place and not sampled:
                ids, rows, _ = np.intersect1d(ids, found_ids, return_indices=True)
                labels = labels[rows]
            else:
                ids, first = np.unique(np.concatenate([ids, found_ids]), return_index=True)
                labels = np.concatenate([labels, found_labels])[first]
        return cls(ids, labels, tuple(conditions), read, kept=kept)

    def values(self, metric: str) -> NDArray[np.float32]:
        """float32 N×C of one metric; NaN where an image was not seen under a condition.

        Raises:
            UserError: there is no such metric.
        """
        if metric not in self._known:
            find(metric)
            self.kept.fill(self.conditions, [metric], self.read)
            # A row a condition: what is asked for next are some conditions of all images.
            table = np.full((len(self.conditions), len(self.ids)), np.nan, np.float32)
            for row, condition in zip(table, self.conditions, strict=True):
                ids, values = self.column(condition, metric)
                row[slice(None) if ids is self.ids else np.searchsorted(self.ids, ids)] = values
            self._known[metric] = table.T
        return self._known[metric]

    def column(self, condition: Condition, metric: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The images that were seen under a condition, and the value of each."""
        known = find(metric)
        ids, _ = self.kept.rows(condition, self.read)
        if condition not in self._all_seen:
            self._all_seen[condition] = np.array_equal(ids, self.ids)
        ids = self.ids if self._all_seen[condition] else ids
        if ids is self.ids or np.isin(ids, self.ids).all():
            self._broken[condition] = self.kept.broken(condition, self.read)
            values = self.kept.values(condition, metric, self.read)
        else:  # what is made of the whole set is made of the images that count
            read = self.read(condition)
            read = read.take(np.flatnonzero(np.isin(ids, self.ids)))
            ids, self._broken[condition] = read.ids, int(not_numbers(read).sum())
            values = value(metric, read)
        values = np.asarray(values, np.float32)
        # A network that gave no number is not an image unseen: it must show. A measure that is asked of one shift
        # alone may have nothing to say.
        if (lost := np.isnan(values)).any() and not known.only:
            values = np.where(lost, np.float32(np.inf), values)
        return ids, values

    @property
    def broken(self) -> dict[Condition, int]:
        """Condition → answers that are not numbers (NaN or infinite logits), which are wrong in every metric."""
        self.values("top1")
        return {condition: count for condition, count in self._broken.items() if count}

    def of(
        self, metric: str, conditions: Iterable[Condition], ids: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """float32 N×C of one metric: the columns of ``conditions``, the rows of ``ids``; NaN where not seen."""
        columns = in_place([self._places[condition] for condition in conditions])
        values = self.values(metric).T[columns]
        if ids is None or np.array_equal(ids, self.ids):
            return values.T
        rows = np.minimum(np.searchsorted(self.ids, ids), max(len(self.ids) - 1, 0))
        there = self.ids[rows] == ids
        return np.where(there, values[:, rows], np.float32(np.nan)).T

    def image_values(
        self, metric: str, conditions: Iterable[Condition], ids: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """float64 of each image of ``ids`` that was seen: its mean over conditions (``statistics.image_values``)."""
        known = tuple(conditions)
        every = ids is None or np.array_equal(ids, self.ids)
        if metric not in self._known and every and (total := self._total(metric, known)) is not None:
            return total / np.float64(len(known))
        if metric not in self._whole:
            self._whole[metric] = not np.isnan(self.values(metric)).any()
        if self._whole[metric] and every:  # the same, and sooner
            rows = in_place([self._places[condition] for condition in known])
            exact = np.float32 if find(metric).counts and len(known) < 1 << 24 else np.float64
            return np.asarray(self.values(metric).T[rows].sum(axis=0, dtype=exact) / np.float64(len(known)))
        values = self.of(metric, known, ids)
        return image_values(values[seen(values)])

    def _total(self, metric: str, conditions: Sequence[Condition]) -> NDArray[np.float64] | None:
        """The sum over conditions, without a table of all; None where not every image was seen under each."""
        self.kept.fill(conditions, [metric], self.read)
        total = np.zeros(len(self.ids))
        for condition in conditions:
            ids, values = self.column(condition, metric)
            if ids is not self.ids or np.isnan(values).any():
                return None
            total += values
        return total

    @cached_property
    def _places(self) -> dict[Condition, int]:
        return {condition: place for place, condition in enumerate(self.conditions)}


def in_place(rows: Sequence[int]) -> Sequence[int] | slice:
    """The same rows of an array; where they follow each other, so that nothing is copied."""
    follow = len(rows) > 0 and list(rows) == list(range(rows[0], rows[0] + len(rows)))
    return slice(rows[0], rows[0] + len(rows)) if follow else rows
