"""How wide text is in Computer Modern, without TeX: by the advance widths of the font that Matplotlib brings."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font, LoadFlags

from withstand.base.names import shown

WIDTH = 340.0  # points: the text of an article of 10 points on letter or A4 paper is 345 wide

# Small sizes are cut wider: the digits of cmr10, cmr9, cmr8 and cmr7 are .500, .514, .531 and .569 of their size wide.
_CUT = {10: 1.0, 9: 1.028, 8: 1.063, 7: 1.139}
_OWN = {" ": 0.34, "_": 0.37}
_OTHER = 0.78  # of the size: a sign that the font has elsewhere or not at all, such as a minus, < or ×


@cache
def _advance(sign: str) -> float:
    """As a share of the size."""
    if sign in "<>|\\{}^~" or not " " < sign <= "~" or sign in _OWN:
        return _OWN.get(sign, _OTHER)
    found = _font().load_char(ord(sign), flags=LoadFlags.NO_HINTING)
    return max(0.26, found.linearHoriAdvance / 65536 / 10)


@cache
def _font() -> FT2Font:
    font = FT2Font(str(Path(matplotlib.get_data_path(), "fonts/ttf/cmr10.ttf")))
    font.set_size(10, 72)
    return font


def wide(text: str, size: int = 10) -> float:
    """Points that a line of text takes at a size of 10, 9, 8 or 7; kerning, which makes it narrower, apart."""
    return sum(map(_advance, shown(text))) * size * _CUT[size]


def broken(text: str, width: float, size: int) -> list[str]:
    """The words in as few lines as are no wider than ``width``; a word that is wider has a line of its own."""
    lines: list[str] = []
    for word in shown(text).split():
        if lines and wide(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]
