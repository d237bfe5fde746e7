"""What was made of a run's cells, kept in its folder: for every metric the value of each image, and what was answered.

A cell holds logits, of which this takes ten times as long to make as it takes to read. What is kept can always be made
again, and is, wherever a cell is another file than it was, a metric another function, or the file damaged; no result
depends on whether it is there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from withstand.base import atomic
from withstand.base.errors import UserError
from withstand.results.conditions import Condition
from withstand.results.kept_file import Cell, Reading, Values, Writing, stamp
from withstand.results.store import Store

FILE = ".values"
Stamps = list[tuple[str, int, int, int]]
"""Name, size, time and number of each file of a cell."""


class Source(NamedTuple):
    """All that the predictions under a condition are read by: files of a run's folder, and among which classes."""

    folder: str
    condition: Condition
    files: tuple[str, ...]
    among_all: bool
    answers: int

    def stamps(self) -> Stamps:
        """What its files are now.

        Raises:
            OSError: one of them is gone.
        """
        return _stamps(Path(self.folder), self.files)

    def key(self, stamps: Stamps) -> str:
        content = json.dumps([stamps, self.among_all, self.answers])
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def shown(self) -> dict[str, Any]:
        """What its images depend on, as its predictions record it: ``images`` and ``shift``, or nothing.

        Raises:
            UserError: the file cannot be read.
        """
        facts = Store(Path(self.folder) / "predictions").facts(self.files[0])
        return {key: facts[key] for key in ("images", "shift") if key in facts}


@dataclass(frozen=True, eq=False)
class Made:
    """What was made of one cell, by image, in the order of its rows.

    Attributes:
        broken: how many answers are no numbers.
        columns: name → N values, and what they were made by; what has nothing there is not kept.
        stamps: what the cell's files were when they were read.
        shown: what its images depend on (``Source.shown``).
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    broken: int
    columns: Mapping[str, tuple[Values, str]] = field(default_factory=dict)
    stamps: Stamps = field(default_factory=list)
    shown: Mapping[str, Any] = field(default_factory=dict)


class Kept:
    """What one folder keeps; nothing where there is none."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._file: Reading | None = None
        self._keys: dict[Source, str] = {}

    def names(self, source: Source) -> dict[str, str]:
        """The columns of a cell, and what they were made by."""
        cell = self._cell(source)
        return {} if cell is None else {name: one.by for name, one in cell.columns.items()}

    def column(self, source: Source, name: str, by: str) -> Values | None:
        """The values of a cell's rows; None where there are none, or they are damaged: there are none from now on."""
        cell = self._cell(source)
        if cell is None or name not in cell.columns or cell.columns[name].by != by:
            return None
        found = self._reading.array(cell.columns[name])
        if found is None:
            del cell.columns[name]
        return found

    def rows(self, source: Source) -> Made | None:
        """The images of a cell, without values; None as above."""
        cell = self._cell(source)
        if cell is None:
            return None
        images = self._reading.images(cell)
        if images is None:
            del self._reading.cells[cell.key]
            return None
        ids, labels = (one.astype(np.int64) for one in images)
        return Made(ids, labels, cell.broken)

    def shown(self, source: Source) -> dict[str, Any] | None:
        """What the images of a cell depend on (``Source.shown``); None where that is not kept."""
        cell = self._cell(source)
        return None if cell is None else json.loads(cell.shown)

    def takes(self, source: Source, made: Made) -> bool:
        """Whether what was made of a cell may be kept here."""
        return source.folder == str(self._folder) and bool(made.stamps)

    def add(self, made: Mapping[Source, Made]) -> bool:
        """Keep more beside what there is; whether that could be done."""
        if self._folder is None:
            return False
        self.look_again()
        new, known = Writing(), self._reading
        given = {source.key(one.stamps): one for source, one in made.items()}
        for key, one in given.items():
            columns = {name: column for name, column in one.columns.items() if column[1]}
            before = self._of(known.cells.get(key))
            new.add(
                key, one.stamps, (one.ids, one.labels), one.broken, before | columns, json.dumps(one.shown)
            )
        for key, cell in known.cells.items():
            images = known.images(cell)
            if key not in given and images is not None and _stands(self._folder, cell):
                new.add(key, cell.files, images, cell.broken, self._of(cell), cell.shown)
        try:
            with atomic.replacing(self._folder / FILE) as temporary, temporary.open("wb") as file:
                file.writelines(new.content())
        except (UserError, ValueError):  # where nothing may be written, or not so, it is made again
            return False
        finally:
            self.look_again()
        return True

    def _of(self, cell: Cell | None) -> dict[str, tuple[Values, str]]:
        columns = {} if cell is None else cell.columns
        found = {name: (self._reading.array(one), one.by) for name, one in columns.items()}
        return {name: (values, by) for name, (values, by) in found.items() if values is not None}

    @property
    def _reading(self) -> Reading:
        if self._file is None:
            self._file = Reading((self._folder or Path()) / FILE)
        return self._file

    def look_again(self) -> None:
        """Another process, or this one, may have put another file in the place of the one that was read."""
        with contextlib.suppress(OSError):
            if self._file is not None and self._file.stamp == stamp(((self._folder or Path()) / FILE).stat()):
                return  # what was found damaged in it still is
        self._file = None
        self._keys.clear()

    def _cell(self, source: Source) -> Cell | None:
        if str(self._folder) != source.folder or not self._reading.cells:
            return None
        if source not in self._keys:
            try:
                self._keys[source] = source.key(source.stamps())
            except OSError:  # whoever reads the cell says so
                return None
        return self._reading.cells.get(self._keys[source])


def _stamps(folder: Path, names: tuple[str, ...]) -> Stamps:
    found = ((name, (folder / "predictions" / name).stat()) for name in names)
    return [(name, *stamp(one)) for name, one in found]


def _stands(folder: Path, cell: Cell) -> bool:
    """Whether its files are still those, so that somebody may ask for it."""
    with contextlib.suppress(OSError):
        return cell.files == _stamps(folder, tuple(name for name, *_ in cell.files))
    return False
