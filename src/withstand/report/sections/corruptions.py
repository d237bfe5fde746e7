"""Accuracy by corruption: a heat map for each model, and the tables by family and by corruption."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from withstand.analysis.comparison import Comparison
from withstand.corruptions.names import FAMILIES
from withstand.report import mce
from withstand.report.canvas import drawing, in_lines
from withstand.report.marks import tell, tell_rows, words
from withstand.report.section import Context, Drawing, Picture, Section
from withstand.report.style import PAPER, ink_on
from withstand.report.table import Column, Row, Table, by_group
from withstand.report.wording import family, levels, spaced, variants

PLACE = 40

# One hue that fades where accuracy is lost: read the same with any colour vision, and in grey.
# A step in it leaves out the blue on which neither dark nor white numbers stand out.
_HEAT = LinearSegmentedColormap.from_list(
    "fade", [(0, "#f6efe4"), (0.35, "#d3dee6"), (0.74, "#84b4d8"), (0.74, "#2a70a8"), (1, "#0a4276")]
)
_LEAD = "Darker cells show higher accuracy. All models share one colour scale; rows are grouped by family."


def section(context: Context) -> Section | None:
    together = context.together
    if not together.conditions:
        return None
    severities, values = levels(together), {name: _values(together, name) for name in together.ranking}
    # One scale for all models, so that the same colour is the same accuracy.
    least = 100 * min(min(together.table(name).values()) for name in together.names)
    heat = [
        Picture(
            f"heat-{name}",
            f"{name}: top-1 in percent by corruption and severity.",
            Drawing.of(draw, name, variants(together), severities, values[name], least),
            captioned=False,
            model=name,
        )
        for name in (together.ranking if severities else ())
    ]
    by_baseline = mce.table(together, context.baseline)
    known = [by_family(together)] if any(name in together.groups for name in FAMILIES) else []
    tables = [*known, table(together), *([by_baseline] if by_baseline else [])]
    return Section("corruptions", "Accuracy by corruption", _LEAD, heat, tables)


def by_family(together: Comparison) -> Table:
    """Top-1 by family of corruptions."""
    groups = {name: name for name in FAMILIES if name in together.groups}
    return by_group(together, "families", "Top-1 by family of corruptions", groups)


def table(together: Comparison) -> Table:
    """Top-1 by corruption, a row for each corruption and a column for each model."""
    rows = []
    for variant in variants(together):
        accuracies = {name: together.accuracy(name, variant).times(100) for name in together.ranking}
        rows.append(Row({"corruption": spaced(variant), "family": family(variant) or None, **accuracies}))
    columns = [Column("corruption", "corruption"), Column("family", "family")]
    columns += [Column(name, name, ".1f") for name in together.ranking]
    return Table("corruptions", "Top-1 by corruption, mean over severities", columns, rows)


def _values(together: Comparison, name: str) -> NDArray[np.float64]:
    """Top-1 in percent: a row for each corruption, a column for each severity."""
    rows, columns = variants(together), list(levels(together))
    values = np.full((len(rows), len(columns)), np.nan)
    for condition, value in together.table(name).items():
        if condition.severity in columns:
            values[rows.index(condition.variant), columns.index(condition.severity or 0)] = 100 * value
    return values


def draw(
    name: str, rows: Sequence[str], columns: Sequence[float], values: NDArray[np.float64], least: float
) -> Figure:
    """Top-1 by corruption (rows, by family) and severity (columns); the colours begin at ``least``."""
    scale = Normalize(least, 100)
    with drawing(f"heat-{name}"):
        figure = Figure(figsize=(5.2, 1.05 + 0.27 * len(rows)))
        axes = figure.subplots()
        title = in_lines(name, 34)
        axes.set_title(title)
        for row, variant in enumerate(rows):
            _row(axes, row, values[row], name, spaced(variant), columns, scale)
        axes.set_yticks(np.arange(len(rows)) + 0.5, [spaced(row) for row in rows])
        tell_rows(axes, shifts=[spaced(row) for row in rows])
        axes.set_xticks(np.arange(len(columns)) + 0.5, [str(column) for column in columns])
        axes.set_xlabel("Severity")
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        for row in range(1, len(rows)):
            if family(rows[row]) != family(rows[row - 1]):
                axes.axhline(row, color=PAPER, linewidth=7)
        figure.subplots_adjust(
            left=0.32,
            right=0.99,
            top=1 - (0.4 + 0.18 * title.count("\n")) / figure.get_figheight(),
            bottom=0.5 / figure.get_figheight(),
        )
    return figure


def _row(
    axes: Axes,
    row: int,
    values: NDArray[np.float64],
    name: str,
    variant: str,
    severities: Sequence[float],
    scale: Normalize,
) -> None:
    """The cells of one corruption; one artist, so that it can be hidden alone."""
    corners = np.arange(len(values) + 1)
    mesh = axes.pcolormesh(
        corners, [row, row + 1], values[None], cmap=_HEAT, norm=scale, edgecolors=PAPER, linewidth=1.5
    )
    says = [
        words(name, variant, f"severity {severity}", value=value) if np.isfinite(value) else ""
        for severity, value in zip(severities, values.tolist(), strict=True)
    ]
    tell(mesh, shift=variant, says=says, cells=True)
    for column, value in enumerate(values.tolist()):
        if np.isfinite(value):
            at, ink = (column + 0.5, row + 0.5), ink_on(_HEAT(scale(value)))
            tell(
                axes.text(*at, f"{value:.0f}", ha="center", va="center", fontsize=9, color=ink), shift=variant
            )
