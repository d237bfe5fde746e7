"""What data sets of photographs have in common: the settings, the square that each becomes, damage, ids and digests."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.base.console import say
from withstand.base.errors import UserError, nearest
from withstand.config.known import INTERPOLATIONS
from withstand.config.ranges import one_of, ranged
from withstand.config.schema import SIDE
from withstand.datasets.splits import Split
from withstand.images import sources
from withstand.images.imageset import Dataset, ImageSet
from withstand.images.listing import name_of, within_class
from withstand.images.photographs import Photographs, decoded, worst
from withstand.images.preprocessing import Geometry
from withstand.images.undamaged import undamaged

DEFAULT = 224  # pixels a side, where neither a setting nor a classifier says
FITTED = ("size", "resize", "interpolation", "squash")
"""The settings by which a classifier asks for photographs as it wants them; null: as it wants them."""

Ids = NDArray[np.int64]


@dataclass
class Settings:
    """How photographs are decoded; a data set's own settings come beside these."""

    cache: str | None = None
    size: int | None = ranged(None, 1, SIDE)
    resize: int | None = ranged(None, 1, SIDE)
    interpolation: str | None = one_of(None, INTERPOLATIONS)
    squash: bool | None = None
    skip_damaged: bool = False
    exif: str = one_of("apply", ("apply", "ignore"))

    def geometry(self) -> Geometry:
        """How a photograph becomes a square: by default the short side is resized to ``size``, the middle kept.

        Raises:
            UserError: a setting is out of its range.
        """
        size = DEFAULT if self.size is None else self.size
        resize = size if self.resize is None else self.resize
        if size < 1:
            raise UserError(f"dataset.size={size} must be 1 or more")
        if resize < size:
            raise UserError(f"dataset.resize={resize} must be dataset.size={size} or more")
        way = self.interpolation or "bicubic"
        if way not in INTERPOLATIONS:
            raise UserError(f"dataset.interpolation={way} is not known; {nearest(way, INTERPOLATIONS)}")
        return Geometry(size, resize, way, bool(self.squash))

    @property
    def upright(self) -> bool:
        """Whether photographs are turned as their EXIF says."""
        return self.exif == "apply"

    def check(self) -> None:
        """Refuse what is out of range, before any file is looked at."""
        self.geometry()
        if self.exif not in ("apply", "ignore"):
            raise UserError(f"dataset.exif={self.exif} does not exist; choose apply or ignore")

    def cache_in(self, folder: Path) -> Path:
        """Where decoded images are kept, of photographs in ``folder``."""
        return Path(self.cache) if self.cache else folder / ".decoded"


@dataclass(frozen=True)
class Part:
    """The files of one split, in the order of its rows.

    Attributes:
        place: what it is called in messages.
        name: of its decoded images.
    """

    place: Path
    name: str
    files: list[Path]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, split: Split, classes: Sequence[str]) -> Part:
        """A split's files, class by class."""
        files = [(file, label) for label, name in enumerate(classes) for file in split.files.get(name, ())]
        labels = np.array([label for _, label in files], np.int64)
        return cls(split.folder, split.folder.name, [file for file, _ in files], labels)


def dataset(
    name: str,
    root: Path,
    parts: tuple[Part | None, Part],
    classes: tuple[str, ...],
    settings: Settings,
    *,
    cache: Path | None = None,
    called: Callable[[Path], str | Path] | None = None,
) -> Dataset:
    """The images of a training part, where there is one, and a test part: uint8 N×S×S×3, memory-mapped.

    An image's id is made of its path under ``root``: the same on every machine, whatever stands beside it.

    Args:
        cache: where decoded images are kept, where that is not in ``root``.
        called: what an id is made of instead.

    Raises:
        UserError: an image is damaged, and such are not to be skipped; or two have one name.
    """
    train, test = parts
    cache = cache or settings.cache_in(root)
    named = called or (lambda file: file.relative_to(root))

    def read(part: Part) -> tuple[ImageSet, str]:
        ids = identities(part.files, root, named)
        images, content = _read(root, part, ids, classes, settings, cache)
        names = np.array(_within(root, part), np.str_)[np.isin(ids, images.ids)]
        return replace(images, names=names), content

    tested, content = read(test)
    trained, training = read(train) if train else (tested.take(slice(0)), "")
    same = sources.digest(test.files, root, cache, test.name)
    return Dataset(name, trained, tested, content, training, same)


def _within(root: Path, part: Part) -> list[str]:
    """What each file of a part is called within its class."""
    return [within_class(file, part.place if part.place in file.parents else root) for file in part.files]


def cache_name(name: str, form: Geometry) -> str:
    """Decodings of several forms lie side by side: classifiers that want others take turns."""
    if form == Geometry(form.size, form.size):
        return name
    return f"{name}-{form.size}-{form.resize}-{form.interpolation}{'-squash' if form.squash else ''}"


def identity(path: str | Path) -> int:
    """63 bits of the BLAKE2 digest of a path, written as on every machine."""
    name = name_of(path).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little") >> 1


def identities(files: Sequence[Path], root: Path, called: Callable[[Path], str | Path]) -> Ids:
    """The id of each file in ``root``, made of what it is called.

    Raises:
        UserError: two have one name.
    """
    ids = np.array([identity(called(file)) for file in files], np.int64)
    if len(np.unique(ids)) < len(ids):
        names = Counter(name_of(called(file)) for file in files)
        twice = sorted(name for name, n in names.items() if n > 1)
        raise UserError(f"{root} has two images called {twice[0]}, written in two ways; rename one")
    return ids


def whole(
    found: Photographs,
    ids: Ids,
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    place: str,
    called: Callable[[int], str],
    without: tuple[Path, str] | None,
) -> tuple[ImageSet, str]:
    """The images that could be decoded, and a digest of all of them.

    Args:
        place: where they are, in words; ``called``: what the picture of a row is called.
        without: leave out those that could not be decoded; the folder and name of the array of the others.

    Raises:
        UserError: some could not, and must not be left out; or none could.
    """
    content = hashlib.sha256(f"{found.digest} {ids.tolist()} {labels.tolist()}".encode()).hexdigest()
    if not found.damaged:
        return ImageSet(found.images, labels, ids, classes), content
    which = worst((Path(called(row)), reason) for row, reason in found.damaged.items())
    count = f"{len(found.damaged):,} of {len(ids):,} images"
    if without is None:
        raise UserError(
            f"{count} cannot be decoded: {which}; fix or remove them, or set dataset.skip_damaged=true"
        )
    if len(found.damaged) == len(ids):
        raise UserError(f"{place}: not one of {len(ids):,} images can be decoded: {which}; fix them")
    say(f"{place}: {count} are left out as damaged: {which}")
    images, rows = undamaged(found, *without)
    return ImageSet(images, labels[rows], ids[rows], classes), content


def _read(
    root: Path, part: Part, ids: Ids, classes: tuple[str, ...], settings: Settings, cache: Path
) -> tuple[ImageSet, str]:
    """The images of one split, and a digest of all of them."""
    form, files = settings.geometry(), part.files
    name = cache_name(part.name, form)
    found = decoded(files, root, form, cache, name, exif=settings.upright)
    return whole(
        found,
        ids,
        part.labels,
        classes,
        place=str(part.place),
        called=lambda row: str(files[row]),
        without=(cache, name) if settings.skip_damaged else None,
    )
