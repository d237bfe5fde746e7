"""Corrupted image sets of our own on the disk, in ImageNet-C's layout: a folder of class folders for each condition.

Beside them ``ids.npy``, ``labels.npy`` and the digests of the clean images (``clean.npy``), of one severity, and
``manifest.json``, which says how they were made.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from withstand.base import atomic
from withstand.base.errors import UserError
from withstand.base.limits import cores
from withstand.base.names import inside, names_a_folder
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.shifts.corruption import tree
from withstand.shifts.corruption.asked import Asked
from withstand.shifts.corruption.manifest import Manifest, intact
from withstand.shifts.corruption.written import AGAIN, same_images

_SUFFIX = {"png": ".png", "webp": ".webp", "jpeg": ".JPEG"}


def check(folder: Path, manifest: Manifest, cells: Asked, test: ImageSet) -> None:
    """Look at every file before work begins. Each is hashed once, and then trusted by its size and times.

    Raises:
        UserError: a file is missing or altered, or is of other images than ``test`` or a part of them.
    """
    for corruption, severity in cells:
        if f"{corruption}/{severity}" not in manifest.files:
            raise UserError(f"{folder} does not hold {corruption}/{severity} whole; {AGAIN}")
    same_images(folder, manifest, test)
    for corruption, severity in cells:
        _check_bytes(folder, manifest, f"{corruption}/{severity}")


def load(folder: Path, manifest: Manifest, corruption: str, severity: float, test: ImageSet) -> Blocks:
    """The images of one cell, row for row those of ``test``; read when they are asked for."""
    name = f"{corruption}/{severity}"
    _check_bytes(folder, manifest, name)
    return tree.load(folder / name, test, None)


def _check_bytes(folder: Path, manifest: Manifest, name: str) -> None:
    if not intact(folder, manifest, name):
        raise UserError(
            f"{folder / name} is not what was written (its digest is not the manifest's); {AGAIN}"
        )


def named(test: ImageSet) -> list[tuple[str, str]]:
    """What the files of a tree are called: class and name.

    Raises:
        UserError: a class has a name that no folder can have, or two images are of one name.
    """
    keys = tree.keys(test)
    for name in test.classes:
        if name.startswith(".") or "\\" in name or not names_a_folder(name):
            raise UserError(f"the class {name!r} cannot name a folder; set corrupt.layout=npy")
    if other := next((name for _, name in keys if not inside(name)), None):
        raise UserError(f"the image {other!r} cannot name a file; set corrupt.layout=npy")
    if len({*keys}) < len(keys):
        raise UserError(
            "two test images of a class are of one name but for the suffix, so their files would be one; rename one, or"
            " set corrupt.layout=npy"
        )
    return keys


def write(
    cell: Path, names: list[tuple[str, str]], blocks: Iterable[NDArray[np.uint8]], form: str, quality: int
) -> str:
    """Write the files of one condition, all or none, from blocks of images that follow each other.

    Args:
        cell: CORRUPTION/SEVERITY in the tree's folder.
        form: png or webp, which lose nothing, or jpeg.
        quality: of JPEG.

    Returns:
        Their digest.
    """
    with atomic.replacing_folder(cell) as scratch:
        files = [scratch / of / (name + _SUFFIX[form]) for of, name in names]
        for parent in {file.parent for file in files}:
            parent.mkdir(parents=True, exist_ok=True)
        targets, save = iter(files), partial(_save, form=form, quality=quality)
        with ThreadPoolExecutor(cores()) as pool:
            for block in blocks:
                list(pool.map(save, islice(targets, len(block)), block))
    return tree.digest(cell, [file for _, file in tree.files(cell)], cell.parents[1])


def _save(file: Path, image: NDArray[np.uint8], form: str, quality: int) -> None:
    how: dict[str, Any] = {
        "png": {"compress_level": 4},
        "webp": {"lossless": True, "quality": 50, "method": 2},
        "jpeg": {"quality": quality, "optimize": True},  # as ImageNet-C was saved
    }[form]
    Image.fromarray(image).save(file, form, **how)
