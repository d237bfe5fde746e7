"""The report's figures, drawn through Matplotlib's objects: no pyplot, no display, no state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from withstand.comparison import Comparison
from withstand.corruptions.names import FAMILIES
from withstand.report.canvas import drawing, save_png
from withstand.report.style import INK, PAPER, Look
from withstand.report.tables import spaced, variants

# One hue that fades where accuracy is lost: read the same with any colour vision, and in grey.
_HEAT = LinearSegmentedColormap.from_list("fade", ["#f6efe4", "#cfd8dc", "#8db3cf", "#3f83b5", "#0b4f86"])
_WIDTH = 6.2  # inches: at 10 points, text is readable on a phone's width and not shouting on a desk's
_ON_LIGHT, _ON_DARK = "#22262c", "#fbfcfd"


def curves(history: pd.DataFrame, title: str, path: Path) -> None:
    """Write loss and accuracy by epoch as a PNG, train and validation, the best epoch marked.

    Args:
        history: a row an epoch, the columns of ``history.csv``.
        title: stands over the figure.
        path: the file to write, atomically.
    """
    save_png(draw_curves(history, title, Look("#0072B2", "o")), path)


def draw_curves(history: pd.DataFrame, title: str, look: Look) -> Figure:
    """Loss and top-1 by epoch: training dashed, validation solid, the best epoch by validation top-1 marked."""
    with drawing(title):
        figure = Figure(figsize=(_WIDTH, 2.6))
        epochs = history["epoch"].to_numpy()
        best = _best(history)
        for axes, key, label in zip(
            figure.subplots(1, 2), ("loss", "top1"), ("Loss", "Top-1, %"), strict=True
        ):
            axes.set_title(label)
            for part, line, colour in (("train", (0, (4, 2)), INK), ("val", "-", look.colour)):
                if f"{part}_{key}" in history:
                    values = history[f"{part}_{key}"].to_numpy(dtype=float)
                    mark = "." if len(epochs) < 30 else ""
                    named = "validation" if part == "val" else "training"
                    width = 1.8 if part == "val" else 1.2
                    axes.plot(
                        epochs,
                        values,
                        linestyle=line,
                        color=colour,
                        marker=mark,
                        linewidth=width,
                        label=named,
                    )
            if best is not None:
                _mark_best(axes, history.iloc[best], key, look)
            axes.set_xlabel("Epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=7))
            if len(epochs) == 1:
                axes.set_xlim(epochs[0] - 0.5, epochs[0] + 0.5)
            axes.margins(y=0.12)
            axes.legend(loc="best", fontsize=9)
        figure.suptitle(title, x=0.07, y=0.985, ha="left", fontsize=12, fontweight="bold")
        figure.subplots_adjust(left=0.07, right=0.985, top=0.76, bottom=0.18, wspace=0.2)
    return figure


def draw_overview(together: Comparison, looks: dict[str, Look]) -> Figure:
    """A line a model: clean accuracy (open mark) to the mean under corruption (filled), with intervals."""
    with drawing("overview"):
        rows = len(together.ranking)
        figure = Figure(figsize=(_WIDTH, 0.85 + 0.46 * rows))
        axes = figure.subplots()
        for row, name in enumerate(together.ranking):
            look, ends = looks[name], {}
            for group in ("clean", "corrupted"):
                if group not in together.groups:
                    continue
                ends[group] = one = together.accuracy(name, group).times(100)
                axes.plot(
                    [one.low, one.high],
                    [row, row],
                    color=look.colour,
                    linewidth=5,
                    alpha=0.3,
                    solid_capstyle="round",
                )
                fill = look.colour if group == "corrupted" else PAPER
                axes.plot(
                    one.value,
                    row,
                    look.marker,
                    color=look.colour,
                    markerfacecolor=fill,
                    markersize=8.5,
                    zorder=4,
                )
                side = 1 if group == "clean" else -1
                axes.annotate(
                    f"{one.value:.1f}",
                    (one.high if side > 0 else one.low, row),
                    (7 * side, 0),
                    textcoords="offset points",
                    ha="left" if side > 0 else "right",
                    va="center",
                    fontsize=9.5,
                )
            if len(ends) == 2:
                between = [ends["corrupted"].value, ends["clean"].value]
                axes.plot(between, [row, row], color=look.colour, linewidth=1.4, zorder=3)
        axes.set_yticks(range(rows), together.ranking)
        axes.set_ylim(rows - 0.5, -0.6)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.17)
        axes.set_xlabel("Top-1, %: filled under corruption, open on clean images")
        longest = max(map(len, together.ranking))
        figure.subplots_adjust(
            left=_margin(longest), right=0.97, top=0.97, bottom=0.55 / figure.get_figheight()
        )
    return figure


def draw_severity(together: Comparison, looks: dict[str, Look]) -> Figure:
    """Top-1 by severity, clean as severity 0, with the band of the 95% interval."""
    with drawing("severity"):
        figure = Figure(figsize=(_WIDTH, 3.5))
        axes = figure.subplots()
        groups = {0: "clean"} if together.clean else {}
        groups |= {severity: f"severity-{severity}" for severity in together.severities}
        for name in together.ranking:
            found = [together.accuracy(name, group).times(100) for group in groups.values()]
            look = looks[name]
            axes.fill_between(
                list(groups),
                [one.low for one in found],
                [one.high for one in found],
                color=look.colour,
                alpha=0.16,
                lw=0,
            )
            axes.plot(
                list(groups), [one.value for one in found], color=look.colour, marker=look.marker, label=name
            )
        axes.set_xticks(list(groups), ["clean" if not severity else str(severity) for severity in groups])
        axes.set_xlabel("Severity")
        axes.set_ylabel("Top-1, %")
        axes.legend(loc="best")
        figure.subplots_adjust(left=0.095, right=0.985, top=0.97, bottom=0.135)
    return figure


def draw_pairs(together: Comparison, looks: dict[str, Look]) -> Figure:
    """A line a pair: by how many points the better model is ahead; the intervals hold for all pairs at once."""
    with drawing("pairs"):
        rows = len(together.pairs)
        figure = Figure(figsize=(_WIDTH, 0.75 + 0.46 * rows))
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
        longest = max(len(name) + 2 for name in together.names)
        figure.subplots_adjust(
            left=_margin(longest),
            right=0.97,
            top=0.97,
            bottom=0.52 / figure.get_figheight(),
        )
    return figure


def draw_heat(together: Comparison, name: str) -> Figure:
    """Top-1 by corruption (rows, by family) and severity (columns); all models share one scale of colours."""
    rows, columns = variants(together), list(together.severities)
    found = together.table(name)
    values = np.full((len(rows), len(columns)), np.nan)
    for condition, value in found.items():
        if condition.severity is not None:
            values[rows.index(condition.variant), columns.index(condition.severity)] = 100 * value
    # One scale for all models, so that the same colour is the same accuracy.
    least = min(min(together.table(other).values()) for other in together.names)
    scale = Normalize(100 * least, 100)
    with drawing(f"heat-{name}"):
        figure = Figure(figsize=(5.2, 1.05 + 0.27 * len(rows)))
        axes = figure.subplots()
        axes.set_title(name)
        axes.pcolormesh(values, cmap=_HEAT, norm=scale, edgecolors=PAPER, linewidth=1.5)
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                ink = _ON_DARK if _luminance(_HEAT(scale(value))) < 0.22 else _ON_LIGHT
                axes.text(
                    column + 0.5, row + 0.5, f"{value:.0f}", ha="center", va="center", fontsize=9, color=ink
                )
        axes.set_yticks(np.arange(len(rows)) + 0.5, [spaced(row) for row in rows])
        axes.set_xticks(np.arange(len(columns)) + 0.5, [str(column) for column in columns])
        axes.set_xlabel("Severity")
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        ends = [row + 1 for row in range(len(rows) - 1) if _family(rows[row]) != _family(rows[row + 1])]
        for end in ends:
            axes.axhline(end, color=PAPER, linewidth=7)
        figure.subplots_adjust(
            left=0.32, right=0.99, top=1 - 0.4 / figure.get_figheight(), bottom=0.5 / figure.get_figheight()
        )
    return figure


def _best(history: pd.DataFrame) -> int | None:
    values = history.get("val_top1")
    return None if values is None or values.isna().all() else int(np.nanargmax(values.to_numpy(dtype=float)))


def _mark_best(axes: Axes, row: pd.Series, key: str, look: Look) -> None:
    value, epoch = float(row[f"val_{key}"]), int(row["epoch"])
    axes.axvline(epoch, color=look.colour, linewidth=1, alpha=0.4, zorder=0)
    axes.plot(epoch, value, look.marker, color=look.colour, markersize=9, markeredgecolor=PAPER, zorder=5)
    said = f"best epoch {epoch}: {value:.1f}" if key == "top1" else f"at epoch {epoch}: {value:.3f}"
    axes.set_title(said, loc="right", fontsize=9, fontweight="normal")


def _margin(letters: int) -> float:
    """The share of the width that labels of so many letters take."""
    return min(0.45, 0.03 + 0.014 * letters)


def _family(variant: str) -> str:
    return next((family for family, members in FAMILIES.items() if variant in members), "")


def _luminance(colour: tuple[float, float, float, float]) -> float:
    """Relative luminance of an sRGB colour (WCAG 2), near enough with a power of 2.2."""
    return float(np.dot(np.power(colour[:3], 2.2), (0.2126, 0.7152, 0.0722)))
