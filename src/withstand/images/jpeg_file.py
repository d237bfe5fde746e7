"""JPEG files decoded by libjpeg-turbo itself (simplejpeg): Pillow's pixels in two thirds of the time, and no lock held.

Where the package is not there, where its pixels are not Pillow's here, or where a file is of another kind than colour
photographs are, Pillow decodes.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_PIXELS, _JFIF, _EXIF, _MORE = 0xDA, 0xE0, 0xE1, 0xE2
"""Kinds of segments: what coded pixels begin with; JFIF (APP0); EXIF or XMP (APP1); further pictures (APP2)."""
_JFIF_LENGTH = 16  # bytes, at least
_ALONE = (0x00, 0x01, *range(0xD0, 0xDA))  # no segments: they have no length

Decoder = Callable[..., NDArray[np.uint8]]


class Room:
    """Memory to decode into, one picture after the other: new memory comes page by page, a third of decoding."""

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    def of(self, size: int) -> NDArray[np.uint8]:
        """So many bytes, of which whatever was in them is lost."""
        if len(self._memory) < size:
            self._memory = np.empty(size, np.uint8)
        return self._memory[:size]


def plain(content: bytes, most: int, room: Room) -> NDArray[np.uint8] | None:
    """The pixels of a whole file that says nothing of itself but its colours: uint8 H×W×3; None of any other.

    Neither how the camera was held nor a second picture can be in it, so that Pillow need not look into it at all.

    Args:
        most: pixels of a side; what is longer is left to Pillow.
        room: the pixels are in it, until the next picture is.
    """
    if _says_more(content) or (decode := _decoder()) is None:
        return None
    from simplejpeg import decode_jpeg_header

    try:
        height, width, colours, _ = decode_jpeg_header(content)
        if colours != "YCbCr" or max(height, width) > most:
            return None
        return decode(content, buffer=room.of(height * width * 3))
    except Exception:  # ValueError, and KeyError for a subsampling that it has no name for
        return None


def _says_more(content: bytes) -> bool:
    """Whether a segment before the pixels says how the camera was held, or of further pictures; or that is not clear.

    Segments are gone through one by one: bytes of pixels are not searched, which would take a third of decoding.
    """
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if kind == _PIXELS:
            return False
        if kind in _ALONE or kind == _EXIF or (kind == _MORE and content[at + 4 : at + 8] == b"MPF\0"):
            return True
        if kind == _JFIF and length < _JFIF_LENGTH:  # Pillow refuses it
            return True
        at += 1 if kind == 0xFF else 2 + length  # any number of 0xFF may stand before a segment
    return True


def decoded(content: bytes, opened: Image.Image) -> NDArray[np.uint8] | None:
    """The pixels of a whole file of which ``opened`` is the header: uint8 H×W×3; None where Pillow has to decode it.

    It has to where anything is odd about the file, so that what is damaged is told by one program alone.
    """
    if opened.format != "JPEG" or opened.mode != "RGB" or (decode := _decoder()) is None:
        return None
    try:
        pixels = decode(content)
    except Exception:  # cut short, with bytes that mean nothing, or of a subsampling that it has no name for
        return None
    return pixels if pixels.shape == (opened.height, opened.width, 3) else None


def read_into(pixels: NDArray[np.uint8], content: bytes) -> None:
    """Fill ``pixels``, uint8 H×W×3 in one piece, with those of a JPEG of that size in RGB, by whichever way is here."""
    decode = _decoder()
    if decode is not None:
        decode(content, buffer=pixels)
    else:
        pixels[:] = np.asarray(Image.open(io.BytesIO(content), formats=("JPEG",)))


@functools.cache
def _decoder() -> Decoder | None:
    """The one of the package, if its pixels are those of the libjpeg that Pillow was built with."""
    try:
        from simplejpeg import decode_jpeg
    except ImportError:
        return None
    decode = cast(Decoder, decode_jpeg)
    noise = np.random.default_rng(0).integers(0, 256, (51, 70, 3), np.uint8)
    for fewer_colours in (0, 2):  # 4:4:4 and 4:2:0
        file = io.BytesIO()
        Image.fromarray(noise).save(file, "JPEG", quality=75, subsampling=fewer_colours)
        if not np.array_equal(decode(file.getvalue()), np.asarray(Image.open(file, formats=("JPEG",)))):
            return None
    return decode
