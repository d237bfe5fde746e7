"""How models look, the same in every figure and table: colours, marks and inks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Look:
    """One model's colour and mark; the mark tells models apart where colours do not.

    ``number`` is the model's place among those of the report: the page knows by it what belongs to the model.
    """

    colour: str
    marker: str
    number: int = 0


# Okabe & Ito (2008), distinct with every common colour blindness; its yellow, too pale on white, and black, unseen
# on a dark page, give way to a brown and a grey.
_LOOKS = tuple(
    Look(colour, marker)
    for colour, marker in zip(
        ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C510A", "#808080"),
        ("o", "s", "^", "D", "v", "P", "X", "*"),
        strict=True,
    )
)

# Figures are drawn in the inks of the light theme. Inside the page each becomes the variable that its theme sets.
INK, FAINT, PAPER = "#1c1f24", "#d5d8dd", "#ffffff"
THEMED = {INK: "var(--ink)", FAINT: "var(--line)", PAPER: "var(--paper)"}


# Ahead, behind and within error, where the colour means that and not a model; everyone can tell blue from orange.
AHEAD, BEHIND, EVEN = "#0072B2", "#D55E00", "#8a9099"


def looks(names: Sequence[str]) -> dict[str, Look]:
    """A look for each name, in the given order; after eight they begin again."""
    return {name: replace(_LOOKS[number % len(_LOOKS)], number=number) for number, name in enumerate(names)}


_DARK, _LIGHT = "#000000", "#fefefe"  # not PAPER, which turns dark with the page's theme


def ink_on(colour: Sequence[float]) -> str:
    """Black or white, whichever is read better on an sRGB colour (0 to 1): a contrast of 4.5 or more (WCAG 2)."""
    levels = (level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in colour[:3])
    luminance = sum(share * level for share, level in zip((0.2126, 0.7152, 0.0722), levels, strict=True))
    return _DARK if luminance > 0.178 else _LIGHT
