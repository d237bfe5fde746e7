"""Images from outside: whether logits show that an image is of none of the classes."""

from __future__ import annotations

from withstand.analysis.outsiders import Outsiders, all_of
from withstand.report.section import Context, Section
from withstand.report.table import MODEL, Column, Row, Table, Value
from withstand.results.runs import LeftOut

PLACE = 57

_LEAD = (
    "Images of none of the classes beside the clean ones. AUROC is the chance that a clean image scores higher than one"
    " from outside: 50% tells nothing. FPR95 is the share of the images from outside that are taken for known where 95%"
    " of the clean ones are; lower is better. Scores are the highest logit, and the energy (log-sum-exp) of the logits."
)
_NOTE = "95% intervals over the images of both kinds; the distance to the best is paired by image."


def section(context: Context) -> Section | None:
    found = all_of(list(context.runs.values()))
    left_out = [LeftOut(f"{gone.what}, {one.name}", gone.reason) for one in found for gone in one.left_out]
    if not found:
        return None
    return Section("outside", "Images from outside", _LEAD, [], [_table(one) for one in found], left_out)


def _table(found: Outsiders) -> Table:
    rows = []
    for name, scores in found.told.items():
        values: dict[str, Value] = {"model": name, "inside": found.inside, "outside": found.outside}
        for score, told in scores.items():
            key = score.replace(" ", "_")
            values |= {f"{key}_auroc": told.auroc.times(100), f"{key}_fpr": told.fpr.times(100)}
            values[f"{key}_behind"] = told.behind and told.behind.times(100)
        rows.append(Row(values))
    columns = [MODEL]
    for score in next(iter(found.told.values()), {}):
        key = score.replace(" ", "_")
        columns += [
            Column(f"{key}_auroc", "AUROC, %", ".1f", score),
            *([Column(f"{key}_behind", "behind the best, points", "+.1f", score)] if len(rows) > 1 else []),
            Column(f"{key}_fpr", "FPR95, %", ".1f", score),
        ]
    columns += [Column("inside", "clean images", ",d"), Column("outside", "from outside", ",d")]
    return Table(f"outside-{found.name}", f"{found.name} from outside", columns, rows, [_NOTE])
