"""One image under every corruption at every severity, in one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

_CELL, _GAP, _SIDE, _HEAD, _FONT = 64, 3, 128, 22, 13  # pixels
_PANELS = 2  # side by side, so that the sheet is about as wide as high
_INK, _PAPER = (40, 40, 40), (255, 255, 255)


def draw(
    clean: NDArray[np.uint8], cells: Mapping[str, NDArray[np.uint8]], severities: Sequence[float]
) -> Image.Image:
    """A row for each corruption; the clean image, then a column for each severity.

    Args:
        clean: uint8 H×W×3.
        cells: uint8 S×H×W×3 by corruption, in the order of ``severities``.
    """
    names = list(cells)
    high = -(-len(names) // _PANELS)
    step, columns = _CELL + _GAP, 1 + len(severities)
    panel = _SIDE + columns * step
    sheet = Image.new("RGB", (_PANELS * panel, _HEAD + high * step), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT)
    for place, name in enumerate(names):
        left, top = place // high * panel, _HEAD + place % high * step
        if place % high == 0:
            for column, title in enumerate(["clean", *map(str, severities)]):
                middle = left + _SIDE + column * step + _CELL // 2
                pen.text((middle, _HEAD // 2), title, _INK, font, anchor="mm")
        pen.text((left + _SIDE - 8, top + _CELL // 2), name.replace("_", " "), _INK, font, anchor="rm")
        for column, image in enumerate([clean, *cells[name]]):
            sheet.paste(_fitted(image), (left + _SIDE + column * step, top))
    return sheet


def _fitted(image: NDArray[np.uint8]) -> Image.Image:
    """Small images are enlarged by whole pixels, so that noise stays noise; large ones are reduced."""
    picture = Image.fromarray(image)
    small = max(picture.size) <= _CELL
    return picture.resize((_CELL, _CELL), Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS)
