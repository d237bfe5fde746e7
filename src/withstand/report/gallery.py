"""Photographs in the report: as data in the page, and as one figure in a file."""

from __future__ import annotations

import base64
import io

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from withstand.report.canvas import drawing
from withstand.report.section import Example, Gallery

_COLUMNS = 4  # examples beside each other in the file


def address(image: NDArray[np.uint8]) -> str:
    """A photograph (uint8 H×W×3) as a ``data:`` address, so that the page needs no other file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def draw(gallery: Gallery) -> Figure:
    """All examples in one figure, for Markdown and slides."""
    shots = max(len(example.shots) for example in gallery.examples)
    lines = max(len(example.said) for example in gallery.examples)
    rows = -(-len(gallery.examples) // _COLUMNS)
    with drawing(gallery.name):
        figure = Figure(figsize=(_COLUMNS * (shots + 0.35), rows * (1.45 + 0.17 * lines)))
        cells = figure.subfigures(rows, _COLUMNS, squeeze=False).ravel()
        for cell, example in zip(cells, gallery.examples, strict=False):
            cell.suptitle(example.title, x=0.03, y=0.97, ha="left", fontsize=10, fontweight="bold")
            _draw(cell, example, shots, lines)
    return figure


def _draw(cell: Figure, example: Example, shots: int, lines: int) -> None:
    axes = cell.subplots(1, shots, squeeze=False)[0]
    for one in axes:
        one.set_axis_off()
    for one, shot in zip(axes, example.shots, strict=False):
        one.imshow(shot.image, interpolation="nearest")
        one.set_title(shot.label, fontsize=8.5, fontweight="normal", loc="left", pad=2)
    said = "\n".join(f"{name}: {answer}" for name, answer in example.said)
    cell.text(0.03, 0.02, said, ha="left", va="bottom", fontsize=8)
    height = 1.45 + 0.17 * lines
    cell.subplots_adjust(
        left=0.03, right=0.97, bottom=(0.1 + 0.17 * lines) / height, top=1 - 0.42 / height, wspace=0.06
    )
