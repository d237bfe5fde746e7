"""Mean corruption error, by AlexNet on ImageNet-C and by a named run elsewhere."""

from __future__ import annotations

from withstand.analysis import alexnet
from withstand.analysis.comparison import Comparison
from withstand.analysis.groups import ALL
from withstand.base.errors import UserError, nearest
from withstand.report.table import IMAGES, MODEL, Column, Row, Table

_KEY = "report.baseline"


def check(together: Comparison, baseline: str | None) -> None:
    """Refuse a baseline that nothing can be measured by.

    Raises:
        UserError: there is no such run, or AlexNet's errors are asked for on other images than ImageNet-C's.
    """
    if baseline is None or baseline in together.names:
        return
    if baseline == alexnet.NAME:
        if together.no_alexnet:
            raise UserError(
                f"{_KEY}=alexnet: AlexNet's published errors are of ImageNet-C alone, and {together.no_alexnet}; give"
                " the name of a run"
            )
        return
    for one in together.left_out:
        if one.what == baseline:
            raise UserError(f"{_KEY}={baseline} does not compare with the other runs: {one.reason}")
    raise UserError(f"{_KEY}={baseline} is no run here; {nearest(baseline, together.names)}")


def table(together: Comparison, baseline: str | None) -> Table | None:
    """A row for each run; None where there is nothing to measure by."""
    if not together.conditions or (baseline is None and together.no_alexnet):
        return None
    by = baseline or alexnet.NAME
    published = by not in together.names
    group = "benchmark" if "benchmark" in together.groups else ALL
    variants = dict.fromkeys(one.variant for one in together.groups[group])
    rows = [
        Row(
            {
                "model": name,
                "mce": together.mce(name, by, group).times(100),
                "relative_mce": together.relative_mce(name, by, group).times(100)
                if together.clean and not published
                else None,
                "corruptions": len(variants),
                "images": len(together.ids),
            }
        )
        for name in together.ranking
    ]
    columns = [
        MODEL,
        Column("mce", "mCE", ".1f"),
        *([] if published else [Column("relative_mce", "relative mCE", ".1f")]),
        Column("corruptions", "corruptions", "d"),
        IMAGES,
    ]
    return Table(
        "mce", f"Mean corruption error, {by} = 100", columns, rows, _notes(together, by, group, published)
    )


def _notes(together: Comparison, by: str, group: str, published: bool) -> list[str]:
    notes = [
        "The errors under each corruption, summed over severities, by those of the baseline, and their mean over"
        " corruptions, in percent: less is better. Intervals are at 95% and over source images."
    ]
    if not published:
        what = (
            "the benchmark's 15 corruptions"
            if group == "benchmark"
            else "all the corruptions that were evaluated"
        )
        return [
            *notes,
            f"Over {what}; the baseline is the run {by} on the same images, so the figure is none of ImageNet-C.",
        ]
    run = together.runs[0]
    n = len(together.ids)
    return [
        *notes,
        "The baseline is AlexNet's published errors (Hendrycks & Dietterich, 2019), which are of all 50,000 validation"
        f" images of ImageNet-C; here are {n:,}. Its own sampling error is no part of the intervals.",
        f"The images were {alexnet.images(run, together.groups[group])}.",
    ]
