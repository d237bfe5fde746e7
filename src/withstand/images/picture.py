"""One image file as a person sees it: upright, in 8 bits a colour, and where it is transparent, white."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

BACKGROUND = (255, 255, 255)
"""What shows through where a picture is transparent: white, as on a page."""

_ORIENTATION = 0x0112  # of EXIF: how the camera was held
_SIXTEEN = ("PNG", "PPM")  # whose mode I holds 16 bits
_SAME_PICTURE = ("MPO",)  # several sizes or views of one photograph, as telephones write them


def read(file: Path) -> tuple[Image.Image, bool]:
    """The picture in RGB, and whether the file holds more than the one that is shown, the first.

    Raises:
        Exception: whatever Pillow finds wrong, from OSError to struct.error; ValueError where nobody knows which level
            is white.
    """
    with Image.open(file) as opened:
        several = getattr(opened, "n_frames", 1) > 1 and opened.format not in _SAME_PICTURE
        opened.load()
        return as_seen(opened), several


def as_seen(opened: Image.Image) -> Image.Image:
    """A picture that is open, upright and in RGB.

    Raises:
        ValueError: nobody knows which level is white.
    """
    return _rgb(_upright(opened))


def _upright(picture: Image.Image) -> Image.Image:
    try:
        turned = picture.getexif().get(_ORIENTATION, 1) != 1
    except Exception:  # EXIF that cannot be read, of a picture that can: shown as it lies, as everywhere
        return picture
    return ImageOps.exif_transpose(picture) if turned else picture


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in _SIXTEEN):
        return _sixteen(picture)
    if picture.mode in ("I", "F"):
        raise ValueError("32 bits a level have no known range; save it with 8 or 16")
    return _on_background(picture) if picture.has_transparency_data else picture.convert("RGB")


def _sixteen(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits: 65,535 is white, where Pillow would cut everything above 255 off."""
    levels = np.asarray(picture).astype(np.int64)
    grey = Image.fromarray(((levels + 128) // 257).astype(np.uint8))
    through = picture.info.get("transparency")
    if isinstance(through, int):  # the one level that is transparent
        grey.putalpha(Image.fromarray(np.where(levels == through, 0, 255).astype(np.uint8)))
    return _on_background(grey) if grey.has_transparency_data else grey.convert("RGB")


def _on_background(picture: Image.Image) -> Image.Image:
    shown = picture.convert("RGBA")
    page = Image.new("RGBA", shown.size, (*BACKGROUND, 255))
    return Image.alpha_composite(page, shown).convert("RGB")
