"""Model against model, on the same images."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from withstand.comparison import Comparison
from withstand.report.canvas import WIDTH, drawing, margin
from withstand.report.section import Context, Picture, Section
from withstand.report.style import INK, PAPER, Look
from withstand.report.table import IMAGES, Column, Row, Table, Value

PLACE = 20

_LEAD = (
    "Each line pairs two models image by image, so what makes an image hard for both cancels out."
    " The intervals of the means hold for all pairs at once (95%, largest deviation over resampled images);"
    " McNemar’s exact test looks at the clean images alone."
)


def section(context: Context) -> Section | None:
    together = context.together
    if not together.pairs:
        return None
    forest = Picture(
        "pairs",
        "By how many points the first is ahead under corruption; an open mark: not told apart by this data.",
        draw(together, context.looks),
    )
    return Section("pairs", "Model against model", _LEAD, [forest], [table(together)])


def table(together: Comparison) -> Table:
    """Every two models on the same images; the intervals hold for all pairs at once."""
    rows = []
    for pair in together.pairs:
        values: dict[str, Value] = {
            "better": pair.better,
            "other": pair.other,
            "difference": pair.corrupted.times(100),
            "verdict": "ahead" if pair.corrupted.excludes_zero else "not told apart",
            "images": len(together.ids),
        }
        if pair.clean is not None:
            values |= {
                "clean_difference": pair.clean.difference.times(100),
                "only_better": pair.clean.only_a,
                "only_other": pair.clean.only_b,
                "p": pair.clean.p,
            }
        rows.append(Row(values))
    columns = [
        Column("better", "model"),
        Column("other", "compared with"),
        Column("difference", "corrupted top-1, points", "+.1f"),
        Column("verdict", "verdict"),
        Column("clean_difference", "clean top-1, points", "+.1f"),
        Column("only_better", "only the first right", ",d"),
        Column("only_other", "only the second right", ",d"),
        Column("p", "McNemar p, clean", "p"),
        IMAGES,
    ]
    return Table("pairs", "Model against model, on the same images", columns, rows)


def draw(together: Comparison, looks: Mapping[str, Look]) -> Figure:
    """A line a pair: by how many points the better model is ahead; the intervals hold for all pairs at once."""
    with drawing("pairs"):
        rows = len(together.pairs)
        figure = Figure(figsize=(WIDTH, 0.75 + 0.46 * rows))
        axes = figure.subplots()
        for row, pair in enumerate(together.pairs):
            look, one = looks[pair.better], pair.corrupted.times(100)
            axes.plot(
                [one.low, one.high], [row, row], color=look.colour, linewidth=2.4, solid_capstyle="round"
            )
            fill = look.colour if one.excludes_zero else PAPER
            axes.plot(one.value, row, look.marker, color=look.colour, markerfacecolor=fill, markersize=7.5)
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_yticks(range(rows), [f"{pair.better}\n− {pair.other}" for pair in together.pairs])
        axes.set_ylim(rows - 0.5, -0.5)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Difference in mean top-1 under corruption, points")
        figure.subplots_adjust(
            left=margin([f"− {name}" for name in together.names]),
            right=0.97,
            top=0.97,
            bottom=0.52 / figure.get_figheight(),
        )
    return figure
