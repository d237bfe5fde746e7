"""The first screen: the picture of all models, and a card for each."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from withstand.report.canvas import WIDTH, drawing, in_lines, margin
from withstand.report.marks import tell, tell_rows, words
from withstand.report.section import Context, Picture
from withstand.report.style import PAPER, Look
from withstand.report.wording import spaced
from withstand.statistics import Estimate


@dataclass(frozen=True)
class Card:
    """One model at a glance, in percent; None for what was not evaluated."""

    name: str
    look: Look
    title: str
    clean: Estimate | None
    corrupted: Estimate | None
    drop: Estimate | None
    worst: str
    worst_accuracy: Estimate | None


def cards(context: Context) -> list[Card]:
    """A card for each model, the best first."""
    return [_card(context, name) for name in context.together.ranking]


def _card(context: Context, name: str) -> Card:
    together = context.together
    worst = together.worst(name) if together.conditions else ""
    return Card(
        name,
        context.looks[name],
        context.runs[name].provenance.get("config", {}).get("model", {}).get("title", ""),
        _mean(context, name, "clean"),
        _mean(context, name, "corrupted"),
        together.drop(name).times(100) if together.clean and together.conditions else None,
        spaced(worst),
        _mean(context, name, worst),
    )


def _mean(context: Context, name: str, group: str) -> Estimate | None:
    together = context.together
    return together.accuracy(name, group).times(100) if group in together.groups else None


def picture(context: Context) -> Picture | None:
    """Clean accuracy and the mean under corruption of every model; None where nothing compares."""
    if not context.together.names:
        return None
    together = context.together
    marks = "open marks: clean images; filled: mean under corruption; " if together.conditions else ""
    said = f"{marks}pale bars: 95% intervals."
    return Picture("overview", f"Top-1, %. {said[0].upper()}{said[1:]}", draw(context))


def draw(context: Context) -> Figure:
    """A line for each model: clean accuracy (open mark) to the mean under corruption (filled), with intervals."""
    names = context.together.ranking
    labels = [in_lines(name) for name in names]
    with drawing("overview"):
        figure = Figure(figsize=(WIDTH, 0.4 + 0.56 * len(names)))
        axes = figure.subplots()
        for row, name in enumerate(names):
            look = context.looks[name]
            ends = {group: _mean(context, name, group) for group in ("corrupted", "clean")}
            found = [one.value for one in ends.values() if one is not None]
            tell(axes.plot(found, [row] * len(found), color=look.colour, linewidth=1.4, zorder=3)[0], look)
            for group, one in ends.items():
                if one is not None:
                    said = words(name, "clean" if group == "clean" else "under corruption", value=one)
                    _end(axes, row, one, look, group == "clean", said, right=one.value >= max(found))
        axes.set_yticks(range(len(names)), labels)
        tell_rows(axes, [context.looks[name] for name in names])
        axes.set_ylim(len(names) - 0.5, -0.6)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.26 if len(names) > 1 else 0.4)  # room for the numbers
        height = figure.get_figheight()
        figure.subplots_adjust(left=margin(labels), right=0.97, top=0.99, bottom=0.32 / height)
    return figure


def _end(axes: Axes, row: int, one: Estimate, look: Look, clean: bool, said: str, *, right: bool) -> None:
    """A mark with its interval and its number, on the outer side: right of the higher, left of the lower."""
    (bar,) = axes.plot(
        [one.low, one.high], [row, row], color=look.colour, linewidth=6, alpha=0.3, solid_capstyle="round"
    )
    fill = PAPER if clean else look.colour
    (mark,) = axes.plot(
        one.value, row, look.marker, color=look.colour, markerfacecolor=fill, markersize=9, zorder=4
    )
    label = axes.annotate(
        f"{one.value:.1f}",
        (one.high if right else one.low, row),
        (8 if right else -8, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
    )
    tell(bar, look)
    tell(mark, look, says=[said])
    tell(label, look)
