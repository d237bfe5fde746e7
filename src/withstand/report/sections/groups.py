"""Groups of the clean images by a column of one's own: the worst group, the gap, and each."""

from __future__ import annotations

from withstand.analysis.grouped import KIND, Grouped
from withstand.report.section import Context, Section
from withstand.report.table import IMAGES, MODEL, Column, Row, Table, Value
from withstand.report.wording import several, spaced
from withstand.results.runs import LeftOut, of_kind

PLACE = 63

_LEAD = (
    "Top-1 on the clean images in groups. The worst group and the gap between best and worst were picked by looking, so"
    " their intervals are those of all groups together (Bonferroni): they hold for whichever group is the worst in"
    " truth. With few images in a group they are wide. The mean over groups counts each group alike."
)


def section(context: Context) -> Section | None:
    runs = list(context.runs.values())
    found = [Grouped.of(runs, column) for column in of_kind(runs, KIND)]
    if not found:
        return None
    left_out = [
        LeftOut(f"{one.what}, by {spaced(each.column)}", one.reason)
        for each in found
        for one in each.left_out
    ]
    tables = [table for each in found if each.groups for table in (_means(each), _each(each))]
    return Section("groups", "Groups of images", _LEAD, [], tables, left_out)


def _means(found: Grouped) -> Table:
    rows = []
    for name in found.together.ranking:
        worst, lowest = found.worst(name)
        values: dict[str, Value] = {"model": name, "mean": found.mean(name).times(100), "worst": worst}
        values |= {
            "worst_top1": lowest.times(100),
            "gap": found.gap(name).times(100),
            "images": len(found.members),
        }
        rows.append(Row(values))
    table_columns = [
        MODEL,
        Column("mean", "mean over groups, %", ".1f"),
        Column("worst", "worst group"),
        Column("worst_top1", "worst, %", ".1f"),
        Column("gap", "gap, points", ".1f"),
        IMAGES,
    ]
    title = f"By {spaced(found.column)}: top-1 in {several(len(found.groups), 'group')}"
    return Table(f"groups-{found.column}", title, table_columns, rows)


def _each(found: Grouped) -> Table:
    """A row a group; each interval is of that group alone."""
    each = {name: found.each(name) for name in found.together.ranking}
    rows = []
    for place, group in enumerate(found.groups):
        values: dict[str, Value] = {"group": group}
        values |= {name: estimates[place].times(100) for name, estimates in each.items()}
        rows.append(Row(values | {"images": int((found.members == place).sum())}))
    shown = [Column("group", spaced(found.column)), *(Column(name, name, ".1f") for name in each), IMAGES]
    return Table(f"groups-{found.column}-each", f"Top-1 by {spaced(found.column)}, %", shown, rows)
