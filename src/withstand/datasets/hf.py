"""Labelled images of Hugging Face: by name, or from a folder of ``save_to_disk``, of pictures or of Parquet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from withstand.base.console import say
from withstand.base.errors import UserError, nearest
from withstand.config.checks import own_settings
from withstand.config.schema import Config
from withstand.datasets import hub, photographed
from withstand.datasets.hub_columns import classes_of, column, labels_of, of_kind, splits_of
from withstand.datasets.photographed import DEFAULT, FITTED
from withstand.images import sources
from withstand.images.imageset import Dataset, ImageSet
from withstand.images.photographs import of_pictures

__all__ = ["DEFAULT", "FITTED", "Settings", "columns", "from_config"]

LABELS = ("label", "labels", "fine_label", "class", "target")
_AT_ONCE = 64  # pictures that are hashed between two reads


@dataclass
class Settings(photographed.Settings):
    """What ``configs/dataset/hf.yaml`` sets beside what every dataset has."""

    repo: str = ""
    config: str | None = None
    revision: str | None = None
    split: str | None = None
    train_split: str | None = None
    image: str | None = None
    label: str | None = None


class _Opened(NamedTuple):
    """The splits that are used, by name; the columns of pictures and labels; and where decoded images are kept."""

    splits: Mapping[str, Any]
    test: str
    train: str | None
    image: str
    label: str
    cache: Path
    edition: str


def from_config(config: Config) -> Dataset:
    """Test images, and training images where there is a split of them: uint8 N×S×S×3, memory-mapped.

    An image's id is made of its split and row.

    Raises:
        UserError: the package or the data set is not here; columns or labels are not found; or an image is damaged.
    """
    settings = own_settings(Settings, "dataset", config.dataset.options)
    settings.check()
    found = _opened(config, settings)
    used = [name for name in (found.test, found.train) if name]
    values = {name: found.splits[name].select_columns(found.label)[:][found.label] for name in used}
    classes = classes_of(found.splits[found.test], found.label, values, config.dataset.num_classes)

    def read(name: str) -> tuple[ImageSet, str]:
        others = [one for one in found.splits if one not in used]
        return _read(found, name, labels_of(name, values[name], classes, others), classes, settings)

    tested, content = read(found.test)
    trained, training = read(found.train) if found.train else (tested.take(slice(0)), "")
    prints = ", ".join(f"{name} {found.splits[name]._fingerprint}" for name in used)
    edition = ", ".join(filter(None, (found.edition, f"fingerprints {prints}")))
    return Dataset("hf", trained, tested, content, training, _sources(found), edition)


def columns(config: Config, name: str) -> dict[int, str]:
    """What one column says of each test image, by id; empty where it says nothing (null, or a class of −1).

    Raises:
        UserError: there is no such column.
    """
    found = _opened(config, own_settings(Settings, "dataset", config.dataset.options))
    rows = found.splits[found.test]
    if name not in rows.features or name == found.image:
        others = [one for one in rows.features if one != found.image]
        raise UserError(f"{config.dataset.label} has no column '{name}' of values; {nearest(name, others)}")
    names = getattr(rows.features[name], "names", None)
    values = rows.select_columns(name)[:][name]
    ids = _ids(found.test, len(rows)).tolist()

    def text(said: Any) -> str:
        if said is None or (names and said < 0):
            return ""
        return str(names[said] if names else said)

    return {one: text(said) for one, said in zip(ids, values, strict=True)}


def _opened(config: Config, settings: Settings) -> _Opened:
    if not settings.repo:
        raise UserError("dataset=hf needs dataset.repo=NAME, on the Hugging Face Hub, or a folder")
    local = hub.is_local(settings.repo)
    place = Path(settings.repo) if local else Path(config.paths.data) / config.dataset.label
    cache = settings.cache_in(place.parent if place.is_file() else place)
    there, edition = hub.opened(
        settings.repo, settings.config, settings.revision, cache, fetch=config.dataset.download
    )
    test, train = splits_of(there, settings.repo, settings.split, settings.train_split)
    image = column(there[test], "image", settings.image, of_kind(there[test], "Image"))
    labels = of_kind(there[test], "ClassLabel") or [one for one in LABELS if one in there[test].features]
    label = column(there[test], "label", settings.label, labels)
    for key, name in (("image", image), ("label", label)):
        if train and name not in there[train].features:
            raise UserError(
                f"the split {train} has no column '{name}', which {test} has; set dataset.{key} to one of both"
            )
    if len(labels) > 1 and not settings.label:
        say(f"{settings.repo}: labels are those of {label}, not of {', '.join(labels[1:])} (dataset.label)")
    return _Opened(there, test, train, image, label, cache, edition)


def _ids(split: str, count: int) -> NDArray[np.int64]:
    return np.array([photographed.identity(f"{split}/{row}") for row in range(count)], np.int64)


def _read(
    found: _Opened, name: str, labels: NDArray[np.int64], classes: tuple[str, ...], settings: Settings
) -> tuple[ImageSet, str]:
    """The images of one split, and a digest of all of them."""
    rows, form = found.splits[name], settings.geometry()
    known_by = [rows._fingerprint, found.image]
    pictures = hub.Pictures(rows, found.image)
    cached = photographed.cache_name(name, form)
    images = of_pictures(pictures, known_by, form, found.cache, cached, exif=settings.upright)
    ids, place = _ids(name, len(rows)), f"{settings.repo} ({name})"
    return photographed.whole(
        images,
        ids,
        labels,
        classes,
        place=place,
        called=lambda row: f"row {row}",
        without=(found.cache, cached) if settings.skip_damaged else None,
    )


def _sources(found: _Opened) -> str:
    """SHA-256 of the test pictures' bytes, as they are stored."""
    rows = found.splits[found.test]

    def pieces() -> Iterator[bytes]:
        pictures = hub.Pictures(rows, found.image)
        for start in range(0, len(pictures), _AT_ONCE):
            for one in pictures[start : start + _AT_ONCE]:
                content = (
                    (one.read_bytes() if one.is_file() else b"") if isinstance(one, Path) else one.read()
                )
                yield hashlib.blake2b(content, digest_size=16).digest()

    def read() -> str:
        sha = hashlib.sha256(json.dumps(found.test).encode())
        for piece in pieces():
            sha.update(piece)
        return sha.hexdigest()

    return sources.kept(found.cache / f"{found.test}.sources.json", [rows._fingerprint, found.image], read)
