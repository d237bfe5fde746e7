"""Which rows of a table are images to train on and to test, and where the file of each is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.datasets import splits, table
from withstand.datasets.table import Table

PATHS = ("path", "file", "filename", "filepath", "image", "imagepath", "img", "imgpath", "imgfilename")
LABELS = ("label", "class", "target", "classname", "labelname", "category", "y")
SPLITS = ("split", "subset", "partition")
"""What columns are called, without capitals and signs, the likeliest first."""


@dataclass
class Asked:
    """The settings that say which table, and which of its columns; None: found by their names."""

    file: str = ""
    path: str | None = None
    label: str | None = None
    split: str | None = None
    split_test: str | None = None
    split_train: str | None = None
    root: str | None = None


@dataclass(frozen=True)
class Rows:
    """A table's rows.

    Attributes:
        root: the folder that all files lie in.
        files, labels: of every row.
        train, test: the rows of each split.
    """

    table: Table
    root: Path
    files: Sequence[Path]
    labels: Sequence[str]
    train: Sequence[int]
    test: Sequence[int]


def find(asked: Asked) -> Rows:
    """The rows that the settings ask for.

    Raises:
        UserError: there is no such table or column; a row says nothing where it must; or a file is named twice.
    """
    if not asked.file:
        raise UserError("dataset=csv needs dataset.file=TABLE.csv, with a column of paths and one of labels")
    found = table.read(Path(asked.file))
    if not any(found.columns):
        raise UserError(f"{found.file} has no columns; write a first line with their names, e.g. path,label")
    path = _called(found, "path", asked.path, PATHS)
    label = _called(found, "label", asked.label, LABELS)
    for name in (path, label):
        if "" in found.columns[name]:
            line = found.lines[list(found.columns[name]).index("")]
            raise UserError(
                f"{found.file}, line {line} has nothing in the column '{name}'; fill or remove it"
            )
    root = Path(os.path.abspath(asked.root or found.file.parent))
    files = [root / _as_here(name, root) for name in found.columns[path]]
    if not all(file.is_relative_to(root) for file in files):  # whole paths, from elsewhere
        root = Path(root.anchor)
    rows = Rows(found, root, files, found.columns[label], *_split(found, asked))
    _check_once(rows)
    return rows


def check_files(rows: Rows) -> None:
    """Refuse a table that names files which are not there."""
    used = [*rows.train, *rows.test]
    absent = [row for row in used if not rows.files[row].is_file()]
    if absent:
        raise UserError(
            f"{len(absent):,} of {len(used):,} images that {rows.table.file} names are not there, e.g."
            f" {rows.files[absent[0]]} (line {rows.table.lines[absent[0]]}); set dataset.root to the folder that paths"
            " begin in, or dataset.skip_damaged=true"
        )


def _called(found: Table, setting: str, said: str | None, known: Sequence[str]) -> str:
    """The name of a column: as it is set, else as such columns are called."""
    if said is not None:
        found.column(said, f" (dataset.{setting})")
        return said
    name = found.called(known)
    if name is None:
        raise UserError(
            f"{found.file} has no column called {', '.join(known[:4])} or the like; set dataset.{setting} to one of:"
            f" {', '.join(found.columns)}"
        )
    return name


def _split(found: Table, asked: Asked) -> tuple[list[int], list[int]]:
    """The rows to train on and to test: all are tested where no column says which."""
    name = asked.split or found.called(SPLITS)
    if name is None:
        return [], list(range(len(found)))
    values = found.column(name, " (dataset.split)")
    there = {value.casefold(): value for value in values}
    test = asked.split_test or next((there[one] for one in splits.TESTS if one in there), None)
    train = asked.split_train or there.get("train") or there.get("training")
    kinds = ", ".join(sorted(set(values))[:5])
    for setting, value in (("split_test", test or "test or val"), ("split_train", asked.split_train)):
        if value is not None and value not in values:
            raise UserError(
                f"{found.file}: no row has {value} in its column '{name}', but {kinds}; set dataset.{setting}"
            )
    tested, trained = ([row for row, one in enumerate(values) if one == kind] for kind in (test, train))
    if other := len(values) - len(tested) - len(trained):
        say(f"{found.file}: {other:,} of {len(values):,} rows are of other splits ({kinds}), and passed over")
    return trained, tested


def _as_here(path: str, root: Path) -> str:
    """A path as this system writes it, where a table comes from one that separates folders by a backslash."""
    return path.replace("\\", "/") if "\\" in path and not (root / path).exists() else path


def _check_once(rows: Rows) -> None:
    seen: dict[Path, int] = {}
    for row in (*rows.train, *rows.test):
        file, lines = rows.files[row], rows.table.lines
        if file in seen:
            raise UserError(
                f"{rows.table.file} names {file} twice (lines {lines[seen[file]]} and {lines[row]}); remove one"
            )
        seen[file] = row
