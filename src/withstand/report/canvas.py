"""How a figure gets onto paper, into a file and into a page: its style, PNG and theme-following SVG."""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from withstand.base import atomic
from withstand.base.names import printed, shown
from withstand.report.marks import titled
from withstand.report.style import FAINT, INK, PAPER, THEMED

WIDTH = 5.2  # inches: as wide as a phone is in points, so that text is as large there as it is drawn

_RULES: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.hinting": "none",  # at 160 dots an inch letters need no help, and hints take a fifth of the time
    "svg.fonttype": "none",  # text stays text: searchable, read aloud, and in the page's own font
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is a dollar
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # where it is by itself, found without measuring every label
    "axes.grid": True,
    "axes.grid.axis": "y",
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


def _unlabelled(figure: Figure) -> None:
    """Have no place looked for where an axis has no label: that takes as long as all else."""
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if not axis.get_label_text():
            axis.set_label_coords(0, 0)


def svg(figure: Figure, name: str) -> str:
    """The figure as SVG in the inks of the light theme, byte for byte the same for the same figure."""
    text = io.StringIO()
    _unlabelled(figure)
    with drawing(name), _any_signs():
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return titled(printed(text.getvalue()))


@contextmanager
def _any_signs() -> Iterator[None]:
    """Signs that the font lacks become boxes, without a word for each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def inlined(drawn: str, description: str) -> str:
    """An SVG to stand inside a page: in the inks of the page's theme, as wide as its place, described in words."""
    drawn = re.sub("|".join(THEMED), lambda found: THEMED[found.group()], drawn[drawn.index("<svg") :])
    # Ids of groups are the same in every figure, and nothing refers to them; those of marks and clips are hashed.
    drawn = re.sub(r'<g id="[^"]*"', "<g", drawn)
    head, rest = drawn.split(">", 1)
    # The viewBox keeps the proportions; a fixed size would not shrink on a phone. HTML needs no namespaces.
    head = re.sub(r'\s(?:width|height|version|xmlns(?::xlink)?)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{html.escape(shown(description))}">{rest}'


def save_png(figure: Figure, path: Path) -> None:
    """The figure on white paper, whole or not at all."""
    _unlabelled(figure)
    with atomic.replacing(path) as temporary, drawing(path.stem), _any_signs():
        figure.savefig(temporary, format="png", dpi=160, facecolor=PAPER, pil_kwargs={"compress_level": 1})


def abreast(names: Sequence[str], most: int, width: float = WIDTH) -> int:
    """How many entries of a legend stand beside each other without the last being cut off, at most ``most``."""
    entry = 0.5 + 0.083 * max(map(len, names), default=0)
    return max(1, min(most, int((width - 0.65) / entry)))


def margin(labels: Sequence[str], width: float = WIDTH) -> float:
    """The share of a figure's width (inches) that labels of 10 points at its left take."""
    longest = max(len(line) for label in labels for line in label.split("\n"))
    return min(0.5, (0.16 + 0.082 * longest) / width)


def in_lines(name: str, most: int = 28) -> str:
    """A name on as many lines as it takes, of at most ``most`` signs each: broken after - _ and ., where it has any."""
    lines = [""]
    for part in re.split(r"(?<=[-_.])", name):
        for piece in (part[at : at + most] for at in range(0, len(part), most)):
            if len(lines[-1]) + len(piece) > most and lines[-1]:
                lines.append("")
            lines[-1] += piece
    return "\n".join(lines)
