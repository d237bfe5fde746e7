"""Corrupted image sets of our own on the disk, in CIFAR-10-C's layout.

``{corruption}.npy`` holds all images at the first severity, then all at the next, and so on; ``labels.npy`` their
labels; ``ids.npy`` the ids of the images of one severity, ``clean.npy`` the digests of the clean ones;
``manifest.json`` how they were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base import files
from withstand.base.errors import UserError
from withstand.images import npy
from withstand.images.blocks import Blocks, gather
from withstand.images.imageset import ImageSet, digests
from withstand.shifts.corruption.asked import Asked, by_corruption
from withstand.shifts.corruption.manifest import Manifest

AGAIN = "write it again with `python main.py experiment=corrupt` and the same settings"


def check(folder: Path, manifest: Manifest, cells: Asked, test: ImageSet) -> None:
    """Look at every file before work begins. Each is hashed once, and then trusted by its size and times.

    Raises:
        UserError: a file is missing, damaged or altered, or is of other images than ``test`` or a part of them.
    """
    recipe, corruptions = manifest.recipe, list(by_corruption(cells))
    for name in ("labels", "ids", *corruptions):
        if f"{name}.npy" not in manifest.files:
            raise UserError(f"{folder} does not hold {name}.npy whole; {AGAIN}")
    for _, severity in cells:
        if severity not in recipe.severities:
            raise UserError(f"{folder} holds severities {recipe.severities}, not {severity}; {AGAIN}")
    same_images(folder, manifest, test)
    labels = _open(folder, "labels")
    for name in corruptions:
        images = _open(folder, name)
        if images.shape != (len(labels), *recipe.shape) or images.dtype != np.uint8:
            raise UserError(f"{folder / name}.npy holds {images.dtype} {images.shape}; {AGAIN}")
    _check_bytes(folder, manifest, corruptions)


def same_images(folder: Path, manifest: Manifest, test: ImageSet) -> None:
    """Raises ``UserError`` where a folder's images were made from others than ``test`` or a set that holds them."""
    recipe = manifest.recipe
    _check_bytes(folder, manifest, [n for n in ("labels", "ids", "clean") if f"{n}.npy" in manifest.files])
    labels, ids = _open(folder, "labels"), _open(folder, "ids")
    if ids.shape != (recipe.n,) or labels.shape != (recipe.n * max(1, len(recipe.severities)),):
        raise UserError(f"{folder}: ids.npy or labels.npy is not of {recipe.n} images; {AGAIN}")
    rows = _rows(folder, test)
    same = rows is not None and not (labels.reshape(-1, recipe.n)[:, rows] != test.labels).any()
    clean = _open(folder, "clean")[rows] if rows is not None and "clean.npy" in manifest.files else None
    if same and clean is None and recipe.images != test.digest:
        raise UserError(f"{folder} does not say which images it was made from; {AGAIN}: that adds it")
    if not same or (clean is not None and (clean != digests(test)).any()):
        raise UserError(
            f"{folder} was made from other images than these, of {recipe.dataset}; {AGAIN}, or"
            " set shift.source=made"
        )


def load(folder: Path, manifest: Manifest, corruption: str, severity: float, test: ImageSet) -> Blocks:
    """The images of one cell, row for row those of ``test``; read when they are asked for."""
    _check_bytes(folder, manifest, [corruption])
    n, block = manifest.recipe.n, manifest.recipe.severities.index(severity)
    images, at = _open(folder, corruption), _rows(folder, test)
    assert at is not None, "checked before"
    places = block * n + at
    return Blocks.made(test, lambda rows, device: gather(images, places[rows], device))


def _check_bytes(folder: Path, manifest: Manifest, names: Sequence[str]) -> None:
    files = [folder / f"{name}.npy" for name in names]
    with ThreadPoolExecutor(2) as pool:  # hashing lets go of the interpreter
        whole = list(pool.map(lambda file: npy.intact(file, manifest.files[file.name]), files))
    if not all(whole):
        wrong = files[whole.index(False)]
        raise UserError(f"{wrong} is not what was written (its SHA-256 is not the manifest's); {AGAIN}")


def _rows(folder: Path, test: ImageSet) -> NDArray[np.int64] | None:
    """Where each of the images is; None where one of them is not there."""
    ids = np.asarray(_open(folder, "ids"))
    order = np.argsort(ids)
    place = np.searchsorted(ids, test.ids, sorter=order).clip(max=len(ids) - 1)
    rows = order[place]
    return rows if bool((ids[rows] == test.ids).all()) else None


def _open(folder: Path, name: str) -> NDArray[Any]:
    path = folder / f"{name}.npy"
    try:
        return npy.mapped(path)
    except (OSError, ValueError) as error:
        raise files.damaged(path, error, AGAIN) from error
