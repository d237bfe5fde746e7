"""How many images would do, as a table and a curve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from withstand.analysis.plan import STEPS, Plan
from withstand.base import atomic
from withstand.base.names import file_name
from withstand.report import canvas
from withstand.report.canvas import WIDTH, drawing
from withstand.report.marks import tell
from withstand.report.style import looks
from withstand.report.table import Column, Row, Table, Value
from withstand.report.wording import points, rounded, spaced

_MOST = 1e6


def line(found: Plan, points: float, images: int | None) -> str:
    """The answer in one line: the images that a difference needs, or what these show of it."""
    power = f"{100 * found.power:g}%"
    if images is not None:
        chances = found.chance(images, points)
        shown = "; ".join(
            f"{spaced(part)}: {value:.2f} points (of {points:g}, the power is {100 * chances[part]:.0f}%)"
            for part, value in found.detectable(images).items()
        )
        return f"plan: {images:,} images show with {power} power: {shown}"
    shown = "; ".join(
        f"{spaced(part)}: {'no number of images' if n is None else f'about {rounded(n):,} images'}"
        for part, n in found.needed(points).items()
    )
    return f"plan: to show a difference of {points:g} points with {power} power: {shown}"


def table(found: Plan) -> Table:
    """A row for each part: the images that each difference needs, and what the pilot's own show."""
    rows = []
    for name, part in found.parts.items():
        values: dict[str, Value] = {"part": name}
        if part.images is not None:
            values |= {
                "images": part.images,
                "difference": part.difference,
                "shows": 100 * part.pilot.detectable(part.images, found.alpha / 2, found.power),
            }
        values |= {
            f"at_{points:g}": None if (n := found.needed_in(part, points)) is None else rounded(n)
            for points in STEPS
        }
        rows.append(Row(values))
    pilot = [
        Column("images", "pilot’s images", ",d"),
        Column("difference", "its difference, points", "+.1f"),
        Column("shows", "shown by them, points", ".2f"),
    ]
    measured = any(part.images is not None for part in found.parts.values())
    columns = [
        Column("part", "part"),
        *(pilot if measured else []),
        *(
            Column(f"at_{points:g}", f"{points:g}", ",d", "images for a difference of … points")
            for points in STEPS
        ),
    ]
    note = (
        f"Paired by image, two-sided test at {100 * found.alpha:g}%, power {100 * found.power:g}%; two digits are known"
        " of a number of images."
    )
    return Table("plan", "Images that a difference takes", columns, rows, [note])


def draw(found: Plan) -> Figure:
    """The smallest difference that is shown, by the number of images, a line for each part."""
    with drawing("plan"):
        legend = 0.19 * len(found.parts) + 0.1  # inches
        high = 2.9 + legend
        figure = Figure(figsize=(WIDTH, high))
        axes = figure.subplots()
        sizes = np.unique(np.geomspace(50, _MOST, 40).astype(int))
        colours = looks(tuple(found.parts))
        for name, part in found.parts.items():
            colour = colours[name].colour
            curve = [100 * part.pilot.detectable(n, found.alpha / 2, found.power) for n in sizes]
            axes.plot(sizes, curve, color=colour, label=name)
            if part.images is not None:
                own = 100 * part.pilot.detectable(part.images, found.alpha / 2, found.power)
                (mark,) = axes.plot(part.images, own, "o", color=colour, markersize=7)
                tell(mark, says=[f"{name}: {part.images:,} images show {points(own)}"])
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_yticks([0.1, 0.2, 0.5, 1, 2, 5, 10, 20])
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(
                FuncFormatter(lambda value, _: f"{value:,g}" if value < 1e6 else "1 million")
            )
            axis.set_minor_formatter(FuncFormatter(lambda *_: ""))
        axes.set_xlabel("Images")
        axes.set_ylabel("Points that are shown")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=9, borderaxespad=0.2)
        figure.subplots_adjust(left=0.12, right=0.97, top=1 - (0.1 + legend) / high, bottom=0.52 / high)
    return figure


def write(found: Plan, folder: Path) -> Path:
    """``plan.csv``, ``plan.png`` and ``plan.svg`` in a folder of the two's names; gives it."""
    place = folder / file_name(f"{found.new}-and-{found.old}")
    atomic.write_text(place / "plan.csv", table(found).csv())
    figure = draw(found)
    canvas.save_png(figure, place / "plan.png")
    atomic.write_text(place / "plan.svg", canvas.svg(figure, "plan"))
    return place
