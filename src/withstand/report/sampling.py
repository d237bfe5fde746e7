"""Evaluations of a random part of the images: marked wherever their numbers stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from withstand.report.section import Context
from withstand.report.table import Row, Table, Value
from withstand.results.run import Run
from withstand.results.runs import LeftOut
from withstand.results.sample import Sample

MARK = " †"


def samples(runs: Mapping[str, Run]) -> dict[str, Sample]:
    """Name → what was evaluated, for the runs that are samples."""
    return {name: run.sampled for name, run in runs.items() if run.sampled}


def note(name: str, sample: Sample) -> str:
    """What the mark means, for under a table."""
    return f"{MARK.strip()} {name}: {sample} pairs of an image and a condition"


def marked(table: Table, found: Mapping[str, Sample]) -> Table:
    """The table with a mark at every name of a sampled run, in cells and headings, and a note of what it is."""
    here = {name: sample for name, sample in found.items() if _names(table, name)}
    if not here:
        return table

    def name(value: Value) -> Value:
        return f"{value}{MARK}" if isinstance(value, str) and value in here else value

    rows = [Row({key: name(value) for key, value in row.values.items()}, row.origin) for row in table.rows]
    columns = [
        replace(column, heading=str(name(column.heading)), group=str(name(column.group)))
        for column in table.columns
    ]
    notes = [f"{note(called, sample)}." for called, sample in here.items()]
    return replace(table, columns=columns, rows=rows, notes=(*table.notes, *notes))


def left_out(context: Context) -> list[LeftOut]:
    """Which sections are missing where any of the compared runs is a sample."""
    return [
        LeftOut(
            name,
            "a sample, which did not see every image under every condition: no section on single images, classes or"
            " calibration; give its command again without evaluation.precision to complete it",
        )
        for name in context.together.sampled
    ]


def _names(table: Table, name: str) -> bool:
    in_heading = any(name in (column.heading, column.group) for column in table.columns)
    return in_heading or any(name in row.values.values() for row in table.rows)
