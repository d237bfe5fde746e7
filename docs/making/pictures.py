"""The site's pictures of corruptions and shifts, drawn from the embedded data set: `python docs/making/pictures.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from withstand.backgrounds.drawn import worlds
from withstand.corruptions import CORRUPTIONS, SEVERITIES, corrupt, frost, ice
from withstand.datasets.shapes import draw, render
from withstand.images.imageset import ImageSet
from withstand.results.conditions import Condition
from withstand.shifts.cue_conflict import made as conflicting
from withstand.shifts.sequence import Frames
from withstand.shifts.sequence.made import Made

IMAGES = Path(__file__).resolve().parents[1] / "images"
Tiles = Sequence[NDArray[np.uint8]]

_SIZE, _GAP, _LABEL, _HEAD, _FONT = 64, 4, 92, 18, 12  # pixels
_INK, _PAPER = (60, 60, 60), (255, 255, 255)
_SHOWN = (3, 5, 8, 11, 14, 21)  # ids whose shapes and backgrounds differ well
_SEED = 7


def strip(rows: Mapping[str, Tiles], heads: Sequence[str] = ()) -> Image.Image:
    """Rows of images, each with its label on the left, and optionally a heading over each column."""
    step, left = _SIZE + _GAP, _LABEL if any(rows) else 0
    columns, top = max(map(len, rows.values())), _HEAD if heads else 0
    sheet = Image.new("RGB", (left + columns * step - _GAP, top + len(rows) * step - _GAP), _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT)
    for column, head in enumerate(heads):
        pen.text((left + column * step + _SIZE // 2, _HEAD // 2), head, _INK, font, anchor="mm")
    for row, (label, images) in enumerate(rows.items()):
        middle = top + row * step + _SIZE // 2
        pen.multiline_text((left - 6, middle), label, _INK, font, anchor="rm", align="right")
        for column, image in enumerate(images):
            sheet.paste(Image.fromarray(image), (left + column * step, top + row * step))
    return sheet


def of_corruption(name: str) -> Image.Image:
    """One image clean, then at the five severities; ice is drawn, whatever photographs are at hand."""
    one = _drawn(_SHOWN[3:4])
    made = [corrupt(one.images, name, severity, seed=_SEED)[0] for severity in SEVERITIES]
    return strip({"": [one.images[0], *made]})


def corruption() -> Image.Image:
    """A corruption of each family, and one more."""
    names = ("gaussian_noise", "motion_blur", "snow", "fog", "pixelate", "saturate")
    clean = _drawn(_SHOWN)
    shown = [corrupt(clean.images[at : at + 1], name, 4, seed=_SEED)[0] for at, name in enumerate(names)]
    return strip({"clean": clean.images, "corruption": shown})


def cue_conflict() -> Image.Image:
    clean = _drawn(_SHOWN)
    return strip(
        {"clean": clean.images, "shape of one,\ntexture of\nanother": conflicting(clean, _SEED).images}
    )


def collection() -> Image.Image:
    """The same classes elsewhere: other scenes, and backgrounds that do not go with them."""
    clean = _drawn(_SHOWN)
    ids = 9_000 + np.array(_SHOWN)
    others = render(ids, clean.labels, (clean.labels + 3) % 10, seed=_SEED, size=_SIZE)
    return strip({"data set": clean.images, "collection": others.images})


def sequence() -> Image.Image:
    """Every other frame of three films of one image."""
    names, frames = ("translate", "rotate", "gaussian_blur"), range(1, 12, 2)
    one = _drawn(_SHOWN[3:4])
    films = Frames(Made(_SEED, max(frames)), one, names)
    rows = {
        name.replace("_", "\n"): [
            films.images(Condition("sequence", name, frame)).images().images[0] for frame in frames
        ]
        for name in names
    }
    return strip(rows, [f"frame {frame}" for frame in frames])


def groups() -> Image.Image:
    clean = _drawn(range(40))
    assert clean.background is not None
    alike = clean.background == clean.labels
    return strip(
        {
            "group 1:\nits own\nbackground": clean.images[alike][:6],
            "group 2:\nanother\nbackground": clean.images[~alike][:6],
        }
    )


def outside() -> Image.Image:
    clean = _drawn(_SHOWN)
    nothing = _variants(clean)["only_bg_t"]
    return strip({"the classes": clean.images, "outside": nothing})


def validation() -> Image.Image:
    return strip({"trained on": _drawn(range(40, 46)).images, "validation": _drawn(range(60, 66)).images})


def backgrounds() -> Image.Image:
    found = _variants(_drawn(_SHOWN))
    return strip({name: images[:5] for name, images in found.items()})


SHIFTS = {
    one.__name__: one
    for one in (corruption, cue_conflict, collection, sequence, groups, outside, validation, backgrounds)
}
"""Shift → its picture. The named collections, such as ImageNet-R, have that of a collection."""


def _drawn(ids: Sequence[int]) -> ImageSet:
    return draw(np.array(ids), seed=_SEED, size=_SIZE)


def _variants(clean: ImageSet) -> dict[str, NDArray[np.uint8]]:
    found = worlds(clean, render, None, seed=_SEED, size=_SIZE)
    return {name: world.images for name, world in found.variants.items()}


@contextmanager
def without_photographs() -> Iterator[None]:
    """Frost is drawn by us meanwhile: no published sheet of ice stands in a picture."""
    photographed = frost.sheets
    frost.sheets = ice.sheets
    frost._scaled.cache_clear()
    try:
        yield
    finally:
        frost.sheets = photographed
        frost._scaled.cache_clear()


def write(to: Path) -> None:
    """Every picture, into its folder."""
    for folder, made in (("corruptions", dict.fromkeys(CORRUPTIONS)), ("shifts", SHIFTS)):
        (to / folder).mkdir(parents=True, exist_ok=True)
        for name, picture in made.items():
            sheet = picture() if picture else of_corruption(name)
            sheet.save(to / folder / f"{name}.png", "PNG", optimize=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with without_photographs():
        write(IMAGES)
