"""Images of the user's own: a folder for each class, decoded once."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from withstand.base.console import say
from withstand.base.errors import UserError, nearest
from withstand.config.checks import INTERPOLATIONS, own_settings
from withstand.config.schema import Config
from withstand.datasets import splits
from withstand.images import sources
from withstand.images.imageset import Dataset, ImageSet
from withstand.images.listing import in_words, name_of, within_class
from withstand.images.photographs import decoded, worst
from withstand.images.preprocessing import Geometry

DEFAULT = 224  # pixels a side, where neither a setting nor a classifier says
FITTED = ("size", "resize", "interpolation", "squash")
"""The settings by which a classifier asks for photographs as it wants them; null: as it wants them."""


@dataclass
class Settings:
    """What ``configs/dataset/folder.yaml`` sets beside what every dataset has."""

    folder: str = "data/images"
    cache: str | None = None
    size: int | None = None
    resize: int | None = None
    interpolation: str | None = None
    squash: bool | None = None
    skip_damaged: bool = False
    exif: str = "apply"
    order: str = "string"


def from_config(config: Config) -> Dataset:
    """Test images, and training images where there are any: uint8 N×S×S×3, memory-mapped.

    Classes are the folders' names, in alphabetical order unless ``dataset.order`` says another. An image's id is made
    of its path inside the folder, so it is the same on every machine, whatever stands beside it.

    Raises:
        UserError: there is no such folder, it has another number of classes, or an image is damaged.
    """
    settings = own_settings(Settings, "dataset", config.dataset.options)
    form = geometry(settings)
    if settings.exif not in ("apply", "ignore"):
        raise UserError(f"dataset.exif={settings.exif} does not exist; choose apply or ignore")
    root = Path(settings.folder)
    if not root.is_dir():
        raise UserError(
            f"there is no folder {root}; put images there, one folder per class, or set dataset.folder"
        )
    train, test = splits.find(root)
    classes = splits.ordered(splits.agreed(train, test, config.dataset.num_classes), settings.order)
    _warn(classes, test, config, settings.order)
    tested, content = _read(root, test, classes, settings, form)
    trained, training = (
        _read(root, train, classes, settings, form) if train else (tested.take(slice(0, 0)), "")
    )
    files = [file for name in classes for file in test.files.get(name, ())]
    cache = Path(settings.cache) if settings.cache else root / ".decoded"
    same = sources.digest(files, root, cache, test.folder.name)
    return Dataset("folder", trained, tested, content, training, same, form)


def geometry(settings: Settings) -> Geometry:
    """How a photograph becomes a square: by default the short side is resized to ``size``, the middle kept.

    Raises:
        UserError: a setting is out of its range.
    """
    size = DEFAULT if settings.size is None else settings.size
    resize = size if settings.resize is None else settings.resize
    if size < 1:
        raise UserError(f"dataset.size={size} must be 1 or more")
    if resize < size:
        raise UserError(f"dataset.resize={resize} must be dataset.size={size} or more")
    way = settings.interpolation or "bicubic"
    if way not in INTERPOLATIONS:
        raise UserError(f"dataset.interpolation={way} is not known; {nearest(way, INTERPOLATIONS)}")
    return Geometry(size, resize, way, bool(settings.squash))


def _cache_name(name: str, form: Geometry) -> str:
    """Decodings of several forms lie side by side: classifiers that want others take turns."""
    if form == Geometry(form.size, form.size):
        return name
    return f"{name}-{form.size}-{form.resize}-{form.interpolation}{'-squash' if form.squash else ''}"


def _warn(classes: tuple[str, ...], test: splits.Split, config: Config, order: str) -> None:
    """Say what could make the labels others than a reader thinks."""
    if test.passed:
        say(f"{test.folder}: skipped {in_words(test.passed)}")
    numbers = splits.in_number_order(classes)
    if config.model.weights and order == "string" and numbers != classes:
        at = next(n for n, pair in enumerate(zip(classes, numbers, strict=True)) if pair[0] != pair[1])
        say(
            f"{test.folder}: output {at} is taken for '{classes[at]}', as names are sorted; weights trained in the"
            f" order of numbers, as timm trains, mean '{numbers[at]}'; if yours were, set dataset.order=natural"
        )


def _read(
    root: Path, split: splits.Split, classes: tuple[str, ...], settings: Settings, form: Geometry
) -> tuple[ImageSet, str]:
    """The images of one split, and a digest of all of them."""
    folder = split.folder
    files = [(file, label) for label, name in enumerate(classes) for file in split.files.get(name, ())]
    cache = Path(settings.cache) if settings.cache else root / ".decoded"
    paths = [file for file, _ in files]
    upright = settings.exif == "apply"
    photographs = decoded(paths, root, form, cache, _cache_name(folder.name, form), exif=upright)
    damaged = photographs.damaged
    if damaged:
        which = worst((paths[row], reason) for row, reason in damaged.items())
        if not settings.skip_damaged:
            raise UserError(
                f"{len(damaged)} of {len(files):,} images cannot be decoded: {which}; fix or remove them, or set"
                " dataset.skip_damaged=true"
            )
        say(f"{folder}: {len(damaged)} of {len(files):,} images are left out as damaged: {which}")
    ids = np.array([_id(path.relative_to(root)) for path in paths], np.int64)
    if len(np.unique(ids)) < len(ids):
        twice = sorted(
            name for name, n in Counter(name_of(p.relative_to(root)) for p in paths).items() if n > 1
        )
        raise UserError(f"{root} has two images called {twice[0]}, written in two ways; rename one")
    labels = np.array([label for _, label in files], np.int64)
    names = [within_class(path, folder) for path in paths]
    whole = ImageSet(photographs.images, labels, ids, classes, names=np.array(names, np.str_))
    kept = np.setdiff1d(np.arange(len(files)), list(damaged))
    content = hashlib.sha256(f"{photographs.digest} {ids.tolist()} {labels.tolist()}".encode()).hexdigest()
    return whole if not damaged else whole.take(kept), content


def _id(path: Path) -> int:
    """63 bits of the BLAKE2 digest of the path, written as on every machine."""
    name = name_of(path).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little") >> 1
