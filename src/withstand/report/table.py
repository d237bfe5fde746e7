"""A table as data: built once, shown as Markdown and HTML and written as CSV, so the three cannot disagree."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from withstand.analysis.comparison import Comparison
from withstand.base.names import csv_text
from withstand.statistics import Estimate

Value = Estimate | str | float | int | None
"""What a cell holds; percentages are given in percent."""


@dataclass(frozen=True)
class Column:
    """One column: its name in the CSV, its heading, and how its numbers look (``.2f``, ``+.1f``, ``,d``…; ``p``).

    A column without a style is one of text; a number in it has four digits. Neighbours of one ``group`` share a heading
    of their own above theirs, such as a model's name. ``prose`` holds sentences, which take several lines.
    """

    key: str
    heading: str
    style: str = ""
    group: str = ""
    prose: bool = False

    @property
    def whole_heading(self) -> str:
        return f"{self.group}: {self.heading}" if self.group else self.heading

    @property
    def numeric(self) -> bool:
        return bool(self.style)

    def text(self, value: Value) -> str:
        """The value as people read it, without its interval."""
        if value is None:
            return "–"
        if isinstance(value, Estimate):
            value = value.value
        if isinstance(value, str):
            return value
        if self.style == "p":  # a p-value: digits beyond the fourth say nothing
            return f"{value:.2g}" if value >= 0.0001 else "< 0.0001"
        if not math.isfinite(value):
            return _unbounded(value)
        return _minus(format(value, self.style or (",d" if isinstance(value, int) else ".4g")))

    def interval(self, value: Value) -> str:
        """The interval as people read it; empty where there is none."""
        if not isinstance(value, Estimate):
            return ""
        between = " to " if "+" in self.style or value.low < 0 else "–"
        return between.join(self.text(end) for end in (value.low, value.high))


MODEL = Column("model", "model")
IMAGES = Column("images", "images", ",d")


@dataclass(frozen=True)
class Row:
    """One row; ``origin`` is ``ours``, ``published`` or ``apart`` (ours, but not comparable with the others)."""

    values: dict[str, Value]
    origin: str = "ours"


@dataclass(frozen=True)
class Table:
    """A table with its file name, title, and notes under it.

    ``model`` is the one that all of it is about, if it is about one. ``shaded`` cells are tinted by their percentages,
    and the page folds such a table away.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    notes: Sequence[str] = field(default=())
    model: str = ""
    shaded: bool = False

    @property
    def spans(self) -> list[tuple[str, int]]:
        """The upper line of headings: a group and how many columns it spans; empty where no column has one."""
        if not any(column.group for column in self.columns):
            return []
        grouped = groupby(self.columns, key=lambda column: column.group)
        return [(group, len(list(members))) for group, members in grouped]

    def csv(self) -> str:
        """Ten significant digits; an estimate takes three columns: ``key``, ``key_low``, ``key_high``."""
        lines: list[dict[str, Any]] = []
        for row in self.rows:
            line: dict[str, Any] = {"origin": row.origin}
            for column in self.columns:
                value = row.values.get(column.key)
                if isinstance(value, Estimate):
                    line[column.key] = _plain(value.value)
                    line[f"{column.key}_low"], line[f"{column.key}_high"] = (
                        _plain(value.low),
                        _plain(value.high),
                    )
                else:
                    line[column.key] = (
                        _plain(value)
                        if isinstance(value, float)
                        else csv_text(value)
                        if isinstance(value, str)
                        else value
                    )
            lines.append(line)
        wide = {
            column.key
            for column in self.columns
            if any(isinstance(row.values.get(column.key), Estimate) for row in self.rows)
        }
        header = ["origin"]
        for column in self.columns:
            header += [column.key]
            header += [f"{column.key}_low", f"{column.key}_high"] if column.key in wide else []
        text = io.StringIO()
        writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
        writer.writerow({key: csv_text(key) for key in header})
        writer.writerows(lines)
        return text.getvalue()


def _plain(value: float) -> str:
    return format(value, ".10g")


def _minus(number: str) -> str:
    """With a real minus, and no sign before a number that is shown as zero."""
    return number.replace("-", "−") if any(digit in "123456789" for digit in number) else number.lstrip("+-")


def _unbounded(value: float) -> str:
    return "–" if math.isnan(value) else "∞" if value > 0 else "−∞"


def by_group(together: Comparison, name: str, title: str, groups: Mapping[str, str]) -> Table:
    """Top-1 of each model (rows) over each group of conditions (columns; group → heading)."""
    rows = [
        Row(
            {
                "model": model,
                **{group: together.accuracy(model, group).times(100) for group in groups},
                "images": len(together.ids),
            }
        )
        for model in together.ranking
    ]
    columns = [MODEL, *(Column(group, heading, ".1f") for group, heading in groups.items()), IMAGES]
    return Table(name, title, columns, rows)
