"""What was read of a run's cells, for all views of the run: ids, labels, and by image values and answers; no logits.

A cell is read once for all that is asked of a run, and not at all where that is kept in the run's folder.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base.errors import UserError
from withstand.base.limits import cores
from withstand.results.conditions import Condition
from withstand.results.kept import Kept, Made, Source
from withstand.results.kept_file import Values
from withstand.results.makers import maker
from withstand.results.metrics import METRICS, answered, confidence, find, not_numbers
from withstand.results.store import Predictions

Ids = NDArray[np.int64]
Read = Callable[[Condition], Predictions]

CHOSEN, CONFIDENCE = ".chosen", ".confidence"
ANSWERS = {CHOSEN: answered, CONFIDENCE: confidence}
"""What is asked of a cell beside metrics; a module cannot be called so."""

_ROOM = 1 << 26  # bytes of logits in the works at once, but for those of one cell


@dataclass(frozen=True, eq=False)
class Columns:
    """By condition, in the order of the cell's rows. Threads may ask at once, and wait for each other.

    Attributes:
        cell: tells the predictions of a condition from those of another view of the run under the same condition.
        kept: what the run's folder keeps.
    """

    cell: Callable[[Condition], Hashable] = str
    kept: Kept = field(default_factory=Kept)
    _rows: dict[Hashable, Made] = field(default_factory=dict)
    _made: dict[tuple[Hashable, str], Values] = field(default_factory=dict)
    _shown: dict[Hashable, Mapping[str, Any]] = field(default_factory=dict)
    _filled: set[Hashable] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def of(self, cell: Callable[[Condition], Hashable]) -> Columns:
        """The same, for a view whose cells are those that ``cell`` tells."""
        return replace(self, cell=cell)

    def rows(self, condition: Condition, read: Read) -> tuple[Ids, Ids]:
        """The ids and the labels; conditions that show the same images share one array of each."""
        found = self._images(condition, read)
        return found.ids, found.labels

    def broken(self, condition: Condition, read: Read) -> int:
        """How many answers are no numbers."""
        return self._images(condition, read).broken

    def shown(self, condition: Condition) -> Mapping[str, Any]:
        """What the images depend on (``Source.shown``); nothing where the predictions are no files."""
        cell = self.cell(condition)
        with self._lock:
            if cell not in self._shown and isinstance(cell, Source):
                kept = self.kept.shown(cell)
                self._shown[cell] = cell.shown() if kept is None else kept
            return self._shown.get(cell, {})

    def values(self, condition: Condition, name: str, read: Read) -> Values:
        """The value of each row, of a metric or an answer."""
        with self._lock:
            if (found := self._known(condition, name)) is None:
                self._fill([condition], [name], read)
                found = self._known(condition, name)
        if found is None:  # it was taken away since
            found = value(name, read(condition))
        return found

    def fill(self, conditions: Iterable[Condition], names: Sequence[str], read: Read) -> None:
        """Have metrics or answers of all conditions: each cell that lacks any is read once, for all that it lacks."""
        asked = tuple(conditions), tuple(names)
        cells = tuple(map(self.cell, asked[0])), asked[1]
        with self._lock:
            if cells not in self._filled:
                self._fill(*asked, read)
                self._filled.add(cells)

    def _fill(self, conditions: Sequence[Condition], names: Sequence[str], read: Read) -> None:
        if self._lacking(conditions, names):
            self.kept.look_again()
        self._make(self._lacking(conditions, names), read)

    def _make(self, work: Mapping[Condition, list[str]], read: Read) -> None:
        """Read cells, and have of each what is named beside it; keep it in the folder as far as that can be."""
        made: dict[Hashable, Made] = {}
        for condition, one in zip(work, _each(partial(_made, self.cell, read), work.items()), strict=True):
            made[cell := self.cell(condition)] = one
            self._share(cell, one)
            if one.stamps:
                self._shown[cell] = one.shown
            self._made.update({(cell, name): values for name, (values, _) in one.columns.items()})
        kept = {
            cell: one for cell, one in made.items() if isinstance(cell, Source) and self.kept.takes(cell, one)
        }
        if kept and self.kept.add(kept):
            for cell, one in kept.items():  # read from there, they take no memory of ours
                for name in (name for name, (_, by) in one.columns.items() if by):
                    del self._made[cell, name]

    def lacks(self, conditions: Sequence[Condition], names: Sequence[str]) -> bool:
        """Whether any is neither at hand nor kept."""
        with self._lock:
            return bool(self._lacking(conditions, names))

    def _lacking(self, conditions: Sequence[Condition], names: Sequence[str]) -> dict[Condition, list[str]]:
        """What is neither at hand nor kept, by condition."""
        found: dict[Condition, list[str]] = {}
        for shift in dict.fromkeys(one.shift for one in conditions):
            asked = [one for one in names if one in ANSWERS or find(one).asked_of(shift)]
            wanted = {one: maker(one) for name in asked for one in _with(name)}
            for condition in (one for one in conditions if one.shift == shift):
                cell = self.cell(condition)
                kept = self.kept.names(cell) if isinstance(cell, Source) else {}
                lacking = [
                    one for one, by in wanted.items() if kept.get(one) != by and (cell, one) not in self._made
                ]
                if lacking:
                    found[condition] = lacking
        return found

    def _known(self, condition: Condition, name: str) -> Values | None:
        cell = self.cell(condition)
        if (cell, name) in self._made:
            return self._made[cell, name]
        return self.kept.column(cell, name, maker(name)) if isinstance(cell, Source) else None

    def _images(self, condition: Condition, read: Read) -> Made:
        cell = self.cell(condition)
        with self._lock:
            if not self._has_rows(cell):
                self._fill([condition], ["top1"], read)  # which is asked for next, wherever ids are
            if not self._has_rows(cell):  # of values that are at hand
                self._make({condition: []}, read)
            return self._rows[cell]

    def _has_rows(self, cell: Hashable) -> bool:
        """Whether the images of a cell are at hand, or kept."""
        kept = self.kept.rows(cell) if cell not in self._rows and isinstance(cell, Source) else None
        if kept is not None:
            self._share(cell, kept)
        return cell in self._rows

    def _share(self, cell: Hashable, found: Made) -> None:
        last = next(reversed(self._rows.values()), found)
        same = np.array_equal(last.ids, found.ids) and np.array_equal(last.labels, found.labels)
        shown = last if same else found
        self._rows[cell] = Made(shown.ids, shown.labels, found.broken)


def _each(make: Callable[[Any], tuple[Made, int]], work: Iterable[Any]) -> Iterator[Made]:
    """Several at once, as far as there are cores and room: NumPy lets go of the interpreter."""
    left = iter(work)
    for first in left:
        made, size = make(first)
        yield made
        with ThreadPoolExecutor(max(1, min(cores(), _ROOM // max(size, 1)))) as pool:
            yield from (one for one, _ in pool.map(make, left))


def _made(
    cell: Callable[[Condition], Hashable], read: Read, work: tuple[Condition, list[str]]
) -> tuple[Made, int]:
    """What is made of a cell, and the bytes of its logits."""
    (condition, names), source = work, cell(work[0])
    stamps, shown = [], {}
    if isinstance(source, Source):
        with contextlib.suppress(OSError, UserError):  # reading says so
            stamps, shown = source.stamps(), source.shown()
    found = read(condition)
    columns = {name: (value(name, found), maker(name)) for name in names}
    made = Made(found.ids, found.labels, int(not_numbers(found).sum()), columns, stamps, shown)
    return made, found.logits.nbytes


def value(name: str, found: Predictions) -> Values:
    """A metric or an answer, by image; of no image there is none, and no metric is asked: a sample may hold none."""
    if name in ANSWERS:
        return ANSWERS[name](found)
    values = np.asarray(find(name).per_image(found) if len(found.ids) else [])
    return values if values.dtype == bool else values.astype(np.float32)


def _with(name: str) -> list[str]:
    """What is worked out while a cell is in memory: one metric, and what of ours is asked for with it."""
    if name not in ANSWERS and find(name).only:
        return [name]
    counts = name not in ANSWERS and find(name).counts
    alike = [one for one, metric in METRICS.ours.items() if one in METRICS and not metric.only]
    return [
        name,
        *(one for one in alike if METRICS.ours[one].counts or not counts),
        *(() if counts else ANSWERS),
    ]
