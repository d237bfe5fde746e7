"""Photographs in files, decoded once, in parallel, into one memory-mapped array that is checked against the files."""

from __future__ import annotations

import glob
import hashlib
import json
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from withstand.base import atomic, json_file, moving, trust
from withstand.base.console import progress, say
from withstand.base.limits import cores
from withstand.base.lock import one_writer
from withstand.base.names import shown
from withstand.images import jpeg_file, npy, order, picture, sums
from withstand.images.preprocessing import Geometry
from withstand.images.sources import stamps
from withstand.images.threads import pool

_FORM = 3  # of the cache; another number for another way of decoding
_CHUNK = 16
_MOST = (
    1 << 26
)  # pixels that a picture may be enlarged to: of one that is far longer than wide, there would be no end


@dataclass(frozen=True, eq=False)
class Photographs:
    """Decoded photographs, in the order of the files that were asked for.

    Attributes:
        images: uint8 N×S×S×3, memory-mapped and read-only; black where a file is damaged.
        sizes: int64 N×2, width and height of the picture, upright; 0 where it is damaged.
        damaged: what is wrong with the files that could not be decoded, by position.
        digest: SHA-256 of ``images``.
    """

    images: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    damaged: dict[int, str]
    digest: str


class _Decoded(msgspec.Struct):
    """The record beside the array.

    Attributes:
        size: how a photograph became a square, as it was asked for.
        made_with: versions of what decoded; none in records of before they were kept.
    """

    files: int
    size: Any
    digest: str
    damaged: dict[int, str]
    sizes: list[list[int]]
    made_with: dict[str, str] = {}


class _Found(NamedTuple):
    size: tuple[int, int]
    several: bool
    turned: bool


class _Part(NamedTuple):
    """Photographs that were decoded together, uint8 N×S×S×3: black where one is damaged."""

    found: list[_Found | str]
    pixels: NDArray[np.uint8]


Picture = Path | BinaryIO
"""A file, or the bytes of one."""


def decoded(
    files: Sequence[Path], root: Path, form: Geometry | int, cache: Path, name: str, *, exif: bool = True
) -> Photographs:
    """Decode ``files`` to squares, or find them decoded; ``picture`` says what is made of each.

    Args:
        files: under ``root``.
        form: how a photograph becomes a square; a number of pixels: its short side is resized to that (bicubic, as
            Pillow does it), its middle kept.
        exif: whether photographs are turned upright as their EXIF says.
        cache: the folder of ``{name}.{key}.npy``, where the key is made of every file's path, length and time of
            change; what was decoded of other files under the same name is removed. An array that is not what was
            decoded is decoded again.

    Raises:
        UserError: the cache cannot be written.
    """
    form = Geometry(form, form) if isinstance(form, int) else form
    return of_pictures(files, stamps(files, root), form, cache, name, exif=exif)


def of_pictures(
    files: Sequence[Picture], known_by: Any, form: Geometry, cache: Path, name: str, *, exif: bool = True
) -> Photographs:
    """The same of pictures that need be no files of their own; each is asked for when its turn comes.

    Args:
        known_by: what tells them from any others, as JSON.

    Raises:
        UserError: the cache cannot be written.
    """
    shape = (len(files), form.size, form.size, 3)
    way = _FORM if exif else f"{_FORM}, as they lie"
    facts = [way, _said(form), known_by]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    array, record = cache / f"{name}.{key}.npy", cache / f"{name}.{key}.json"
    found = _read(array, record, shape)
    if found is not None:
        return found
    with one_writer(cache):
        if (found := _read(array, record, shape)) is not None:  # who was here before has decoded them
            return found
        with atomic.replacing(array) as temporary:
            content = _decode(files, form, temporary, name, exif)
        json_file.write(record, msgspec.to_builtins(content, str_keys=True))
        own = glob.escape(name)
        for old in [*cache.glob(f"{own}.*.npy"), *cache.glob(f"{own}.*.json")]:
            if key not in old.name:
                moving.discard(old)
        return _photographs(content, npy.mapped(array))


def _said(form: Geometry) -> Any:
    """The usual way by its size alone, as before there were others: what was decoded then is right."""
    return form.size if form == Geometry(form.size, form.size) else asdict(form)


def _read(array: Path, record: Path, shape: tuple[int, ...]) -> Photographs | None:
    """What is in the cache; None where it is absent, cut short, of another shape or altered."""
    content = json_file.kept(record, _Decoded)
    if content is None:
        return None
    try:
        found = _photographs(content, npy.mapped(array))
    except (OSError, ValueError):
        return None
    if found.images.shape != shape or found.images.dtype != np.uint8 or len(found.sizes) != shape[0]:
        return None
    if not trust.verified(array, found.digest, _digest_of):
        say(f"{array} is not what was decoded; decoding again")
        return None
    return found


def _photographs(content: _Decoded, images: NDArray[np.uint8]) -> Photographs:
    sizes = np.array(content.sizes, np.int64).reshape(-1, 2)
    return Photographs(images, sizes, dict(content.damaged), content.digest)


def _decode(files: Sequence[Picture], form: Geometry, target: Path, name: str, exif: bool) -> _Decoded:
    """Write the array to ``target``; gives the record that goes with it."""
    sizes, several, turned = np.zeros((len(files), 2), np.int64), 0, 0
    damaged: dict[int, str] = {}
    sha = hashlib.sha256()
    with progress(f"decoding {name}", len(files)) as bar, target.open("wb") as array:
        array.write(npy.header(np.dtype(np.uint8), (len(files), form.size, form.size, 3)))
        row = 0
        for part in _in_order(files, partial(_some, form=form, exif=exif)):
            array.write(part.pixels.data)
            sha.update(part.pixels.data)
            for found in part.found:
                if isinstance(found, str):
                    damaged[row] = shown(found)
                else:
                    sizes[row] = found.size
                    several += found.several
                    turned += found.turned
                row += 1
            bar.advance(len(part.found), images=len(part.found))
    if several:
        say(f"{name}: {several:,} of {len(files):,} files hold several pictures; the first of each is taken")
    if turned:
        how = "turned upright" if exif else "left as they lie (dataset.exif=ignore)"
        say(f"{name}: {turned:,} of {len(files):,} photographs were taken with the camera turned; {how}")
    known = len(files), _said(form), sha.hexdigest(), damaged, sizes.tolist()
    return _Decoded(*known, made_with=picture.decoders())


def _in_order(files: Sequence[Picture], decode: Callable[[Sequence[Picture]], _Part]) -> Iterator[_Part]:
    """Parts of the files, decoded in as many threads as there are cores; no more of them wait than are in work."""
    workers = cores()
    parts = (files[start : start + _CHUNK] for start in range(0, len(files), _CHUNK))
    if workers == 1:  # a second thread would only take turns with this one
        yield from map(decode, parts)
        return
    with pool(workers) as threads:
        ahead = deque(threads.submit(decode, part) for part in islice(parts, 2 * workers))
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(threads.submit(decode, part) for part in islice(parts, 1))


def _digest_of(array: Path) -> str:
    """SHA-256 of the pixels."""
    images, sha = npy.mapped(array), hashlib.sha256()
    for start in range(0, len(images), _CHUNK):
        sha.update(np.ascontiguousarray(images[start : start + _CHUNK]).data)
        npy.release(images)
    return sha.hexdigest()


def _some(files: Sequence[Picture], form: Geometry, exif: bool) -> _Part:
    """Each photograph as a square and what is known of it, or what is wrong with it."""
    part: list[_Found | str] = []
    # In one piece, so that who writes and hashes waits for the threads once a part and not twice an image.
    pixels, room = np.empty((len(files), form.size, form.size, 3), np.uint8), jpeg_file.Room()
    for file, square in zip(files, pixels, strict=True):
        try:
            part.append(_one(file, form, exif, square, room))
            continue
        except FileNotFoundError:
            part.append(
                "a link to nothing" if isinstance(file, Path) and file.is_symlink() else "no such file"
            )
        except Exception as error:  # a damaged file makes Pillow raise anything from OSError to struct.error
            part.append(f"{type(error).__name__}: {error}")
        square[:] = 0
    return _Part(part, pixels)


def _one(
    file: Picture, form: Geometry, exif: bool, square: NDArray[np.uint8], room: jpeg_file.Room
) -> _Found:
    """Fill the square, uint8 S×S×3; gives what is known of the picture."""
    plain = picture.plain(file, room)
    if plain is None:
        seen = picture.read(file, exif)
        square[:] = fitted(np.asarray(seen.shown), form)
        return _Found(seen.shown.size, seen.several, seen.turned)
    square[:] = fitted(plain, form)
    return _Found((plain.shape[1], plain.shape[0]), several=False, turned=False)


def squared(whole: Image.Image, form: Geometry, method: Image.Resampling | None = None) -> Image.Image:
    """Resized, and the middle kept; ``method`` where it is not that of ``form``."""
    width, height = _scaled(*whole.size, form)
    middle = form.middle(width, height)
    if (width, height) != whole.size:
        filtered = Image.Resampling[form.interpolation.upper()] if method is None else method
        return order.part(whole, width, height, filtered, middle)
    return whole if whole.size == (form.size, form.size) else whole.crop(middle)


def fitted(pixels: NDArray[np.uint8], form: Geometry) -> NDArray[np.uint8]:
    """The same of pixels, uint8 H×W×3: those of the middle themselves where nothing is to be resized."""
    width, height = _scaled(pixels.shape[1], pixels.shape[0], form)
    left, top, right, bottom = form.middle(width, height)
    inside = min(width, height) >= form.size  # else what is missing is black
    if inside and (height, width) == pixels.shape[:2]:
        return pixels[top:bottom, left:right]
    if not (inside and sums.possible(pixels.shape[:2], (height, width), form.interpolation)):
        return np.asarray(squared(Image.fromarray(pixels), form))
    return sums.part(pixels, width, height, form.interpolation, (left, top, right, bottom))


def _scaled(width: int, height: int, form: Geometry) -> tuple[int, int]:
    """Width and height once resized.

    Raises:
        ValueError: they would be too many pixels.
    """
    scaled = form.scaled(width, height)
    if math.prod(scaled) > max(_MOST, width * height):
        raise ValueError(f"{width}×{height} would become {scaled[0]}×{scaled[1]} before the middle is kept")
    return scaled


def worst(damaged: Iterable[tuple[Path, str]], most: int = 3) -> str:
    """The first few damaged files, in words."""
    named = [f"{file} ({reason})" for file, reason in damaged]
    return "; ".join(named[:most]) + (f"; and {len(named) - most} more" if len(named) > most else "")
