"""Photographs in files, decoded once, in parallel, into one memory-mapped array that is checked against the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from withstand.base import atomic, json_file, trust
from withstand.base.console import progress, say
from withstand.base.limits import cores
from withstand.images import npy, picture
from withstand.images.listing import name_of
from withstand.images.preprocessing import Geometry

_FORM = 2  # of the cache; another number for another way of decoding
_CHUNK = 64


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


def decoded(files: Sequence[Path], root: Path, form: Geometry | int, cache: Path, name: str) -> Photographs:
    """Decode ``files`` to squares, or find them decoded; ``picture`` says what is made of each.

    Args:
        files: under ``root``.
        form: how a photograph becomes a square; a number of pixels: its short side is resized to that (bicubic, as
            Pillow does it), its middle kept.
        cache: the folder of ``{name}.{key}.npy``, where the key is made of every file's path, length and time of
            change; what was decoded of other files under the same name is removed. An array that is not what was
            decoded is decoded again.

    Raises:
        UserError: the cache cannot be written.
    """
    form = Geometry(form, form) if isinstance(form, int) else form
    shape = (len(files), form.size, form.size, 3)
    facts = [_FORM, _said(form), [(name_of(file.relative_to(root)), *_stamp(file)) for file in files]]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    array, record = cache / f"{name}.{key}.npy", cache / f"{name}.{key}.json"
    found = _read(array, record, shape)
    if found is not None:
        return found
    with atomic.replacing(array) as temporary:
        content = _decode(files, form, temporary, name)
    json_file.write(record, content)
    for old in [*cache.glob(f"{name}.*.npy"), *cache.glob(f"{name}.*.json")]:
        if key not in old.name:
            old.unlink(missing_ok=True)
    read = _read(array, record, shape)
    assert read is not None
    return read


def _said(form: Geometry) -> Any:
    """The usual way by its size alone, as before there were others: what was decoded then is right."""
    return form.size if form == Geometry(form.size, form.size) else asdict(form)


def _stamp(file: Path) -> tuple[int, int]:
    """Length and time of change; zeros where there is no file, as behind a link to nothing."""
    try:
        stat = file.stat()
    except OSError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def _read(array: Path, record: Path, shape: tuple[int, ...]) -> Photographs | None:
    """What is in the cache; None where it is absent, cut short, of another shape or altered."""
    try:
        content: dict[str, Any] = json_file.read(record)
        images = np.load(array, mmap_mode="r")
        sizes = np.array(content["sizes"], np.int64).reshape(-1, 2)
        damaged = {int(position): str(reason) for position, reason in content["damaged"].items()}
        digest = str(content["digest"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if images.shape != shape or images.dtype != np.uint8 or len(sizes) != shape[0]:
        return None
    if not trust.verified(array, digest, _digest_of):
        say(f"{array} is not what was decoded; decoding again")
        return None
    return Photographs(images, sizes, damaged, digest)


def _decode(files: Sequence[Path], form: Geometry, target: Path, name: str) -> dict[str, Any]:
    """Fill the array at ``target``; gives the record that goes with it."""
    images = np.lib.format.open_memmap(target, "w+", np.uint8, (len(files), form.size, form.size, 3))
    sizes, damaged, several = np.zeros((len(files), 2), np.int64), {}, 0
    with progress(f"decoding {name}", len(files)) as bar, ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(files), _CHUNK):
            part = files[start : start + _CHUNK]
            for row, answer in enumerate(pool.map(partial(_one, form=form), part), start):
                if isinstance(answer, str):
                    damaged[row] = answer
                else:
                    images[row], sizes[row], more = answer
                    several += more
            npy.release(images)
            bar.advance(len(part), images=len(part))
    images.flush()
    if several:
        say(f"{name}: {several:,} of {len(files):,} files hold several pictures; the first of each is taken")
    return {
        "files": len(files),
        "size": _said(form),
        "digest": _digest(images),
        "damaged": {str(row): reason for row, reason in damaged.items()},
        "sizes": sizes.tolist(),
    }


def _digest(images: NDArray[np.uint8]) -> str:
    """SHA-256 of the pixels."""
    sha = hashlib.sha256()
    for start in range(0, len(images), _CHUNK):
        sha.update(np.ascontiguousarray(images[start : start + _CHUNK]).data)
        npy.release(images)
    return sha.hexdigest()


def _digest_of(array: Path) -> str:
    return _digest(np.load(array, mmap_mode="r"))


def _one(file: Path, form: Geometry) -> tuple[NDArray[np.uint8], tuple[int, int], bool] | str:
    """One photograph as uint8 S×S×3, its own size, and whether its file holds more; or what is wrong with it."""
    try:
        shown, several = picture.read(file)
    except FileNotFoundError:
        return "a link to nothing"
    except Exception as error:  # a damaged file makes Pillow raise anything from OSError to struct.error
        return f"{type(error).__name__}: {error}"
    return np.asarray(squared(shown, form)), shown.size, several


def squared(whole: Image.Image, form: Geometry, method: Image.Resampling | None = None) -> Image.Image:
    """Resized, and the middle kept; ``method`` where it is not that of ``form``."""
    width, height = form.scaled(*whole.size)
    if (width, height) != whole.size:
        whole = whole.resize((width, height), method or Image.Resampling[form.interpolation.upper()])
    left, top = form.offset(width), form.offset(height)
    return whole.crop((left, top, left + form.size, top + form.size))


def worst(damaged: Iterable[tuple[Path, str]], most: int = 3) -> str:
    """The first few damaged files, in words."""
    named = [f"{file} ({reason})" for file, reason in damaged]
    return "; ".join(named[:most]) + (f"; and {len(named) - most} more" if len(named) > most else "")
