"""Image sets out of what people have in memory: arrays, or a data set of torchvision or Hugging Face."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from withstand.base import atomic, moving
from withstand.base.errors import UserError, of_system
from withstand.images import npy, picture
from withstand.images.imageset import ImageSet, digests
from withstand.images.photographs import fitted
from withstand.images.preprocessing import Geometry

_CLASSES = 2**20
_IN_MEMORY = 2**28  # bytes; more images lie in a file


def arrays(images: Any, labels: Any, classes: Sequence[str] | None = None, ids: Any = None) -> ImageSet:
    """Of uint8 N×H×W×3 or N×3×H×W, NumPy's or torch's, and N labels.

    Args:
        classes: their names, in the order of the labels; by default the numbers.
        ids: int64 N, of the source images; by default made of their bytes, so that the same image is always the same.

    Raises:
        UserError: the images are of another type or shape, or the labels do not fit.
    """
    pixels = _uint8(images)
    marks = _whole(labels, len(pixels), "labels")
    highest = int(marks.max(initial=-1))
    if classes is None and highest >= _CLASSES:
        raise UserError(f"labels go up to {highest:,}; number the classes from 0")
    names = tuple(map(str, range(highest + 1) if classes is None else classes))
    if isinstance(classes, str) or len(set(names)) < len(names):
        raise UserError(f"classes={classes!r} must be a list of names, each another")
    if len(marks) and not 0 <= int(marks.min()) <= int(marks.max()) < len(names):
        raise UserError(
            f"labels lie between {marks.min()} and {marks.max()}, and there are {len(names)} classes; give all"
        )
    zeros = np.zeros(len(pixels), np.int64)
    whole = ImageSet(pixels, marks, zeros, names)
    if ids is None:
        return replace(whole, ids=own_ids(whole))
    told = _whole(ids, len(pixels), "ids")
    if twice := len(told) - len(np.unique(told)):
        raise UserError(
            f"ids tell images apart, and {twice:,} of {len(told):,} are those of others; give each its own"
        )
    return replace(whole, ids=told)


def _whole(values: Any, n: int, what: str) -> NDArray[np.int64]:
    """int64 N.

    Raises:
        UserError: they are no whole numbers, or not so many.
    """
    found = np.asarray(values.cpu() if hasattr(values, "cpu") else values)
    if found.dtype.kind in "iub" and found.shape == (n,) and int(found.max(initial=0)) < 2**63:
        return found.astype(np.int64)
    kind = {"U": "text", "S": "text", "O": "objects"}.get(found.dtype.kind, str(found.dtype))
    advice = "give a whole number an image"
    if what == "labels" and found.ndim == 2:
        advice = "give the number of the class, labels.argmax(1)"
    elif what == "labels" and kind == "text":
        advice = "give the number of each one's class, and classes=NAMES in the order of the numbers"
    raise UserError(f"there are {n:,} images, and {what} are {kind} of shape {found.shape}; {advice}")


def collected(
    items: Any, classes: Sequence[str] | None, ids: Any, form: Geometry | None, folder: Path
) -> tuple[ImageSet, bool]:
    """Of a data set that gives a picture and a label for each number; and whether it was made as ``form`` says.

    Pictures that are all of one size stay as they are; others become squares of ``form``.

    Args:
        ids: as those of ``arrays``.
        folder: for the pixels, where they are too many for the memory.

    Raises:
        UserError: it gives something else, or pictures of several sizes without a ``form``.
    """
    read, named = _reader(items)
    names = classes if classes is not None else named
    shown = [read(at) for at in range(min(2, len(items)))]
    sizes = (
        {one.size for one, _ in shown} if len(items) < 3 else {read(at)[0].size for at in range(len(items))}
    )
    if len(sizes) > 1 and form is None:
        raise UserError(
            "the pictures are of several sizes, and the classifier does not say which it wants; resize them"
        )
    fits = len(sizes) > 1 and form is not None
    width, height = (form.size, form.size) if fits and form else next(iter(sizes), (1, 1))
    pixels = _room((len(items), height, width, 3), folder)
    labels = np.empty(len(items), np.int64)
    for at in range(len(items)):
        one, labels[at] = read(at)
        pixels[at] = fitted(np.asarray(one), form) if fits and form else np.asarray(one)
    return arrays(pixels, labels, names, ids), fits


def own_ids(images: ImageSet) -> NDArray[np.int64]:
    """63 bits of each image's digest; copies of one image are told apart by their order."""
    found = (digests(images) >> np.uint64(1)).astype(np.int64)
    _, first, where = np.unique(found, return_index=True, return_inverse=True)
    if len(first) == len(found):
        return found
    seen: dict[int, int] = {}
    for at in np.flatnonzero(np.bincount(where)[where] > 1):
        copy = seen.get(int(found[at]), 0)
        seen[int(found[at])] = copy + 1
        found[at] ^= copy
    return found


def _uint8(images: Any) -> NDArray[np.uint8]:
    """N×H×W×3, whichever way they came.

    Raises:
        UserError: they are of another type or shape.
    """
    pixels: NDArray[Any] = np.asarray(images.cpu() if hasattr(images, "cpu") else images)
    if pixels.dtype.kind == "f":
        raise UserError(
            f"images are {pixels.dtype}, and withstand takes uint8, 0 to 255: give (images * 255).round() as uint8"
            " where they lie between 0 and 1, before any normalisation"
        )
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or 3 not in (pixels.shape[1], pixels.shape[3]):
        raise UserError(f"images are {pixels.dtype} {pixels.shape}, and uint8 N×H×W×3 or N×3×H×W is wanted")
    return pixels if pixels.shape[3] == 3 else np.ascontiguousarray(pixels.transpose(0, 2, 3, 1))


def _reader(items: Any) -> tuple[Callable[[int], tuple[Image.Image, int]], Sequence[str] | None]:
    """What gives the picture and label of a number, and the class names where the data set says them."""
    if hasattr(items, "features") and hasattr(items, "column_names"):
        return _of_columns(items)

    def read(at: int) -> tuple[Image.Image, int]:
        try:
            one, label = items[at]
        except (TypeError, ValueError) as error:
            raise UserError(f"item {at} of the data set is no pair of picture and label") from error
        return _picture(one, at), _number(label, at)

    return read, getattr(items, "classes", None)


def _of_columns(items: Any) -> tuple[Callable[[int], tuple[Image.Image, int]], Sequence[str] | None]:
    """A Hugging Face data set: the column that holds pictures, and the one that holds classes."""
    kinds = {name: type(kind).__name__ for name, kind in items.features.items()}
    shown = next((name for name, kind in kinds.items() if kind == "Image"), None)
    label = next((name for name, kind in kinds.items() if kind == "ClassLabel"), "label")
    if shown is None or label not in kinds:
        raise UserError(
            f"the data set has columns {', '.join(kinds)}, and one of images and one of labels are wanted"
        )
    names = getattr(items.features[label], "names", None)

    def read(at: int) -> tuple[Image.Image, int]:
        row = items[at]
        return _picture(row[shown], at), _number(row[label], at)

    return read, names


def _number(label: Any, at: int) -> int:
    """A label of a data set as Python's.

    Raises:
        UserError: it is no whole number.
    """
    try:
        return operator.index(label.item() if hasattr(label, "item") else label)
    except (TypeError, ValueError, RuntimeError) as error:
        said = " ".join(repr(label).split())[:60]
        raise UserError(
            f"item {at} of the data set has the label {said}, where a whole number is wanted"
        ) from error


def _picture(one: Any, at: int) -> Image.Image:
    if isinstance(one, Image.Image):
        return picture.as_seen(one)
    array = np.asarray(one.cpu() if hasattr(one, "cpu") else one)
    if array.dtype == np.uint8 and array.ndim == 3 and 3 in (array.shape[0], array.shape[2]):
        return Image.fromarray(
            array if array.shape[2] == 3 else np.ascontiguousarray(array.transpose(1, 2, 0))
        )
    raise UserError(
        f"item {at} of the data set is {array.dtype} {array.shape}, and a picture or uint8 is wanted: leave its"
        " transform out, since the classifier's own preprocessing comes later"
    )


def _anew(file: Path) -> Path:
    """Where a new file can be: what lies there goes, but for what Windows keeps because it is mapped into memory."""
    for number in count(1):
        moving.discard(file)
        if not file.exists():
            break
        file = file.with_name(f"images-{number}.npy")
    return file


def _room(shape: tuple[int, ...], folder: Path) -> NDArray[np.uint8]:
    """Memory, or a file for as much as that would take."""
    if np.prod(shape, dtype=np.int64) <= _IN_MEMORY:
        return np.empty(shape, np.uint8)
    file = folder / "images.npy"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = _anew(file)
        start = npy.header(np.dtype(np.uint8), shape)
        file.write_bytes(start)
        atomic.reserve(file, len(start) + int(np.prod(shape, dtype=np.int64)))
        return cast(NDArray[np.uint8], np.load(file, mmap_mode="r+"))
    except OSError as error:
        raise of_system(f"write {file}", error) from error
