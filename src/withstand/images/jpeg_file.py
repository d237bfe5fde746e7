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

_SAYS_MORE = b"\xff\xe1", b"MPF\0"
"""EXIF and XMP (a segment APP1), or an index of further pictures. In coded pixels no 0xE1 follows 0xFF."""

Decoder = Callable[[bytes], NDArray[np.uint8]]


def plain(content: bytes, most: int) -> NDArray[np.uint8] | None:
    """The pixels of a whole file that says nothing of itself but its colours: uint8 H×W×3; None of any other.

    Neither how the camera was held nor a second picture can be in it, so that Pillow need not look into it at all.

    Args:
        most: pixels of a side; what is longer is left to Pillow.
    """
    if any(mark in content for mark in _SAYS_MORE) or (decode := _decoder()) is None:
        return None
    from simplejpeg import decode_jpeg_header

    try:
        height, width, colours, _ = decode_jpeg_header(content)
        return decode(content) if colours == "YCbCr" and max(height, width) <= most else None
    except ValueError:
        return None


def decoded(content: bytes, opened: Image.Image) -> NDArray[np.uint8] | None:
    """The pixels of a whole file of which ``opened`` is the header: uint8 H×W×3; None where Pillow has to decode it.

    It has to where anything is odd about the file, so that what is damaged is told by one program alone.
    """
    if opened.format != "JPEG" or opened.mode != "RGB" or (decode := _decoder()) is None:
        return None
    try:
        pixels = decode(content)
    except ValueError:  # cut short, or with bytes that mean nothing
        return None
    return pixels if pixels.shape == (opened.height, opened.width, 3) else None


def of_file(content: bytes) -> NDArray[np.uint8]:
    """The pixels of a JPEG in RGB, by whichever way is here: uint8 H×W×3."""
    decode = _decoder()
    if decode is not None:
        return decode(content)
    return np.asarray(Image.open(io.BytesIO(content), formats=("JPEG",)))


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
