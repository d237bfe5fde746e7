"""Tables as text: a header, then a row an image, between commas, tabs or semicolons."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from withstand.base import files
from withstand.base.errors import UserError, nearest

_MOST = 1 << 30  # bytes: ten million images, a hundred signs each


@dataclass(frozen=True)
class Table:
    """What a file holds, as text.

    Attributes:
        columns: the values of each, from top to bottom, by name.
        lines: where each row stands in the file, counted from 1.
    """

    file: Path
    columns: Mapping[str, Sequence[str]]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str, setting: str = "") -> Sequence[str]:
        """The values of a column.

        Args:
            setting: that names it, for the message.

        Raises:
            UserError: there is no such column.
        """
        if name not in self.columns:
            raise UserError(f"{self.file} has no column '{name}'{setting}; {nearest(name, self.columns)}")
        return self.columns[name]

    def called(self, known: Sequence[str]) -> str | None:
        """The first column that goes by one of these names, however it is written."""
        own = {_plain(name): name for name in reversed(list(self.columns))}
        return next((own[name] for name in known if name in own), None)


def read(file: Path) -> Table:
    """A table whose first line names its columns.

    Raises:
        UserError: there is no such file, or it is no table.
    """
    if not file.is_file():
        raise UserError(f"there is no file {file}; set dataset.file to a table with a line for each image")
    try:
        text = files.text(file, _MOST)
        first = text.partition("\n")[0]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_sign(file, first))
        header = [name.strip() for name in next(reader, [])]
        found = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (*files.BAD, csv.Error) as error:
        raise UserError(
            f"{file} is no table that can be read ({files.why(error)}); save it as CSV in UTF-8"
        ) from error
    if twice := next((name for name in header if header.count(name) > 1), None):
        raise UserError(f"{file} has two columns called '{twice}'; rename one")
    for line, row in found:
        if len(row) != len(header):
            raise UserError(
                f"{file}, line {line} has {len(row)} values, and there are {len(header)} columns; put values that hold"
                " a comma in quotes"
            )
    cells = list(zip(*(row for _, row in found), strict=True)) or [()] * len(header)
    columns = {name: [cell.strip() for cell in cells[at]] for at, name in enumerate(header)}
    return Table(file, columns, [line for line, _ in found])


def _sign(file: Path, first: str) -> str:
    """What stands between values: a tab in a ``.tsv``, else what the first line has most of."""
    return "\t" if file.suffix.lower() in (".tsv", ".tab") else max(",\t;", key=first.count)


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace(" ", "").replace("-", "")
