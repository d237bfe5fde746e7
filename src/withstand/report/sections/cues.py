"""Cue conflict: whether a classifier names the class of an image's shape or that of its texture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from withstand.analysis.comparison import compare
from withstand.report.section import Context, Section
from withstand.report.table import MODEL, Column, Row, Table, Value
from withstand.results.metrics import decisions
from withstand.results.run import Run
from withstand.results.runs import LeftOut
from withstand.results.store import Predictions
from withstand.statistics import Estimate, clopper_pearson

PLACE = 66
NAME = "cue_conflict"

_LEAD = (
    "Each image has the shape of one class and the texture of another. Shape bias is the share of answers that name"
    " the shape's class, of those that name either; the intervals are exact, over these images. Images that share a"
    " shape or a texture are not quite independent, so the true intervals are somewhat wider."
)
_PEOPLE = "People name the shape in about 96% of these decisions (Geirhos et al., 2019), on the published 1,280 images."


def section(context: Context) -> Section | None:
    runs = [run for run in context.runs.values() if NAME in run.shifts]
    if not runs:
        return None
    found = compare(runs, shift=NAME)
    left_out = [LeftOut(f"{one.what}, under cue conflict", one.reason) for one in found.left_out]
    read = {name: found.run(name).predictions(found.conditions[0]) for name in found.names}
    tables = [_decisions(found.ranking, read), _by_class(found.ranking, read, found.runs[0])]
    drawn = any("drawn" in str(run.summary.get(f"{NAME}_source")) for run in runs)
    notes = [] if drawn else [_PEOPLE]
    return Section("cue-conflict", "Shape or texture", " ".join([_LEAD, *notes]), [], tables, left_out)


def _decisions(names: Sequence[str], read: dict[str, Predictions]) -> Table:
    rows = []
    for name in names:
        apart, shape, texture = decisions(read[name])
        both = int(apart.sum())
        rows.append(
            Row(
                {
                    "model": name,
                    "shape_bias": bias(read[name]),
                    "decided": int((shape | texture).sum()),
                    "shape": _share(int(shape.sum()), both),
                    "texture": _share(int(texture.sum()), both),
                    "images": both,
                }
            )
        )
    columns = (
        MODEL,
        Column("shape_bias", "Shape bias, %", ".1f"),
        Column("decided", "Decided", ",d"),
        Column("shape", "Shape, %", ".1f"),
        Column("texture", "Texture, %", ".1f"),
        Column("images", "Images", ",d"),
    )
    return Table("cue-conflict", "Decisions by shape and by texture", columns, rows)


def _by_class(names: Sequence[str], read: dict[str, Predictions], run: Run) -> Table:
    """Shape bias by the class of the shape."""
    labels = np.unique(next(iter(read.values())).labels)
    rows = []
    for label in labels.tolist():
        values: dict[str, Value] = {"class": run_class(run, label, len(labels))}
        for name in names:
            own = read[name].take(np.flatnonzero(read[name].labels == label))
            values[name] = bias(own)
        rows.append(Row(values))
    columns = [Column("class", "Class of the shape"), *(Column(name, name, ".1f") for name in names)]
    return Table("cue-conflict-classes", "Shape bias by class, %", columns, rows)


def bias(read: Predictions) -> Estimate | None:
    """Shape bias in percent, with its exact interval; None where no image was decided either way."""
    _, shape, texture = decisions(read)
    return _share(int(shape.sum()), int((shape | texture).sum()))


def run_class(run: Run, label: int, count: int) -> str:
    """What a class of the shift is called: those of its own, else the data set's."""
    own = run.summary.get("shift_classes", {}).get(NAME)
    names = own or (run.classes if len(run.classes) >= count else ())
    return str(names[label]) if label < len(names) else str(label)


def _share(count: int, of: int) -> Estimate | None:
    return clopper_pearson(count, of).times(100) if of else None
