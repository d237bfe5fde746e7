"""The figure of experiment 3."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from withstand.analysis.changes import Change
from withstand.corruptions.names import FAMILIES
from withstand.report.canvas import WIDTH, drawing, margin
from withstand.report.marks import tell, tell_legend, tell_rows, words
from withstand.report.style import INK, PAPER, Look
from withstand.report.wording import family, spaced


def draw(tuned: Mapping[str, Change], looks: Mapping[str, Look]) -> Figure:
    """A line for each corruption: the gain of each model with its interval, clean images last."""
    found = {variant for one in tuned.values() for variant in one.variants}
    rows = [v for members in FAMILIES.values() for v in members if v in found]
    rows += [*sorted(found - set(rows)), "clean"]
    step = 0.7 / len(tuned)
    with drawing(f"finetune-{next(iter(tuned.values())).name}"):
        top = 0.38 + 0.2 * len(tuned)  # inches for the title and a line of legend a model
        figure = Figure(figsize=(WIDTH, 0.5 + top + (0.2 + 0.1 * len(tuned)) * len(rows)))
        axes = figure.subplots()
        for number, (name, one) in enumerate(tuned.items()):
            look = looks[name]
            tell(axes.plot([], [], look.marker, color=look.colour, label=name)[0], look)
            unseen = {c.variant for c in one.groups.get("unseen", ())}
            for row, group in enumerate(rows):
                if group not in one.groups:
                    continue
                gain = one.gain(group).difference.times(100)
                at = row + (number - (len(tuned) - 1) / 2) * step
                (bar,) = axes.plot(
                    [gain.low, gain.high], [at, at], color=look.colour, linewidth=2.2, alpha=0.55
                )
                fill = PAPER if group in unseen else look.colour
                (mark,) = axes.plot(gain.value, at, look.marker, color=look.colour, markerfacecolor=fill)
                where, shift = spaced(group), "" if group == "clean" else spaced(group)
                said = words(name, where, value=gain, unit=" points", sign="+")
                tell(bar, look, shift=shift)
                tell(mark, look, shift=shift, says=[said])
        axes.axvline(0, color=INK, linewidth=1)
        for row in range(1, len(rows)):
            if family(rows[row]) != family(rows[row - 1]):
                axes.axhline(row - 0.5, color=INK, linewidth=0.4, alpha=0.4)
        axes.set_yticks(np.arange(len(rows)), [*map(spaced, rows[:-1]), "clean images"])
        tell_rows(axes, shifts=[*map(spaced, rows[:-1])])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Points of top-1 gained by fine-tuning")
        left, high = margin([*map(spaced, rows), "clean images"]), figure.get_figheight()
        called = next(iter(tuned.values())).name
        figure.suptitle(
            called, x=left, y=1 - 0.08 / high, ha="left", va="top", fontsize=11, fontweight="bold"
        )
        legend = figure.legend(
            loc="upper left", bbox_to_anchor=(left, 1 - 0.28 / high), borderaxespad=0, handletextpad=0
        )
        tell_legend(legend, [looks[name] for name in tuned])
        figure.subplots_adjust(left=left, right=0.97, top=1 - top / high, bottom=0.5 / high)
    return figure
