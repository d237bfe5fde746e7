"""Pillow's resize with its two passes in one order, whichever version is installed: columns first, then rows.

Each pass rounds to whole levels, so the order shows. Until version 12 Pillow always took columns first; from 13 on it
takes rows first where the height shrinks and the width does not. Every number of the study, and of every run so far,
was made columns first, and so is every other.
"""

from __future__ import annotations

from PIL import Image

PASSES = ("RGB", "L")
"""Modes that Pillow resizes as they are; it turns others into another one and back, once a call."""


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
    down = across if down is None else down
    if across != down or rows_first(*whole.size, width, height):
        whole = whole.resize((width, whole.height), across)
    return whole.resize((width, height), down)


def rows_first(width_in: int, height_in: int, width: int, height: int) -> bool:
    """Whether Pillow from version 13 on takes the rows first."""
    return height < height_in and width > width_in
