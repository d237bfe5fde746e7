"""A sheet of pictures: a row for each foreground, a column for each variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from withstand.report.canvas import WIDTH, drawing
from withstand.report.wording import spaced

_HEAD, _SIDE, _GAP = 0.34, 0.85, 0.03  # inches


def draw(variants: Mapping[str, NDArray[np.uint8]], rows: Sequence[str], name: str = "sheet") -> Figure:
    """One picture for all of it, so that a page has one image to load.

    Args:
        variants: name → uint8 R×H×W×3.
        rows: what stands beside each row.
        name: keeps the identifiers of one drawing apart from those of others.
    """
    cell = (WIDTH - _SIDE) / len(variants)
    gap = max(1, round(_GAP / cell * next(iter(variants.values())).shape[2]))
    width, height = WIDTH, _HEAD + cell * len(rows)
    with drawing(name):
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((_SIDE / width, 0, 1 - _SIDE / width, 1 - _HEAD / height))
        axes.imshow(_tiled(list(variants.values()), gap), interpolation="antialiased", aspect="auto")
        axes.set_axis_off()
        for column, variant in enumerate(variants):
            figure.text(
                (_SIDE + (column + 0.5) * cell) / width,
                1 - 0.45 * _HEAD / height,
                spaced(variant).replace(" ", "\n", 1),  # as wide as its pictures
                ha="center",
                va="center",
                fontsize=7.5,
            )
        for row, label in enumerate(rows):
            middle = 1 - (_HEAD + (row + 0.5) * cell) / height
            figure.text(
                (_SIDE - 0.08) / width, middle, label.replace(" ", "\n"), ha="right", va="center", fontsize=8
            )
    return figure


def _tiled(columns: Sequence[NDArray[np.uint8]], gap: int) -> NDArray[np.uint8]:
    """RGBA: the pictures on a transparent ground, so that it takes the colour of the page."""
    n, high, wide, _ = columns[0].shape
    canvas = np.zeros((n * (high + gap), len(columns) * (wide + gap), 4), np.uint8)
    for column, pictures in enumerate(columns):
        for row, picture in enumerate(pictures):
            top, left = row * (high + gap), column * (wide + gap)
            canvas[top : top + high, left : left + wide, :3] = picture
            canvas[top : top + high, left : left + wide, 3] = 255
    return canvas
