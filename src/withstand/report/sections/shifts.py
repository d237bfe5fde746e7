"""Every shift at a glance: a row a model, a column a shift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from withstand.analysis.comparison import Comparison, compare
from withstand.analysis.groups import ALL
from withstand.analysis.steadiness import NAME as FILMS
from withstand.analysis.steadiness import Steady
from withstand.report.section import Context, Section
from withstand.report.sections import cues
from withstand.report.table import MODEL, Column, Row, Table, Value
from withstand.report.wording import several, spaced
from withstand.results.conditions import CLEAN
from withstand.results.run import Run

PLACE = 12

_LEAD = (
    "Top-1 on clean images and under each shift, the mean over its conditions, with 95% intervals over source images;"
    " of cue conflict the shape bias, of films the share of steps that change the answer."
    " Columns are of different images and different questions: compare models within one, and do not average over"
    " them. The sections below say what each is."
)
_APART = ("background", "groups")  # which have sections of their own, with measures of their own


@dataclass(frozen=True)
class _Shift:
    """One column: what is shown of a shift, and the runs that saw the same of it."""

    name: str
    together: Comparison
    steady: Steady | None = None

    @property
    def key(self) -> str:
        """In the CSV; no name of a shift is that of another column."""
        return f"{self.name}_{'shape_bias' if self.name == cues.NAME else 'flips' if self.steady else 'top1'}"

    @property
    def column(self) -> Column:
        images = several(len(self.together.ids), "image")
        called = {cues.NAME: "shape bias", FILMS: "flips"}.get(self.name, spaced(self.name))
        return Column(self.key, f"{called}, % ({images})", ".1f")

    def value(self, run: Run) -> Value:
        """None where the run saw other images of it."""
        name = next((n for n in self.together.names if self.together.run(n).folder == run.folder), None)
        if name is None:
            return None
        if self.name == cues.NAME:
            return cues.bias(self.together.run(name).predictions(self.together.conditions[0]))
        if self.steady is not None:
            return self.steady.flip(name).times(100) if name in self.steady.names else None
        return self.together.accuracy(name, "clean" if self.name == CLEAN.shift else ALL).times(100)


def section(context: Context) -> Section | None:
    shown = table(context.runs)
    return None if shown is None else Section("shifts", "Every shift", _LEAD, [], [shown])


def table(runs: Mapping[str, Run]) -> Table | None:
    """None where there are fewer than two shifts."""
    names = dict.fromkeys(
        shift
        for run in runs.values()
        for shift in run.shifts
        if shift not in _APART and run.about(shift).get("kind") not in _APART
    )
    if len(set(names) - {CLEAN.shift}) < 2:
        return None
    names = dict.fromkeys([name for name in (CLEAN.shift, "corruption") if name in names]) | names
    columns = [_of(name, [run for run in runs.values() if name in run.shifts]) for name in names]
    order = sorted(runs, key=lambda name: -_mean(columns[0].value(runs[name])))
    rows = []
    for model in order:
        values: dict[str, Value] = {"model": model}
        rows.append(Row(values | {one.key: one.value(runs[model]) for one in columns}))
    return Table("shifts", "Every shift", [MODEL, *(one.column for one in columns)], rows)


def _of(name: str, runs: list[Run]) -> _Shift:
    if name == CLEAN.shift:
        return _Shift(name, compare([run.under([CLEAN]) for run in runs]))
    return _Shift(name, compare(runs, shift=name), Steady.of(runs) if name == FILMS else None)


def _mean(value: Value) -> float:
    return float(getattr(value, "value", 0.0) or 0.0)
