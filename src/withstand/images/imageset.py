"""The image set: what every dataset and every shift gives, and all that a classifier is ever shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.images import npy

_AT_ONCE = 256  # images that are hashed between two looks at the memory


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images, each of which knows the source image it was made from.

    Attributes:
        images: uint8 N×H×W×3, RGB, 0 to 255; in memory or memory-mapped. Never written to.
        labels: int64 N, each in ``range(len(classes))``.
        ids: int64 N, stable: the same source image has the same id in every run, split and shift.
        classes: class names, in the order of the labels.
        masks: bool N×H×W, true on the object, where it is known.
        background: int64 N, the class whose kind of background the image shows, where it is known.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    ids: NDArray[np.int64]
    classes: tuple[str, ...]
    masks: NDArray[np.bool_] | None = None
    background: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n = len(self.images)
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[3] != 3:
            raise ValueError(f"images must be uint8 N×H×W×3, not {self.images.dtype} {self.images.shape}")
        if len(self.labels) != n or len(self.ids) != n:
            raise ValueError(f"{n} images, {len(self.labels)} labels and {len(self.ids)} ids do not match")
        if n and not 0 <= int(self.labels.min()) <= int(self.labels.max()) < len(self.classes):
            raise ValueError(f"labels must lie in 0..{len(self.classes) - 1}")

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the images, labels and ids."""
        sha = hashlib.sha256()
        for array in (self.images, self.labels, self.ids):
            sha.update(f"{array.dtype} {array.shape}".encode())
            for start in range(0, len(array), _AT_ONCE):
                sha.update(np.ascontiguousarray(array[start : start + _AT_ONCE]).data)
                npy.release(array)
        return sha.hexdigest()

    def take(self, rows: NDArray[np.int64] | slice) -> ImageSet:
        """The image set of ``rows`` alone (positions, not ids)."""
        return replace(
            self,
            images=self.images[rows],
            labels=self.labels[rows],
            ids=self.ids[rows],
            masks=None if self.masks is None else self.masks[rows],
            background=None if self.background is None else self.background[rows],
        )


@dataclass(frozen=True)
class Dataset:
    """A training and a test image set that share no source image.

    Attributes:
        name: what it is called.
        content: what tells its test images from those of any other data set of that name, whatever limits are set;
            equal for equal images.
        training: the same of its training images, where they can be others for the same test images.
        sources: equal for data sets of the same source images, however these were decoded; empty: as ``content``.
        origin: which edition of a published collection it is, for the record.
        form: how photographs were decoded, as its settings say it; empty where they are pixels from the start.
        columns: what a column of its table says of each test image, by id; None where there is no table.
    """

    name: str
    train: ImageSet
    test: ImageSet
    content: str = ""
    training: str = ""
    sources: str = ""
    origin: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    columns: Callable[[str], Mapping[int, str]] | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        return self.test.classes


def digests(images: ImageSet) -> NDArray[np.uint64]:
    """64 bits of each image's BLAKE2 digest: uint64 N."""
    each = []
    for start in range(0, len(images), _AT_ONCE):
        part = images.images[start : start + _AT_ONCE]
        each += [hashlib.blake2b(np.ascontiguousarray(one).data, digest_size=8).digest() for one in part]
        npy.release(part)
    return np.frombuffer(b"".join(each), "<u8").astype(np.uint64)
