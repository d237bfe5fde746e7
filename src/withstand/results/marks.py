"""Which images a run had right under each condition, one bit each: made from its cells, and kept beside them.

A cell holds logits, far more than what is asked of hundreds of runs at once. What is kept here can always be made
again, and is, whenever a cell is another file than it was, the summary says something else of the shifts, or the marks
themselves are damaged; no result depends on whether they are there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from withstand.base import atomic, files
from withstand.base.errors import UserError
from withstand.results.conditions import Condition
from withstand.results.run import Run

FILE = ".marks"
COUNTED = ("top1", "top5")
"""The metrics of which marks are kept."""

_FORM = 1
"""Of the file, and of what counts as right: changes with either."""
_MOST = 1 << 32


class _Images(msgspec.Struct):
    """Images that conditions show: int64 each, ascending by id."""

    ids: bytes
    labels: bytes


class _Cell(msgspec.Struct):
    """What one condition gave: the place of its images, its bits by metric, and digests of what it shows."""

    name: str
    images: int
    right: dict[str, bytes]
    pixels: str
    shown: str


class _Kept(msgspec.Struct):
    key: str
    images: list[_Images]
    cells: list[_Cell]


@dataclass(frozen=True, eq=False)
class Marks:
    """Of one run; conditions that show the same images share one array of ids."""

    _kept: _Kept
    _places: dict[str, int]

    @classmethod
    def of(cls, run: Run) -> Marks:
        """As they are kept in the run's folder, or made of its cells and kept from now on.

        Raises:
            UserError: a cell cannot be read.
        """
        place, key = run.folder / FILE, _key(run)
        found = _read(place, key)
        if found is None:
            found = _made(run, key)
            _keep(place, found)
        return cls(found, {cell.name: number for number, cell in enumerate(found.cells)})

    def images(self, condition: Condition) -> int:
        """A number for the images of a condition: conditions of the same number show the same."""
        return self._cell(condition).images

    def ids(self, condition: Condition) -> NDArray[np.int64]:
        return np.frombuffer(self._kept.images[self.images(condition)].ids, np.int64)

    def labels(self, condition: Condition) -> NDArray[np.int64]:
        return np.frombuffer(self._kept.images[self.images(condition)].labels, np.int64)

    def pixels(self, condition: Condition) -> str:
        """The digest of the test images that a condition was made of; empty where the cell does not say."""
        return self._cell(condition).pixels

    def shown(self, condition: Condition) -> str:
        """A digest of the settings that a condition was made with; empty where the cell does not say."""
        return self._cell(condition).shown

    def right(self, condition: Condition, metric: str = "top1") -> NDArray[np.uint8]:
        """uint8 N: 1 for each image that was right, in the order of the ids."""
        cell = self._cell(condition)
        count = len(self._kept.images[cell.images].ids) // 8
        return np.unpackbits(np.frombuffer(cell.right[metric], np.uint8), count=count)

    def counts(self, conditions: Iterable[Condition], metric: str = "top1") -> NDArray[np.uint16]:
        """uint16 N: under how many of the conditions, which show the same images, each was right."""
        total: NDArray[np.uint16] | None = None
        for condition in conditions:
            one = self.right(condition, metric)
            total = one.astype(np.uint16) if total is None else np.add(total, one, out=total)
        return np.zeros(0, np.uint16) if total is None else total

    def _cell(self, condition: Condition) -> _Cell:
        return self._kept.cells[self._places[str(condition)]]


def _key(run: Run) -> str:
    """Of all that marks depend on: each cell as a file, and what the record says that changes what is read of it."""
    folder, cells = run.folder / "predictions", []
    for condition, names in run.files.items():
        for name in names:
            try:
                stat = (folder / name).stat()
            except OSError as error:
                raise files.damaged(folder / name, error, "give the run's command again") from error
            cells.append([str(condition), name, stat.st_size, stat.st_mtime_ns, stat.st_ino])
    said = {
        shift: len(run.about(shift).get("classes", ()))
        for shift in run.shifts
        if run.about(shift).get("both")
    }
    content = json.dumps([_FORM, cells, said, run.among_all])
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _made(run: Run, key: str) -> _Kept:
    kept, run = _Kept(key, [], []), run.anew()
    places: dict[tuple[bytes, bytes], int] = {}
    run.columns.fill(run.conditions, COUNTED, run.predictions)
    for condition in run.conditions:
        images = run.columns.rows(condition, run.predictions)
        order = np.argsort(images[0], kind="stable")
        ids, labels = (np.ascontiguousarray(one[order], np.int64).tobytes() for one in images)
        place = places.setdefault((ids, labels), len(places))
        if place == len(kept.images):
            kept.images.append(_Images(ids, labels))
        facts = run.shown(condition)
        right = {one: run.columns.values(condition, one, run.predictions) for one in COUNTED}
        kept.cells.append(
            _Cell(
                str(condition),
                place,
                {metric: np.packbits(right[metric][order]).tobytes() for metric in COUNTED},
                str(facts.get("images", "")),
                _digest(facts["shift"]) if "shift" in facts else "",
            )
        )
    return kept


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _read(place: Path, key: str) -> _Kept | None:
    """What is kept; None where there is nothing, or not this."""
    try:
        content = files.content(place, _MOST)
        body = memoryview(content)[4:]
        if int.from_bytes(content[:4], "big") != zlib.crc32(body):
            return None
        found = msgspec.msgpack.decode(body, type=_Kept)
    except (*files.BAD, msgspec.MsgspecError):
        return None
    return found if found.key == key else None


def _keep(place: Path, kept: _Kept) -> None:
    """Where nothing may be written, they are made again."""
    body = msgspec.msgpack.encode(kept)
    with contextlib.suppress(UserError):
        atomic.write_bytes(place, zlib.crc32(body).to_bytes(4, "big") + body)
