"""Arrays in files: ``X.npy`` and ``y.npy``, or one ``.npz`` that holds both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base.errors import UserError
from withstand.config.checks import own_settings
from withstand.config.schema import Config
from withstand.datasets import pairs, stored
from withstand.datasets.named import class_names
from withstand.datasets.pairs import Pair
from withstand.images import sources
from withstand.images.imageset import Dataset, ImageSet

FIRST_TRAIN_ID = 1 << 40  # test images have their row's number, and training images theirs from here on
Labels = NDArray[np.int64]


@dataclass
class Settings:
    """What ``configs/dataset/npy.yaml`` sets beside what every dataset has."""

    images: str = ""
    labels: str | None = None
    images_key: str | None = None
    labels_key: str | None = None
    train_images: str | None = None
    train_labels: str | None = None
    classes: Any = None
    cache: str | None = None


def from_config(config: Config) -> Dataset:
    """Test images, and training images where they are given or found in the same ``.npz``; memory-mapped.

    Raises:
        UserError: a file is missing, or its array is not what it should be; labels are not those of the classes.
    """
    settings = own_settings(Settings, "dataset", config.dataset.options)
    test, train = _asked(settings)
    cache = Path(settings.cache) if settings.cache else test.images.path.parent / ".decoded"
    images, labels = _read(test, cache)
    if not len(images):
        raise UserError(f"{test.images} holds no image; give one with images to test on")
    contents = [_digest(pair, cache) for pair in (test, train) if pair]
    if len({*contents}) < len(contents):
        raise UserError(
            f"{test.images} is given to train and to test on; give training images of their own, or none"
        )
    own, lessons = _read(train, cache) if train else (images[:0], labels[:0])
    if own.shape[1:] != images.shape[1:]:
        raise UserError(
            f"training images are {own.shape[1:]} and test images {images.shape[1:]}; give one size"
        )
    said = {str(test.labels): labels} | ({str(train.labels): lessons} if train else {})
    classes = _classes(class_names(settings.classes), config.dataset.num_classes, said)
    return Dataset(
        "npy",
        ImageSet(own, lessons, FIRST_TRAIN_ID + np.arange(len(own), dtype=np.int64), classes),
        ImageSet(images, labels, np.arange(len(images), dtype=np.int64), classes),
        contents[0],
        contents[1] if train else "",
    )


def _asked(settings: Settings) -> tuple[Pair, Pair | None]:
    """The pair to test on, and that to train on."""
    if not settings.images:
        raise UserError(
            "dataset=npy needs dataset.images=X.npy and dataset.labels=y.npy, or one .npz with both"
        )
    if bool(settings.train_images) != bool(settings.train_labels):
        raise UserError("dataset.train_images and dataset.train_labels go together; give both or neither")
    test = pairs.asked(settings.images, settings.labels, settings.images_key, settings.labels_key)
    if settings.train_images:
        keys = settings.images_key, settings.labels_key
        return test, pairs.asked(settings.train_images, settings.train_labels, *keys)
    return test, pairs.beside(test)


def _read(pair: Pair, cache: Path) -> tuple[NDArray[np.uint8], Labels]:
    images = stored.images(pair.images, cache)
    return images, stored.labels(pair.labels, len(images), pair.images)


def _classes(names: tuple[str, ...] | None, count: int, labels: Mapping[str, Labels]) -> tuple[str, ...]:
    """The names that are set; else the numbers, ``count`` of them or up to the highest label."""
    highest = max(int(marks.max(initial=-1)) for marks in labels.values())
    if names is None:
        names = tuple(map(str, range(count or highest + 1)))
    if count not in (0, len(names)):
        raise UserError(
            f"dataset.classes has {len(names)} names, and dataset.num_classes is {count}; leave the latter out"
        )
    for file, marks in labels.items():
        low, high = int(marks.min(initial=0)), int(marks.max(initial=0))
        if low < 0 or high >= len(names):
            raise UserError(
                f"{file} has labels from {low} to {high}, and there are {len(names)} classes, 0 to {len(names) - 1};"
                " give dataset.classes a name for each label, in their order"
            )
    if len(names) < 2:
        raise UserError(f"{next(iter(labels))} has one class alone; give images of two or more")
    return names


def _digest(pair: Pair, cache: Path) -> str:
    """Of the files, and of which arrays of theirs are read."""
    files = sorted({one.path for one in pair})
    found = [sources.digest([file], file.parent, cache, file.name) for file in files]
    return hashlib.sha256(f"{found} {pair.images.key} {pair.labels.key}".encode()).hexdigest()
