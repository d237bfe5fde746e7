"""One image file as a person sees it: upright, in 8 bits a colour, and where it is transparent, white."""

from __future__ import annotations

import functools
import io
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, features
from PIL import __version__ as pillow_version

from withstand.base import files
from withstand.images import jpeg_file

BACKGROUND = (255, 255, 255)
"""What shows through where a picture is transparent: white, as on a page."""

KINDS = (
    *(
        "JPEG",
        "MPO",
        "PNG",
        "BMP",
        "DIB",
        "WEBP",
        "TIFF",
        "GIF",
        "AVIF",
        "JPEG2000",
        "PPM",
        "TGA",
        "PCX",
        "PSD",
    ),
    *("SGI", "QOI", "DDS"),
)
"""What pictures are kept in and Pillow reads by itself; a file is taken by its content, and some kinds would be handed
to other programs."""
MOST = 2 * 89_478_485
"""Pixels of a picture, as Pillow has it: a few bytes can stand for any number of them."""
_LONGEST = 100_000  # pixels a side
# Pillow warns from half of that on; what is more is refused here.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)

_JPEG = b"\xff\xd8\xff"  # how every JPEG begins
_HELD = 1 << 26  # bytes of a file
_PLAIN = 1 << 13  # pixels a side

_ORIENTATION = 0x0112  # of EXIF: how the camera was held
_SIXTEEN = ("PNG", "PPM")  # whose mode I holds 16 bits
_SAME_PICTURE = ("MPO",)  # several sizes or views of one photograph, as telephones write them


class Seen(NamedTuple):
    """A picture in RGB.

    Attributes:
        several: whether the file holds more than this one, the first.
        turned: whether the camera was turned, by its EXIF.
    """

    shown: Image.Image
    several: bool
    turned: bool


@functools.cache
def decoders() -> dict[str, str]:
    """The versions of Pillow and of the JPEG library in it, on which the pixels of a photograph depend.

    What other packages decode is compared with it (``jpeg_file``).
    """
    turbo = features.version("libjpeg_turbo")
    jpeg = {"libjpeg-turbo": turbo} if turbo else {"libjpeg": features.version("jpg") or "none"}
    return {"pillow": pillow_version} | jpeg


def read(file: Path | BinaryIO, exif: bool = True) -> Seen:
    """The picture, upright by its EXIF or, where that is to be ignored, as it lies in the file.

    Raises:
        Exception: whatever Pillow finds wrong, from OSError to struct.error; ValueError where nobody knows which level
            is white.
    """
    content = _content(file)
    with opened(file if content is None else io.BytesIO(content)) as found:
        several = bool(getattr(found, "is_animated", False)) and found.format not in _SAME_PICTURE
        found.seek(0) if several else None  # looking for a second picture may have gone to it
        if content is not None and not ((turned := _turned(found)) and exif):
            pixels = jpeg_file.decoded(content, found)
            if pixels is not None:
                return Seen(Image.fromarray(pixels), several, turned)
        found.load()
        turned = _turned(found)
        return Seen(_rgb(ImageOps.exif_transpose(found) if turned and exif else found), several, turned)


def plain(file: Path | BinaryIO, room: jpeg_file.Room) -> NDArray[np.uint8] | None:
    """The pixels of a colour JPEG without EXIF, as ``read`` shows it: uint8 H×W×3; None of any other file.

    Args:
        room: the pixels are in it, until the next picture is.
    """
    content = _content(file)
    return None if content is None else jpeg_file.plain(content, _PLAIN, room)


def _content(file: Path | BinaryIO) -> bytes | None:
    """The bytes of a file that may be a JPEG by its first ones; None of another, or of one too large to hold."""
    if not isinstance(file, Path):
        return None
    with files.opened(file) as handle:  # by as few calls as can be: at each of them threads take turns
        known = os.fstat(handle)
        if not stat.S_ISREG(known.st_mode) or known.st_size > _HELD:
            return None
        content = os.read(handle, known.st_size + 1)  # which ends before it is full
        if not content.startswith(_JPEG):
            return None
        while len(content) != known.st_size and (more := os.read(handle, known.st_size + 1)):
            content += more
        return content


@contextmanager
def opened(file: Path | BinaryIO, formats: tuple[str, ...] = KINDS) -> Iterator[Image.Image]:
    """A picture of a kind that is read, of no more pixels than are read; its content decides of which kind it is.

    Raises:
        Exception: as ``read``.
    """
    if isinstance(file, Path):
        files.regular(file.stat())
    with Image.open(file, formats=_known(formats)) as found:
        width, height = found.size
        if width * height > MOST or max(width, height) > _LONGEST:
            raise ValueError(
                f"its {width:,}×{height:,} pixels are more than are read: {MOST:,}, and {_LONGEST:,} a side"
            )
        yield found


@functools.cache
def _known(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Those that this Pillow was built with."""
    Image.init()
    return tuple(name for name in formats if name in Image.ID)


def as_seen(opened: Image.Image) -> Image.Image:
    """A picture that is open, upright and in RGB.

    Raises:
        ValueError: nobody knows which level is white.
    """
    return _rgb(ImageOps.exif_transpose(opened) if _turned(opened) else opened)


def _turned(picture: Image.Image) -> bool:
    try:
        return picture.getexif().get(_ORIENTATION, 1) in range(2, 9)
    except Exception:  # EXIF that cannot be read, of a picture that can: shown as it lies, as everywhere
        return False


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in _SIXTEEN):
        return _sixteen(picture)
    if picture.mode in ("I", "F"):
        return _thirty_two(picture)
    if picture.has_transparency_data:
        return _on_background(picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _sixteen(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits: 65,535 is white, where Pillow would cut everything above 255 off."""
    levels = np.asarray(picture).astype(np.int64)
    grey = Image.fromarray(((levels + 128) // 257).astype(np.uint8))
    through = picture.info.get("transparency")
    if isinstance(through, int):  # the one level that is transparent
        grey.putalpha(Image.fromarray(np.where(levels == through, 0, 255).astype(np.uint8)))
    return _on_background(grey) if grey.has_transparency_data else grey.convert("RGB")


def _thirty_two(picture: Image.Image) -> Image.Image:
    """Levels of 32 bits: between 0 and 1 where they are real, else those of 16 bits."""
    levels = np.asarray(picture, np.float64)
    white = 1.0 if picture.mode == "F" else 65535.0
    if not (levels.min() >= 0 and levels.max() <= white):
        raise ValueError(
            f"its levels of 32 bits go from {levels.min():g} to {levels.max():g}, and where white lies is not known;"
            " save it with 8 or 16"
        )
    return Image.fromarray(np.rint(levels * (255 / white)).astype(np.uint8)).convert("RGB")


def _on_background(picture: Image.Image) -> Image.Image:
    shown = picture.convert("RGBA")
    page = Image.new("RGBA", shown.size, (*BACKGROUND, 255))
    return Image.alpha_composite(page, shown).convert("RGB")
