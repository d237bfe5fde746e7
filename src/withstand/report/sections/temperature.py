"""Temperature scaling: what one number fitted on validation images does to confidence, before and after."""

from __future__ import annotations

from withstand.analysis.scaled import Scaled, scaled
from withstand.report.section import Context, Section
from withstand.report.table import IMAGES, MODEL, Column, Row, Table, Value
from withstand.results.conditions import CLEAN
from withstand.results.runs import LeftOut

PLACE = 56

_LEAD = (
    "All logits of a model are divided by one number, its temperature, fitted on its validation images and on no test"
    " image (Guo et al., 2017). What a model answers stays the same; how sure it is changes. A temperature above 1"
    " means that it was too sure. A network that was trained elsewhere may have been trained on these validation"
    " images; its temperature is then too low."
)
_HEADINGS = {"clean": "clean images", "corrupted": "under corruption"}
_NOTE = "Changes are after minus before, paired by image: below zero is better."


def section(context: Context) -> Section | None:
    together = context.together
    if together.sampled or not together.clean:
        return None
    groups = {"clean": (CLEAN,)} | ({"corrupted": together.conditions} if together.conditions else {})
    found = {name: scaled(context.runs[name], groups, together.ids) for name in together.ranking}
    left_out = [
        LeftOut(f"{name}, temperature", one.reason) for name, one in found.items() if isinstance(one, LeftOut)
    ]
    fitted = {name: one for name, one in found.items() if isinstance(one, Scaled)}
    if not fitted and not left_out:
        return None
    tables = [_table(fitted, list(groups))] if fitted else []
    return Section("temperature", "Temperature scaling", _LEAD, [], tables, left_out)


def _table(fitted: dict[str, Scaled], groups: list[str]) -> Table:
    rows = []
    for name, one in fitted.items():
        values: dict[str, Value] = {"model": name, "temperature": one.temperature, "fitted": one.images}
        for group, errors in one.groups.items():
            values[f"{group}_ece"], values[f"{group}_nll"] = errors.ece.times(100), errors.nll
            values[f"{group}_ece_change"] = errors.ece_change.times(100)
            values[f"{group}_nll_change"] = errors.nll_change
            values["images"] = errors.ece.n
        rows.append(Row(values))
    columns = [
        MODEL,
        Column("temperature", "temperature", ".3f"),
        Column("fitted", "n validation", ",d"),
    ]
    for group in groups:
        said = _HEADINGS[group]
        columns += [
            Column(f"{group}_ece", "ECE before, points", ".1f", said),
            Column(f"{group}_ece_change", "change", "+.1f", said),
            Column(f"{group}_nll", "NLL before, nats", ".3f", said),
            Column(f"{group}_nll_change", "change", "+.3f", said),
        ]
    return Table("temperature", "Before and after scaling", [*columns, IMAGES], rows, [_NOTE])
