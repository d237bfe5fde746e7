"""How many images two models' difference takes to show, from how they differ on the images at hand."""

from __future__ import annotations

from dataclasses import replace

from withstand.analysis.plan import Plan, Planned
from withstand.report import plan
from withstand.report.section import Context, Drawing, Picture, Section
from withstand.report.table import Column
from withstand.statistics import Pilot

PLACE = 21
_LINES = 6  # pairs: more lines do not tell apart

_LEAD = (
    "The smallest difference in top-1 under corruption that so many images show, for pairs of models as they differ"
    " here: with a two-sided test at 5% and a power of 80%, not corrected for several pairs. Dots: the images at hand."
    " A pair that is within error may still differ by less than its dot."
)


def section(context: Context) -> Section | None:
    together = context.together
    pairs = [pair for pair in together.pairs if pair.difference.n > 1][:_LINES]
    if not pairs:
        return None
    parts = {}
    for pair in pairs:
        each = together.differences(pair.better, pair.other)
        parts[f"{pair.better} − {pair.other}"] = Planned(Pilot.of(each), len(each))
    found = Plan("", "", together.runs[0].dataset, parts)
    shown = plan.table(found)
    table = replace(shown, name="how_many", columns=[Column("part", "pair"), *shown.columns[1:]])
    caption = "The smallest difference in top-1 under corruption that is shown, by the number of images."
    title = "How many images show a difference"
    return Section(
        "how_many", title, _LEAD, [Picture("how_many", caption, Drawing.of(plan.draw, found))], [table]
    )
