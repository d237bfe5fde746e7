"""The official CIFAR-10-C layout: a ``.npy`` of 5 × 10,000 images for each corruption, and ``labels.npy``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.data.imageset import ImageSet
from withstand.errors import UserError

PER_SEVERITY = 10_000
SEVERITIES = 5
ROWS = PER_SEVERITY * SEVERITIES


def present(folder: Path) -> bool:
    """True where the layout's ``labels.npy`` is."""
    return (folder / "labels.npy").is_file()


def check(folder: Path, corruptions: tuple[str, ...], test: ImageSet) -> None:
    """Look at every file before work begins: it is there, of the right shape and type, in the test set's order.

    Raises:
        UserError: names the file and what is wrong with it.
    """
    labels = _open(folder / "labels.npy")
    if labels.shape != (ROWS,):
        raise UserError(f"{folder / 'labels.npy'} has shape {labels.shape}, not ({ROWS},); get the file again")
    blocks = labels.reshape(SEVERITIES, PER_SEVERITY)
    if not (blocks[:, test.ids] == test.labels).all():
        raise UserError(
            f"{folder / 'labels.npy'} does not hold the test set's labels, in its order and five times over;"
            " the images would be scored against other images' labels"
        )
    for corruption in corruptions:
        images = _open(folder / f"{corruption}.npy")
        if images.shape != (ROWS, 32, 32, 3) or images.dtype != np.uint8:
            raise UserError(
                f"{folder / corruption}.npy holds {images.dtype} {images.shape},"
                f" not uint8 ({ROWS}, 32, 32, 3); get the file again"
            )


def load(folder: Path, corruption: str, severity: int, test: ImageSet) -> ImageSet:
    """The images of one cell, memory-mapped; those of ``test.ids`` where it is a part of the test set."""
    images = _open(folder / f"{corruption}.npy")
    block = images[(severity - 1) * PER_SEVERITY : severity * PER_SEVERITY]
    whole = len(test) == PER_SEVERITY and bool((test.ids == np.arange(PER_SEVERITY)).all())
    return replace(test, images=block if whole else block[test.ids], masks=None, background=None)


def _open(path: Path) -> NDArray[np.generic]:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise UserError(
            f"{path} is missing; unpack the whole of CIFAR-10-C (Zenodo record 2535967) there, or set shift.source=made"
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); get the file again") from error
