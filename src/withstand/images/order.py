"""Pillow's resize with its two passes in one order, whichever version is installed: columns first, then rows.

Each pass rounds to whole levels, so the order shows. Until version 12 Pillow always took columns first; from 13 on it
takes rows first where it finds that cheaper: wherever the height shrinks and the width grows, and in some 3 of 10
pictures of which both shrink; every version does where a picture is more than a hundred times as high as wide. Every
number of the study, and of every run so far, was made columns first; so is every other. A call that changes one side
alone has one pass, and no order.
"""

from __future__ import annotations

import math

import PIL
from PIL import Image

PASSES = ("RGB", "L")
"""Modes that Pillow resizes as they are; it turns others into another one and back, once a call."""

_REACH = {Image.Resampling.BILINEAR: 1.0, Image.Resampling.BICUBIC: 2.0}
"""Pixels, at the coarser of two sizes, to either side of a place that its value is made of."""

_WORTH = 0.9  # the share of a picture up to which the rest of it is left out

_COLUMNS_FIRST = int(PIL.__version__.partition(".")[0]) < 13
"""Whether one call has this order, but of pictures more than so many times as high as wide:"""
_TALL = 100


def resized(
    whole: Image.Image,
    width: int,
    height: int,
    across: Image.Resampling,
    down: Image.Resampling | None = None,
) -> Image.Image:
    """``whole`` at another size, columns first.

    Args:
        across: for the columns.
        down: for the rows, where they have another filter.

    Raises:
        ValueError: the picture has neither RGB nor levels of grey.
    """
    if whole.mode not in PASSES:
        raise ValueError(f"a picture of the mode {whole.mode} has no two passes; make it RGB")
    if _COLUMNS_FIRST and down in (None, across) and whole.height <= _TALL * whole.width:
        return whole.resize((width, height), across)
    across_only = whole.resize((width, whole.height), across)
    return across_only.resize((width, height), across if down is None else down)


def part(
    whole: Image.Image, width: int, height: int, filtered: Image.Resampling, box: tuple[int, int, int, int]
) -> Image.Image:
    """What ``resized`` gives within ``box``, without most of what lies outside.

    Args:
        box: left, top, right and bottom, in pixels of the new size.

    Raises:
        ValueError: as ``resized``.
    """
    left, top, right, bottom = box
    few = (right - left) * (bottom - top) <= _WORTH * width * height
    inside = 0 <= left < right <= width and 0 <= top < bottom <= height
    both = width != whole.width and height != whole.height
    if not (few and inside and both and filtered in _REACH and whole.mode in PASSES):
        return resized(whole, width, height, filtered).crop(box)
    scale = whole.height / height
    reach = _REACH[filtered] * max(scale, 1.0) + 1
    first = max(0, math.floor((top + 0.5) * scale - reach))
    last = min(whole.height, math.ceil((bottom - 0.5) * scale + reach))
    # Columns of the rows that count, then, at their places, rows of the columns that count.
    rows = whole.crop((0, first, whole.width, last)).resize((width, last - first), filtered)
    columns = Image.new(whole.mode, (right - left, whole.height))
    columns.paste(rows.crop((left, 0, right, last - first)), (0, first))
    return columns.resize((right - left, height), filtered).crop((0, top, right - left, bottom))
