"""The report's figures, drawn through Matplotlib's objects: no pyplot, no display, no state."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from withstand import atomic
from withstand.report.style import FAINT, INK, PAPER, THEMED, Look

_RULES = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "svg.fonttype": "none",  # text stays text: searchable, read aloud, and in the page's own font
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "figure.facecolor": "none",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
}


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """The report's style; ``name`` keeps the identifiers inside one SVG apart from those of the others."""
    with matplotlib.rc_context({**_RULES, "svg.hashsalt": name}):
        yield


def svg(figure: Figure, name: str) -> str:
    """The figure as SVG in the inks of the light theme, the same bytes for the same figure."""
    text = io.StringIO()
    with drawing(name):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def inlined(drawn: str, description: str) -> str:
    """An SVG to stand inside a page: in the inks of the page's theme, as wide as its place, described in words."""
    drawn = re.sub("|".join(THEMED), lambda found: THEMED[found.group()], drawn[drawn.index("<svg") :])
    # The viewBox keeps the proportions; fixed points would not shrink on a phone.
    opened = re.sub(r'(<svg [^>]*?)\s(?:width|height)="[^"]*"', r"\1", drawn, count=1)
    opened = re.sub(r'(<svg [^>]*?)\s(?:width|height)="[^"]*"', r"\1", opened, count=1)
    return opened.replace("<svg ", f'<svg role="img" aria-label="{html.escape(description)}" ', 1)


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
        figure = Figure(figsize=(8.4, 3.3))
        left, right = figure.subplots(1, 2)
        epochs = history["epoch"].to_numpy()
        best = _best(history)
        for axes, key, label in ((left, "loss", "Loss"), (right, "top1", "Top-1, %")):
            axes.set_title(label)
            for part, line, colour in (("train", (0, (4, 2)), INK), ("val", "-", look.colour)):
                if f"{part}_{key}" in history:
                    values = history[f"{part}_{key}"].to_numpy(dtype=float)
                    mark = "." if len(epochs) < 30 else ""
                    axes.plot(
                        epochs,
                        values,
                        linestyle=line,
                        color=colour,
                        marker=mark,
                        linewidth=1.8 if part == "val" else 1.2,
                        label="validation" if part == "val" else "training",
                    )
            if best is not None:
                _mark_best(axes, history.iloc[best], key, look)
            axes.set_xlabel("Epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=8))
            if len(epochs) == 1:
                axes.set_xlim(epochs[0] - 0.5, epochs[0] + 0.5)
            axes.margins(y=0.12)
        left.legend(loc="best", fontsize=9)
        figure.suptitle(title, x=0.012, ha="left", fontsize=12, fontweight="bold")
        figure.subplots_adjust(left=0.07, right=0.985, top=0.81, bottom=0.15, wspace=0.18)
    return figure


def save_png(figure: Figure, path: Path) -> None:
    """The figure on white paper, whole or not at all."""
    with atomic.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=160, facecolor=PAPER)


def _best(history: pd.DataFrame) -> int | None:
    values = history.get("val_top1")
    return None if values is None or values.isna().all() else int(np.nanargmax(values.to_numpy(dtype=float)))


def _mark_best(axes: Axes, row: pd.Series, key: str, look: Look) -> None:
    value = float(row[f"val_{key}"])
    axes.axvline(row["epoch"], color=look.colour, linewidth=1, alpha=0.35, zorder=0)
    axes.plot(row["epoch"], value, look.marker, color=look.colour, markersize=9, markeredgecolor=PAPER, zorder=5)
    axes.annotate(
        f"best: epoch {int(row['epoch'])}, {value:.1f}" if key == "top1" else f"{value:.3f}",
        (row["epoch"], value),
        xytext=(0, -14 if key == "top1" else 9),
        textcoords="offset points",
        ha="right" if row["epoch"] > 1 else "center",
        fontsize=8.5,
        color=INK,
    )

