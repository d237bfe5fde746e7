"""Images of the user's own: a folder for each class, decoded once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from withstand.checks import own_settings
from withstand.config import Config
from withstand.console import say
from withstand.data.imageset import Dataset, ImageSet
from withstand.data.photographs import decoded, listed, worst
from withstand.errors import UserError

_TEST = ("test", "val")


@dataclass
class Settings:
    """What ``configs/dataset/folder.yaml`` sets beside what every dataset has."""

    folder: str = "data/images"
    cache: str | None = None
    size: int = 224
    skip_damaged: bool = False


def from_config(config: Config) -> Dataset:
    """Test images, and training images where there are any: uint8 N×S×S×3, memory-mapped.

    Classes are the folders' names in alphabetical order. An image's id is made of its path inside the folder, so it is
    the same on every machine, whatever stands beside it.

    Raises:
        UserError: there is no such folder, it has another number of classes, or an image is damaged.
    """
    settings = own_settings(Settings, "dataset", config.dataset.options)
    if settings.size < 1:
        raise UserError(f"dataset.size={settings.size} must be 1 or more")
    root = Path(settings.folder)
    if not root.is_dir():
        raise UserError(
            f"there is no folder {root}; put images there, a folder a class, or set dataset.folder"
        )
    test = next((root / name for name in _TEST if (root / name).is_dir()), root)
    classes = _classes(test)
    if len(classes) != config.dataset.num_classes:
        raise UserError(f"{test} has {len(classes)} classes; set dataset.num_classes={len(classes)}")
    train = root / "train"
    if test != root and train.is_dir():
        if _classes(train) != classes:
            raise UserError(f"{train} and {test} have other class folders; give both the same")
        return Dataset("folder", _read(root, train, classes, settings), _read(root, test, classes, settings))
    whole = _read(root, test, classes, settings)
    return Dataset("folder", whole.take(slice(0, 0)), whole)


def _classes(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(f.name for f in folder.iterdir() if f.is_dir() and not f.name.startswith(".")))


def _read(root: Path, folder: Path, classes: tuple[str, ...], settings: Settings) -> ImageSet:
    """The images of one split."""
    files = [(file, label) for label, name in enumerate(classes) for file in listed(folder / name)]
    if not files:
        raise UserError(f"{folder} has no images; put them in a folder a class")
    cache = Path(settings.cache) if settings.cache else root / ".decoded"
    paths = [file for file, _ in files]
    photographs = decoded(paths, root, settings.size, cache, folder.name)
    damaged = photographs.damaged
    if damaged:
        which = worst((paths[row], reason) for row, reason in damaged.items())
        if not settings.skip_damaged:
            raise UserError(
                f"{len(damaged)} of {len(files):,} images cannot be decoded: {which}; mend or remove them, or set"
                " dataset.skip_damaged=true"
            )
        say(f"{folder}: {len(damaged)} of {len(files):,} images are left out as damaged: {which}")
    ids = np.array([_id(path.relative_to(root).as_posix()) for path in paths], np.int64)
    labels = np.array([label for _, label in files], np.int64)
    whole = ImageSet(photographs.images, labels, ids, classes)
    kept = np.setdiff1d(np.arange(len(files)), list(damaged))
    return whole if not damaged else whole.take(kept)


def _id(path: str) -> int:
    """63 bits of the BLAKE2 digest of the path."""
    return int.from_bytes(hashlib.blake2b(path.encode(), digest_size=8).digest(), "little") >> 1
