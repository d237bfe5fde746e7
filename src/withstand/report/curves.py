"""Loss and accuracy by epoch: the figure of one run's training, in its folder and in the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from withstand.base.names import shown
from withstand.report.canvas import WIDTH, drawing, save_png
from withstand.report.marks import tell, words
from withstand.report.style import INK, PAPER, Look
from withstand.results.history import Epochs


def save(history: Epochs, title: str, path: Path) -> None:
    """Write loss and accuracy by epoch as a PNG, train and validation, the best epoch marked.

    Args:
        history: the columns of ``history.csv``.
        title: stands over the figure.
        path: the file to write, atomically.
    """
    save_png(draw(history, title, Look("#0072B2", "o")), path)


def draw(history: Epochs, title: str, look: Look) -> Figure:
    """Loss and top-1 by epoch: training dashed, validation solid, the best epoch by validation top-1 marked."""
    with drawing(title):
        figure = Figure(figsize=(WIDTH, 2.6))
        epochs = history["epoch"]
        best = _best(history)
        for axes, key, label in zip(
            figure.subplots(1, 2), ("loss", "top1"), ("Loss", "Top-1, %"), strict=True
        ):
            axes.set_title(label)
            _lines(axes, history, key, look)
            if best is not None and f"val_{key}" in history:
                _mark_best(axes, history, best, key, look)
            axes.set_xlabel("Epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=7))
            if len(epochs) == 1:
                axes.set_xlim(epochs[0] - 0.5, epochs[0] + 0.5)
            axes.yaxis.set_major_locator(MaxNLocator(nbins=5))  # more need digits that do not fit beside it
            axes.margins(y=0.12)
        if figure.axes[0].get_legend_handles_labels()[0]:
            figure.axes[0].legend(loc="best", fontsize=9)  # the same for both
        figure.suptitle(shown(title), x=0.095, y=0.985, ha="left", fontsize=12, fontweight="bold")
        figure.subplots_adjust(left=0.095, right=0.985, top=0.76, bottom=0.18, wspace=0.22)
    return figure


def _lines(axes: Axes, history: Epochs, key: str, look: Look) -> None:
    epochs = history["epoch"]
    mark = "." if len(epochs) < 30 else ""
    if f"train_{key}" in history:
        values = history[f"train_{key}"]
        axes.plot(
            epochs, values, marker=mark, label="training", linestyle=(0, (4, 2)), color=INK, linewidth=1.2
        )
    if f"val_{key}" in history:
        values = history[f"val_{key}"]
        (line,) = axes.plot(epochs, values, marker=mark, label="validation", color=look.colour)
        if mark and np.isfinite(values).all():
            unit, digits = ("%", 1) if key == "top1" else ("", 3)
            about = [f"epoch {epoch}, validation {'top-1' if key == 'top1' else key}" for epoch in epochs]
            tell(
                line,
                says=[
                    words(one, value=float(value), unit=unit, digits=digits)
                    for one, value in zip(about, values, strict=True)
                ],
            )
    if {f"train_{key}", f"val_{key}"} <= history.keys():
        training, validation = history[f"train_{key}"], history[f"val_{key}"]
        axes.fill_between(epochs, training, validation, color=look.colour, alpha=0.12, lw=0, label="gap")


def _best(history: Epochs) -> int | None:
    """The place of the epoch with the highest validation top-1, where any is known."""
    values = history.get("val_top1")
    return None if values is None or np.isnan(values).all() else int(np.nanargmax(values))


def _mark_best(axes: Axes, history: Epochs, place: int, key: str, look: Look) -> None:
    value, epoch = float(history[f"val_{key}"][place]), int(history["epoch"][place])
    axes.axvline(epoch, color=look.colour, linewidth=1, alpha=0.4, zorder=0)
    axes.plot(epoch, value, look.marker, color=look.colour, markersize=9, markeredgecolor=PAPER, zorder=5)
    said = f"best epoch {epoch}: {value:.1f}" if key == "top1" else f"at epoch {epoch}: {value:.3f}"
    axes.set_title(said, loc="right", fontsize=9, fontweight="normal")
