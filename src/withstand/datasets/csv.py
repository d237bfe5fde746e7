"""Photographs that a table names: a column of paths and one of labels; others are kept for groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from withstand.base.errors import UserError
from withstand.config.checks import own_settings
from withstand.config.schema import Config
from withstand.datasets import photographed, rows, splits
from withstand.datasets.named import class_names
from withstand.datasets.photographed import DEFAULT, FITTED, Part
from withstand.datasets.rows import Rows
from withstand.images.imageset import Dataset

__all__ = ["DEFAULT", "FITTED", "Settings", "columns", "from_config"]


@dataclass
class Settings(photographed.Settings, rows.Asked):
    """What ``configs/dataset/csv.yaml`` sets beside what every dataset has."""

    classes: Any = None


def from_config(config: Config) -> Dataset:
    """Test images, and training images where a column says which these are: uint8 N×S×S×3, memory-mapped.

    Classes are the labels that occur, numbers in the order of numbers, unless ``dataset.classes`` names them.

    Raises:
        UserError: there is no such table, column or image, or an image is damaged.
    """
    settings = own_settings(Settings, "dataset", config.dataset.options)
    settings.check()
    found = rows.find(settings)
    if not settings.skip_damaged:
        rows.check_files(found)
    classes, place = _classes(found, class_names(settings.classes), config.dataset.num_classes)
    train, test = (
        _part(found, name, which, place) for name, which in (("train", found.train), ("test", found.test))
    )
    cache = settings.cache_in(found.table.file.parent)
    parts = train if found.train else None, test
    return photographed.dataset("csv", found.root, parts, classes, settings, cache=cache)


def columns(config: Config, name: str) -> dict[int, str]:
    """What one column says of each test image, by id.

    Raises:
        UserError: there is no such column.
    """
    found = rows.find(own_settings(Settings, "dataset", config.dataset.options))
    values = found.table.column(name)
    files = [found.files[row] for row in found.test]
    ids = photographed.identities(files, found.root, lambda file: file.relative_to(found.root))
    return {int(one): values[row] for one, row in zip(ids, found.test, strict=True)}


def _part(found: Rows, name: str, which: Sequence[int], place: dict[str, int]) -> Part:
    file = found.table.file
    labels = np.array([place[found.labels[row]] for row in which], np.int64)
    return Part(file, f"{file.stem}-{name}", [found.files[row] for row in which], labels)


def _classes(
    found: Rows, named: tuple[str, ...] | None, count: int
) -> tuple[tuple[str, ...], dict[str, int]]:
    """The classes, and the number of each as the table writes it: its name or, where names are set, that number."""
    file, said = found.table.file, {found.labels[row] for row in (*found.train, *found.test)}
    if named is None:
        numbers = all(label.isdecimal() for label in said)
        names = splits.in_number_order(tuple(said)) if numbers else tuple(sorted(said))
    else:
        names = named
    place = {name: at for at, name in enumerate(names)}
    if named is not None:
        place = {str(at): at for at in range(len(names))} | place
    if wrong := sorted(said - {*place}):
        raise UserError(f"{file} has labels that dataset.classes does not name: {', '.join(wrong[:3])}")
    if len(names) < 2:
        raise UserError(f"{file} has images of {len(names) or 'no'} class; name images of two or more")
    if count not in (0, len(names)):
        raise UserError(f"{file} has {len(names)} classes; set dataset.num_classes={len(names)}")
    return names, place
