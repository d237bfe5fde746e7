"""Small steps: how often an answer changes from one frame of a film to the next."""

from __future__ import annotations

from withstand.analysis.steadiness import NAME, Steady
from withstand.report.section import Context, Section
from withstand.report.table import IMAGES, MODEL, Column, Row, Table, Value
from withstand.report.wording import several, spaced
from withstand.results.runs import LeftOut

PLACE = 68
_SOURCE = f"{NAME}_source"

_LEAD = (
    "Each image as a short film in small steps. A flip is a step at which the answer changes; of noise, which is drawn"
    " anew for each frame, a frame’s answer that is not the first one’s (Hendrycks & Dietterich, 2019). Flips say"
    " nothing of right or wrong: who always gives one answer never flips; to or from an answer that is no number, each"
    " step is a flip. Top-5 distance is by how many places the first five answers move, 0 to 15. An image with all its"
    " frames is one draw."
)


def section(context: Context) -> Section | None:
    found = Steady.of(list(context.runs.values()))
    if found is None:
        return None
    left_out = [LeftOut(f"{one.what}, along films", one.reason) for one in found.left_out]
    sources = dict.fromkeys(
        str(run.summary[_SOURCE]) for run in context.runs.values() if _SOURCE in run.summary
    )
    lead = f"{_LEAD} Here: {'; '.join(sources)}."
    return Section(
        "steadiness",
        "Small steps",
        lead,
        [],
        [_means(found, context.baseline), *_pairs(found), _each(found)],
        left_out,
    )


def _means(found: Steady, baseline: str | None) -> Table:
    """With mFP by the baseline, where that is among the runs (``report.baseline``)."""
    rows, by = [], baseline if baseline in found.names else None
    for name in found.names:
        far = found.distance(name)
        values: dict[str, Value] = {"model": name, "flips": found.flip(name).times(100), "top5": far}
        values |= {"mfp": found.relative(name, by)} if by else {}
        rows.append(Row(values | {"images": len(found.ids)}))
    columns = [
        MODEL,
        Column("flips", "flip probability, %", ".2f"),
        *([Column("mfp", f"mFP by {by}", ".3f")] if by else []),
        *([Column("top5", "top-5 distance", ".2f")] if found.moved else []),
        IMAGES,
    ]
    return Table(NAME, f"Mean over {several(len(found.perturbations), 'kind')} of film", columns, rows)


def _pairs(found: Steady) -> list[Table]:
    rows = [
        Row(
            {
                "better": one,
                "other": other,
                "difference": apart.times(100),
                "p_holm": p,
                "verdict": "steadier" if apart.above_zero else "within error",
                "images": apart.n,
            }
        )
        for one, other, apart, p in found.pairs
    ]
    columns = [
        Column("better", "model"),
        Column("other", "compared with"),
        Column("difference", "fewer flips, points", "+.2f"),
        Column("p_holm", "p, Holm", "p"),
        Column("verdict", "verdict"),
        IMAGES,
    ]
    note = "Paired by image; the intervals are simultaneous."
    return [Table(f"{NAME}-pairs", "Models on the same films", columns, rows, [note])] if rows else []


def _each(found: Steady) -> Table:
    """Flip probability by kind of film."""
    rows = []
    for kind in found.perturbations:
        values: dict[str, Value] = {"film": spaced(kind)}
        rows.append(Row(values | {name: found.flip(name, kind).times(100) for name in found.names}))
    columns = [Column("film", "film"), *(Column(name, name, ".2f") for name in found.names)]
    return Table(f"{NAME}-films", "Flip probability by kind of film, %", columns, rows)
