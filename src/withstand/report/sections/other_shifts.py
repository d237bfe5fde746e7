"""Shifts other than corruptions and backgrounds: clean accuracy, the mean under the shift, and the drop."""

from __future__ import annotations

from withstand.analysis.comparison import Comparison, compare
from withstand.report.section import Context, Section
from withstand.report.table import MODEL, Column, Row, Table
from withstand.results.conditions import CLEAN
from withstand.results.runs import LeftOut

PLACE = 67
_ELSEWHERE = (CLEAN.shift, "corruption", "background", "cue_conflict")

_LEAD = (
    "Top-1 on clean images and its mean over the conditions of each shift, with 95% intervals over source images; the"
    " drop is paired by image."
)


def section(context: Context) -> Section | None:
    runs = list(context.runs.values())
    names = dict.fromkeys(
        shift for run in runs for shift in run.shifts if shift not in _ELSEWHERE and not run.about(shift)
    )
    if not names:
        return None
    found = {name: compare([run for run in runs if name in run.shifts], shift=name) for name in names}
    left_out = [
        LeftOut(f"{one.what}, under {name}", one.reason)
        for name, together in found.items()
        for one in together.left_out
    ]
    tables = [_table(name, together) for name, together in found.items()]
    return Section("other-shifts", "Other shifts", _LEAD, [], tables, left_out)


def _table(shift: str, together: Comparison) -> Table:
    rows = [
        Row(
            {
                "model": name,
                "clean_top1": together.accuracy(name, "clean").times(100) if together.clean else None,
                "shifted_top1": together.accuracy(name, "corrupted").times(100),
                "drop": together.drop(name).times(100) if together.clean else None,
                "conditions": len(together.conditions),
                "images": len(together.ids),
            }
        )
        for name in together.ranking
    ]
    columns = (
        MODEL,
        Column("clean_top1", "Clean, %", ".1f"),
        Column("shifted_top1", f"Under {shift}, %", ".1f"),
        Column("drop", "Drop, points", "+.1f"),
        Column("conditions", "Conditions", ",d"),
        Column("images", "Images", ",d"),
    )
    return Table(f"shift-{shift}", f"Under the shift {shift}", columns, rows)
