"""Collections of other images: how much of the clean accuracy is left on images that were gathered otherwise."""

from __future__ import annotations

from withstand.analysis.collected import KIND, Collected
from withstand.report.section import Context, Section
from withstand.report.sections.pairs import LEAD_COLUMNS, lead
from withstand.report.table import IMAGES, MODEL, Column, Row, Table
from withstand.report.wording import spaced
from withstand.results.runs import LeftOut, of_kind
from withstand.statistics import Estimate

PLACE = 64

_LEAD = (
    "Other images of the same classes. Clean images are those of a collection’s classes, and answers are among these"
    " classes, so that clean and shifted ask the same question. Where a note does not say otherwise, its images are not"
    " the clean ones: the drop is the difference of two separate means, and holds for these two sets of images, which"
    " may differ in more than the shift. Between models, the same images are paired. Effective robustness is the"
    " accuracy beyond what the clean one predicts by the line through the other models, on logit axes (Taori et al.,"
    " 2020)."
)


_PAIRED = "These are clean images shown in another way: clean is of the same images, and the drop is paired."
_OPEN = "Answers may be any class of the data set, to clean images, too (shift.answers=open)."


def section(context: Context) -> Section | None:
    runs = list(context.runs.values())
    found = [Collected.of(runs, name) for name in of_kind(runs, KIND)]
    if not found:
        return None
    left_out = [
        LeftOut(f"{one.what}, on {spaced(each.shift)}", one.reason)
        for each in found
        for one in each.together.left_out
    ]
    tables = [table for each in found for table in (_table(each), *_pairs(each))]
    return Section("collections", "Other collections of images", _LEAD, [], tables, left_out)


def _table(found: Collected) -> Table:
    rows = [
        Row(
            {
                "model": name,
                "clean_top1": _percent(found.clean(name)),
                "shifted_top1": _percent(found.shifted(name)),
                "drop": _percent(found.drop(name)),
                "among_all": _percent(found.among_all(name)),
                "effective": _percent(found.effective_robustness(name)),
                "clean_images": clean.n if (clean := found.clean(name)) else None,
                "images": len(found.together.ids),
            }
        )
        for name in found.names
    ]
    columns = [
        MODEL,
        Column("clean_top1", "clean, %", ".1f"),
        Column("shifted_top1", f"{spaced(found.shift)}, %", ".1f"),
        Column("drop", "drop, points", "+.1f"),
        Column("among_all", "among all classes, %", ".1f"),
        Column("effective", "effective robustness, points", "+.1f"),
        Column("clean_images", "clean images", ",d"),
        IMAGES,
    ]
    shown = [one for one in columns if any(row.values[one.key] is not None for row in rows)]
    opened = any(found.together.run(name).about(found.shift).get("open") for name in found.names)
    notes = [*([_PAIRED] if found.paired else []), *([_OPEN] if opened else [])]
    return Table(f"collection-{found.shift}", f"On {spaced(found.shift)}: top-1", shown, rows, notes)


def _pairs(found: Collected) -> list[Table]:
    """Every two models on the same images of it."""
    pairs = found.together.pairs
    if not pairs:
        return []
    columns = [
        *(
            Column(one.key, "top-1, points", one.style) if one.key == "difference" else one
            for one in LEAD_COLUMNS
        ),
        IMAGES,
    ]
    rows = [Row(lead(pair)) for pair in pairs]
    return [
        Table(f"collection-{found.shift}-pairs", f"Models on {spaced(found.shift)}, paired", columns, rows)
    ]


def _percent(one: Estimate | None) -> Estimate | None:
    return None if one is None else one.times(100)
