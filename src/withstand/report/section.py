"""What a section of the report is made from, and what it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from withstand.comparison import Comparison
from withstand.report.style import Look
from withstand.report.table import Table
from withstand.runs import LeftOut, Run


@dataclass(frozen=True, eq=False)
class Context:
    """What every section is made from.

    Attributes:
        runs: name → run, all that the report is over, also those that do not compare.
        together: the runs that saw the same images under the same conditions.
        looks: name → colour and mark, for every run.
    """

    runs: Mapping[str, Run]
    together: Comparison
    looks: Mapping[str, Look]


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure: its file name, what it shows in words, and whether the words stand under it or are only read aloud."""

    name: str
    caption: str
    figure: Figure
    captioned: bool = True


@dataclass(frozen=True, eq=False)
class Section:
    """A heading, what to know about it, the pictures and tables under it, and what it does not use and why."""

    key: str
    title: str
    lead: str = ""
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    left_out: Sequence[LeftOut] = ()
