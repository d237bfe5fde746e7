"""Images that are read, or made, a block of rows at a time, on the device where they are wanted.

However many there are, no more than a block of them is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from withstand.images import npy
from withstand.images.imageset import ImageSet

_SCATTERED = 16
"""Rows, far apart in a file, that are read before its pages are given back: a row may bring 2 MB with it."""

Rows = NDArray[np.int64]
Read = Callable[[Rows, torch.device], Tensor]


@dataclass(frozen=True, eq=False)
class Blocks:
    """N labelled images.

    Attributes:
        ids: int64 N, of the source images.
        labels: int64 N.
        classes: class names, in the order of the labels.
        nbytes: of one image.
        read: gives the images of some rows (positions) on a device: uint8 n×H×W×3, the same whatever else is asked for.
        background: int64 N, the class whose kind of background each shows (−1: none, or not known); None where that is
            not asked.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    nbytes: int
    read: Read
    background: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, images: ImageSet) -> Blocks:
        """An image set, in memory or memory-mapped, as it is."""
        return cls.made(images, lambda rows, device: gather(images.images, rows, device))

    @classmethod
    def made(cls, images: ImageSet, read: Read) -> Blocks:
        """Other pictures of the same source images, in the same order, of the same size."""
        nbytes = images.images[0].nbytes if len(images) else 0
        return cls(images.ids, images.labels, images.classes, nbytes, read)

    @classmethod
    def joined(cls, parts: Sequence[Blocks]) -> Blocks:
        """The images of several, one after the other: of the same classes, all of one size."""
        ends = np.cumsum([len(part) for part in parts])

        def read(rows: Rows, device: torch.device) -> Tensor:
            owner = np.searchsorted(ends, rows, side="right")
            order = np.argsort(owner, kind="stable")
            found = [
                parts[one].read(rows[owner == one] - (ends[one] - len(parts[one])), device)
                for one in np.unique(owner)
            ]
            back = torch.from_numpy(np.argsort(order, kind="stable")).to(device)
            return found[0] if len(found) == 1 else torch.cat(found)[back]

        known = [part.background for part in parts if part.background is not None]
        return replace(
            parts[0],
            ids=np.concatenate([part.ids for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            read=read,
            background=np.concatenate(known) if len(known) == len(parts) else None,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Rows) -> Blocks:
        """Some rows alone (positions, not ids)."""
        return replace(
            self,
            ids=self.ids[rows],
            labels=self.labels[rows],
            read=lambda at, device: self.read(rows[at], device),
            background=None if self.background is None else self.background[rows],
        )

    def images(self) -> ImageSet:
        """All of them in memory: for a few."""
        found = self.read(np.arange(len(self)), torch.device("cpu")).numpy()
        return ImageSet(found, self.labels, self.ids, self.classes, background=self.background)


def gather(images: NDArray[Any], rows: Rows, device: torch.device) -> Tensor:
    """Some rows of an array, in memory or memory-mapped, on a device."""
    first, n = (int(rows[0]), len(rows)) if len(rows) else (0, 0)
    together = n and np.array_equal(rows, np.arange(first, first + n))
    # A copy, since a memory-mapped array is read-only and torch has no read-only tensors.
    found = np.empty((n, *images.shape[1:]), images.dtype)
    for start in range(0, n, n if together else _SCATTERED):
        piece = slice(start, n if together else start + _SCATTERED)
        found[piece] = images[first : first + n] if together else images[rows[piece]]
        npy.release(images)
    return torch.from_numpy(found).to(device)
