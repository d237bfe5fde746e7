"""Paired comparison of models, on the same images."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from withstand.analysis.comparison import Comparison
from withstand.analysis.pairs import Pair
from withstand.report.canvas import WIDTH, drawing, in_lines, margin
from withstand.report.marks import tell, tell_rows, words
from withstand.report.section import Context, Picture, Section
from withstand.report.style import AHEAD, BEHIND, EVEN, INK, PAPER, Look
from withstand.report.table import IMAGES, Column, Row, Table, Value
from withstand.report.wording import rounded
from withstand.statistics import Estimate

PLACE = 20

_ROOMY = 4  # models: with more of them intervals do not fit into the cells, and the table has them
_BROAD = 0.95  # inches of a cell, in which an interval fits on one line
_READABLE = 5  # points: of more models the cells have colours alone, and the table the numbers
_FOREST = 10  # pairs: with more of them the matrix is read sooner

_LEAD = (
    "Each row compares two models image by image, so difficulty that both share cancels out. The intervals of the"
    " means are simultaneous: with 95% confidence, all of them contain their true values together. Where a run is a"
    " sample, a pair is compared on the images that both saw. p is corrected for all pairs by Holm’s method. This is"
    " another correction than that of the intervals: near 5% the two may disagree, and the verdict follows the"
    " interval. McNemar’s exact test, also corrected by Holm’s method, uses the clean images only; the intervals there"
    " are not simultaneous. A row compares these trainings; another training of the same model would differ, too."
)


def section(context: Context) -> Section | None:
    together = context.together
    if not together.pairs:
        return None
    pictures = []
    if len(together.names) > 2:
        pictures.append(
            Picture(
                "matrix",
                "Difference in top-1 under corruption, row minus column, in points; grey: within error.",
                draw_matrix(together, context.looks),
            )
        )
    if len(together.pairs) <= _FOREST:
        pictures.append(
            Picture(
                "pairs",
                "Difference in top-1 under corruption, first minus second, in points; open marks: within error.",
                draw(together, context.looks),
            )
        )
    return Section("pairs", "Paired comparison of models", _LEAD, pictures, tables=[table(together)])


LEAD_COLUMNS = (
    Column("better", "model"),
    Column("other", "compared with"),
    Column("difference", "corrupted top-1, points", "+.1f"),
    Column("p_holm", "p, Holm", "p"),
    Column("verdict", "verdict"),
)


def lead(pair: Pair) -> dict[str, Value]:
    """A pair's values for ``LEAD_COLUMNS``, and its number of images."""
    return {
        "better": pair.better,
        "other": pair.other,
        "difference": pair.difference.times(100),
        "p_holm": pair.p_holm,
        "verdict": "ahead" if pair.ahead else "within error",
        "images": pair.difference.n,
    }


def table(together: Comparison) -> Table:
    """Every two models on the same images, with simultaneous intervals."""
    rows = []
    for pair in together.pairs:
        values = lead(pair)
        if pair.clean is not None:
            values |= {
                "clean_difference": pair.clean.difference.times(100),
                "only_better": pair.clean.only_a,
                "only_other": pair.clean.only_b,
                "p": pair.clean_p_holm,
            }
        values["needed"] = None if pair.needed is None else rounded(pair.needed)
        rows.append(Row(values))
    columns = [
        *LEAD_COLUMNS,
        Column("clean_difference", "clean top-1, points", "+.1f"),
        Column("only_better", "right: first only", ",d"),
        Column("only_other", "right: second only", ",d"),
        Column("p", "McNemar p, clean, Holm", "p"),
        IMAGES,
        Column("needed", "images that would show it", ",d"),
    ]
    return Table("pairs", "Paired comparison on the same images", columns, rows)


def draw(together: Comparison, looks: Mapping[str, Look]) -> Figure:
    """A line for each pair: by how many points the better model is ahead, with simultaneous intervals."""
    with drawing("pairs"):
        rows = len(together.pairs)
        labels = [f"{in_lines(pair.better)}\n{in_lines(f'− {pair.other}')}" for pair in together.pairs]
        lines = max(label.count("\n") + 1 for label in labels)
        figure = Figure(figsize=(WIDTH, 0.75 + 0.46 * rows * max(1, lines / 3)))
        axes = figure.subplots()
        for row, pair in enumerate(together.pairs):
            look, one = looks[pair.better], pair.difference.times(100)
            (bar,) = axes.plot(
                [one.low, one.high], [row, row], color=look.colour, linewidth=2.4, solid_capstyle="round"
            )
            fill = look.colour if one.excludes_zero else PAPER
            (mark,) = axes.plot(
                one.value, row, look.marker, color=look.colour, markerfacecolor=fill, markersize=7.5
            )
            both = (look, looks[pair.other])
            tell(bar, both)
            tell(mark, both, says=[_said(pair.better, pair.other, one)])
        axes.axvline(0, color=INK, linewidth=1)
        axes.set_yticks(range(rows), labels)
        tell_rows(axes, [(looks[pair.better], looks[pair.other]) for pair in together.pairs])
        axes.set_ylim(rows - 0.5, -0.5)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Difference in top-1 under corruption, points", loc="right")
        figure.subplots_adjust(
            left=margin(labels),
            right=0.97,
            top=0.97,
            bottom=0.52 / figure.get_figheight(),
        )
    return figure


def _said(one: str, other: str, difference: Estimate) -> str:
    return words(f"{one} − {other}", value=difference, unit=" points", sign="+")


def draw_matrix(together: Comparison, looks: Mapping[str, Look]) -> Figure:
    """Every model (row) against every other (column): the paired difference and its interval."""
    names = together.ranking
    found = {(pair.better, pair.other): pair.difference.times(100) for pair in together.pairs}
    found |= {(other, better): one.times(-1) for (better, other), one in found.items()}
    reach = max(abs(one.value) for one in found.values()) or 1.0
    roomy = len(names) <= _ROOMY
    right = 0.99 if roomy else 0.86  # the last name leans out
    labels = [in_lines(name) for name in names]
    cell = WIDTH * (right - margin(labels)) / len(names)
    signed = Column("", "", "+.1f")
    size = min(10.0, 72 * cell / (0.72 * max(len(signed.text(one)) for one in found.values())))
    with drawing("matrix"):
        # Where columns are narrow, names stand aslant above them.
        above = [_above(name, cell) for name in names]
        top = (
            0.29 + 0.13 * max(one.count("\n") + 1 for one in above)
            if roomy
            else 0.3 + 0.048 * max(map(len, names))
        )
        figure = Figure(figsize=(WIDTH, top + 0.05 + 0.55 * len(names)))
        axes = figure.subplots()
        for (better, other), one in found.items():
            row, column = names.index(better), names.index(other)
            colour = (AHEAD if one.value > 0 else BEHIND) if one.excludes_zero else EVEN
            strength = 0.25 + 0.75 * abs(one.value) / reach if one.excludes_zero else 0.35
            both = (looks[better], looks[other])
            tile = Rectangle((column - 0.47, row - 0.45), 0.94, 0.9, color=colour, alpha=strength * 0.6, lw=0)
            tell(axes.add_patch(tile), both, says=[_said(better, other, one)], cells=True)
            height = row - 0.14 if roomy else row
            if size >= _READABLE:
                weight = "bold" if roomy else "normal"
                value = axes.text(column, height, signed.text(one), ha="center", va="center", fontsize=size)
                value.set_fontweight(weight)
                tell(value, both)
            if roomy:
                said = (
                    signed.interval(one) if cell > _BROAD else signed.interval(one).replace(" to ", " to\n")
                )
                ends = axes.text(column, row + 0.22, said, ha="center", va="center", fontsize=7)
                tell(ends, both)
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_yticks(range(len(names)), labels)
        tell_rows(axes, [looks[name] for name in names])
        axes.xaxis.tick_top()
        if roomy:
            small = 8.5 if cell > _BROAD else 7
            axes.set_xticks(range(len(names)), above, fontsize=small)
        else:
            axes.set_xticks(
                range(len(names)), names, fontsize=8.5, rotation=35, ha="left", rotation_mode="anchor"
            )
        for label, name in zip(axes.get_xticklabels(), names, strict=True):
            tell(label, looks[name])
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        figure.subplots_adjust(
            left=margin(labels), right=right, top=1 - top / figure.get_figheight(), bottom=0.02
        )
    return figure


def _above(name: str, cell: float) -> str:
    """A name above a column ``cell`` inches wide."""
    return in_lines(name, max(8, int(cell / 0.075)))
