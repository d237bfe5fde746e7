"""The figures of experiment 4."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from withstand.analysis.backgrounds.measures import pull_matrix
from withstand.analysis.backgrounds.reliance import Reliance
from withstand.backgrounds.variants import VARIANTS
from withstand.report.canvas import WIDTH, drawing, margin
from withstand.report.marks import tell, tell_legend, words
from withstand.report.style import PAPER, Look, ink_on
from withstand.report.wording import spaced

_PULL = LinearSegmentedColormap.from_list("pull", ["#f6efe4", "#e9c7a4", "#d98c5f", "#b3502f", "#7a2417"])
_FILLS = {
    "published": "none",
    "zero_shot": "left",
    "trained": "bottom",
}  # one model may stand for several protocols
_PER_CELL = 10  # images that a cell of the matrix must rest on, in the middle


def draw(named: Mapping[str, Reliance], looks: Mapping[str, Look]) -> Figure:
    """Top-1 by variant, a mark for each model, side by side so that their intervals do not overlap in the figure."""
    shown = [v for v in VARIANTS if any(v in one.accuracy for one in named.values())]
    with drawing("backgrounds"):
        high = 0.7 + 0.2 * len(named) + len(shown) * max(0.3, 0.13 * len(named) + 0.14)
        figure = Figure(figsize=(WIDTH, high))
        axes = figure.subplots()
        apart = 0.62 / max(len(named), 1)
        for number, (called, one) in enumerate(named.items()):
            rows = np.array([shown.index(v) for v in one.accuracy]) + apart * (number - (len(named) - 1) / 2)
            found, look = [share.times(100) for share in one.accuracy.values()], looks[called]
            bars = axes.hlines(
                rows,
                [e.low for e in found],
                [e.high for e in found],
                color=look.colour,
                linewidth=5,
                alpha=0.3,
            )
            (marks,) = axes.plot(
                [e.value for e in found],
                rows,
                look.marker,
                color=look.colour,
                markerfacecoloralt=PAPER,
                fillstyle=_FILLS.get(one.protocol, "full"),
                linestyle="none",
                markersize=7.5,
                label=called,
            )
            says = [words(called, spaced(v), value=e) for v, e in zip(one.accuracy, found, strict=True)]
            tell(bars, look)
            tell(marks, look, says=says)
        axes.set_yticks(range(len(shown)), [spaced(v) for v in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Top-1, %")
        top = (0.1 + 0.2 * len(named)) / high
        legend = figure.legend(
            loc="upper left", bbox_to_anchor=(margin(shown), 1), ncols=1, borderaxespad=0.2
        )
        tell_legend(legend, [looks[called] for called in named])
        figure.subplots_adjust(left=margin(shown), right=0.97, top=1 - top, bottom=0.5 / high)
    return figure


def enough(one: Reliance) -> bool:
    """Whether there are enough images on known random backgrounds for a matrix of classes."""
    rand = one.predictions.get("mixed_rand")
    if rand is None or rand.background is None:
        return False
    return int((rand.background >= 0).sum()) >= _PER_CELL * len(one.classes) ** 2


def draw_pull(one: Reliance, called: str) -> Figure:
    """How often the background's class is predicted, by the object's class and the background's."""
    values = 100 * pull_matrix(one.predictions["mixed_rand"], len(one.classes))
    with drawing(f"pull-{called}"):
        # Class names may be of any length, and here they stand on two sides.
        figure = Figure(figsize=(WIDTH, WIDTH * 0.78), layout="constrained")
        axes = figure.subplots()
        axes.set_title(called)
        mesh = axes.pcolormesh(values, cmap=_PULL, vmin=0, vmax=100, edgecolors=PAPER, linewidth=1.5)
        says = [
            words(f"{called}: {one.classes[row]} on {one.classes[column]}", value=float(value))
            if np.isfinite(value)
            else ""
            for (row, column), value in np.ndenumerate(values)
        ]
        tell(mesh, says=says, cells=True)
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value):
                ink = ink_on(_PULL(value / 100))
                axes.text(
                    column + 0.5, row + 0.5, f"{value:.0f}", ha="center", va="center", fontsize=9, color=ink
                )
        middle = np.arange(len(one.classes)) + 0.5
        axes.set_yticks(middle, one.classes)
        axes.set_xticks(middle, one.classes, rotation=35, ha="right")
        axes.set_xlabel("Class of the background")
        axes.set_ylabel("Class of the object", labelpad=2)
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    return figure
