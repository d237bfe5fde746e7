"""The figures of a leaderboard: ranks, clean against shifted, and robustness against what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from matplotlib.transforms import Bbox, BboxBase
from scipy.special import expit, logit

from withstand.analysis.leaderboard import COSTS, FRONT, Leaderboard, Placed, cost_of
from withstand.base.names import shown
from withstand.report.canvas import WIDTH, drawing, margin
from withstand.report.section import Picture
from withstand.report.style import AHEAD, EVEN, FAINT, INK, Look, looks
from withstand.report.wording import spaced
from withstand.results.conditions import CLEAN

MOST = 30
"""Rows of a figure."""
_MARKED = 8
"""So many models have colours and marks of their own."""
_LABELLED = 14
_MARK = 6.0  # dots that a mark takes: a name keeps off it
_UNITS = {
    "parameters": (1e6, "Parameters, millions"),
    "macs": (1e9, "MACs, billions"),
    "seconds": (1e-3, "ms an image"),
}


def looks_of(board: Leaderboard) -> Mapping[str, Look]:
    """A look for each of a few models; of many, none has one of its own."""
    names = [one.name for one in board.placed]
    return looks(names) if len(names) <= _MARKED else {}


def pictures(board: Leaderboard) -> list[Picture]:
    """Those that there is something for."""
    found = []
    if len(board.placed) > 1:
        more = f" The first {MOST} of {len(board.placed)}." if len(board.placed) > MOST else ""
        found.append(
            Picture(
                "ranks",
                f"Ranks: the mark is the rank by mean, the bar where it may lie.{more}",
                _ranks(board),
            )
        )
    both = [one for one in board.placed if one.effective]
    if len(both) > 2:
        caption = "Clean against shifted, on logit axes; what lies above the line is effective robustness."
        found.append(Picture("clean-shifted", caption, _against_clean(board, both)))
    for cost, called in COSTS.items():
        known = _of_one_device([one for one in board.placed if cost in one.front], cost)
        if len({cost_of(one.about, cost) for one in known}) > 1:
            caption = f"Robustness against {called}; the line joins those on the front."
            if cost == "seconds":
                caption += f" Measured on {shown(known[0].about.device)}, {shown(known[0].about.precision)}."
            found.append(Picture(f"front-{cost}", caption, _front(board, known, cost)))
    return found


def _of_one_device(known: Sequence[Placed], cost: str) -> list[Placed]:
    """Of times, those of the device and arithmetic that most were measured with."""
    if cost != "seconds" or not known:
        return list(known)
    kinds = [(one.about.device, one.about.precision) for one in known]
    most = max(dict.fromkeys(kinds), key=kinds.count)
    return [one for one, kind in zip(known, kinds, strict=True) if kind == most]


def _colours(board: Leaderboard) -> Mapping[str, Look]:
    own = looks_of(board)
    return {one.name: own.get(one.name, Look(AHEAD, "o")) for one in board.placed}


def _ranks(board: Leaderboard) -> Figure:
    colours, rows = _colours(board), board.placed[:MOST]
    with drawing("ranks"):
        figure = Figure(figsize=(WIDTH, 0.55 + 0.24 * len(rows)))
        axes = figure.subplots()
        for row, one in enumerate(rows):
            look = colours[one.name]
            ends = [one.low, one.high]
            axes.plot(ends, [row, row], color=look.colour, linewidth=6, alpha=0.3, solid_capstyle="round")
            axes.plot(one.rank, row, look.marker, color=look.colour)
        names = [shown(one.name, 30) for one in rows]
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        last = max(one.high for one in rows)
        axes.set_xticks(sorted({1, *range(step := max(1, round(last / 8)), last + 1, step)}))
        axes.set_xlim(0.5, last + 0.5)
        axes.set_xlabel("Rank")
        height = figure.get_figheight()
        figure.subplots_adjust(left=margin(names), right=0.97, top=1 - 0.05 / height, bottom=0.46 / height)
    return figure


def _against_clean(board: Leaderboard, both: Sequence[Placed]) -> Figure:
    colours = _colours(board)
    x, y = (
        logit(np.clip([one.means[shift].value for one in both], 1e-4, 1 - 1e-4))
        for shift in (CLEAN.shift, board.by)
    )
    with drawing("clean-shifted"):
        figure = Figure(figsize=(WIDTH, 3.4))
        axes = figure.subplots()
        if np.ptp(x) > 0:
            slope, start = np.polyfit(x, y, 1)
            ends = np.array([x.min(), x.max()])
            axes.plot(ends, slope * ends + start, color=EVEN, linewidth=1.2, zorder=1)
        for one, across, up in zip(both, x, y, strict=True):
            look = colours[one.name]
            axes.plot(across, up, look.marker, color=look.colour, alpha=0.85)
        axes.margins(0.12)
        for axis, found in ((axes.xaxis, x), (axes.yaxis, y)):
            shares = MaxNLocator(nbins=6).tick_values(
                *(100 * expit(end) for end in (found.min(), found.max()))
            )
            axis.set_ticks([logit(one / 100) for one in shares if 0 < one < 100], _shares(shares))
        axes.set_xlabel("Clean, %")
        axes.set_ylabel(f"Under {spaced(board.by)}, %")
        figure.subplots_adjust(left=0.13, right=0.97, top=0.97, bottom=0.15)
        _label(axes, [one.name for one in both], x, y)
    return figure


def _shares(shares: Sequence[float]) -> list[str]:
    return [f"{one:g}" for one in shares if 0 < one < 100]


def _front(board: Leaderboard, known: Sequence[Placed], cost: str) -> Figure:
    colours, (unit, label) = _colours(board), _UNITS[cost]
    x = np.array([cost_of(one.about, cost) or 0.0 for one in known]) / unit
    y = np.array([100 * one.means[board.by].value for one in known])
    on = np.array([one.front.get(cost) == FRONT for one in known])
    with drawing(f"front-{cost}"):
        figure = Figure(figsize=(WIDTH, 3.2))
        axes = figure.subplots()
        order = np.argsort(x[on], kind="stable")
        axes.plot(x[on][order], y[on][order], color=FAINT, drawstyle="steps-post", zorder=1)
        for one, across, up, first in zip(known, x, y, on, strict=True):
            look = colours[one.name]
            own = one.means[board.by].times(100)
            axes.plot([across, across], [own.low, own.high], color=look.colour, alpha=0.35, linewidth=3)
            fill = look.colour if first else "none"
            axes.plot(across, up, look.marker, color=look.colour, markerfacecolor=fill)
        if (x > 0).all():
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.xaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
        axes.set_xlabel(label)
        axes.set_ylabel(f"Under {spaced(board.by)}, %" if board.by != CLEAN.shift else "Clean, %")
        axes.margins(0.14)
        figure.subplots_adjust(left=0.13, right=0.97, top=0.97, bottom=0.16)
        _label(axes, [one.name if first else "" for one, first in zip(known, on, strict=True)], x, y)
    return figure


def _label(axes: Axes, names: Sequence[str], x: np.ndarray, y: np.ndarray) -> None:
    """Names beside the marks of a few, best first, where there is room; others are left to the table."""
    if not 0 < len(names) - names.count("") <= _LABELLED:
        return
    axes.autoscale_view()
    places = axes.transData.transform(np.stack([x, y], axis=1))
    marks = [Bbox([at - _MARK / 2, at + _MARK / 2]) for at in places]
    taken: list[Bbox] = []
    for name, across, up in zip(names, x, y, strict=True):
        for side, below in ((1, 1), (1, 0), (-1, 1), (-1, 0)) if name else ():
            text = axes.annotate(
                shown(name, 24),
                (across, up),
                (6 * side, -9 if below else 3),
                textcoords="offset points",
                fontsize=8,
                color=INK,
                ha="left" if side > 0 else "right",
            )
            box = text.get_window_extent()
            if _within(axes.bbox, box) and not box.count_overlaps([*taken, *marks]):
                taken.append(box)
                break
            text.remove()


def _within(outer: BboxBase, box: BboxBase) -> bool:
    return bool(np.all(outer.min <= box.min) and np.all(box.max <= outer.max))
