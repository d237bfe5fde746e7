"""What a folder of class folders holds: its splits, its classes, and which file is of which class."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from withstand.base import files
from withstand.base.errors import UserError
from withstand.images.listing import class_folders, listed, name_of, others

TESTS = ("test", "val", "valid", "validation")
_TRAIN = "train"
_ANNOTATIONS, _ANNOTATED = "val_annotations.txt", "images"  # as Tiny-ImageNet has them: no class folders


@dataclass(frozen=True)
class Split:
    """One folder's files by class.

    Attributes:
        files: class → its files, by path; empty for a class folder without an image.
        passed: what else there is, by suffix.
    """

    folder: Path
    files: dict[str, list[Path]]
    passed: Counter[str]

    @property
    def filled(self) -> set[str]:
        """The classes that have an image."""
        return {name for name, files in self.files.items() if files}


def find(root: Path) -> tuple[Split | None, Split]:
    """The training split, where there is one, and the test split: ``root`` itself where it is not split.

    Raises:
        UserError: the folders are no classes, or two of them are one class; or labels are missing or damaged.
    """
    own = next((one for name in TESTS if _annotated(one := root / name)), None)
    test = own or next((root / name for name in TESTS if (root / name).is_dir()), None)
    folders = class_folders(root)
    if (
        test is None
        and folders
        and {name.casefold() for name in folders} <= {_TRAIN, "training", "testing", *TESTS}
    ):
        raise UserError(
            f"{root} holds {', '.join(folders)}, and no test images; call the folder that holds them test"
        )
    train = root / _TRAIN
    return (_read(train) if test and train.is_dir() else None), _read(test or root)


def agreed(train: Split | None, test: Split, count: int) -> tuple[str, ...]:
    """The classes, in alphabetical order: the folders that hold images; or all, where that makes ``count``.

    A ``count`` of 0 is any.

    Raises:
        UserError: the splits have other classes, or there are not ``count``.
    """
    folders = set(test.files) | set(train.files if train else ())
    filled = test.filled | (train.filled if train else set())
    if train and (wrong := sorted((filled - set(test.files)) | (filled - set(train.files)))):
        raise UserError(
            f"{train.folder} and {test.folder} have other class folders ({', '.join(wrong[:3])}); give both the same"
        )
    classes = tuple(sorted(folders if len(folders) == count else filled))
    empty = sorted(folders - filled)
    beside = f", and {len(empty)} without an image ({', '.join(empty[:3])})" if empty else ""
    if not filled:
        raise UserError(f"{test.folder} has no images; put them in a folder a class")
    if len(classes) == 1:
        raise UserError(
            f"{test.folder} has one class, '{classes[0]}'{beside}; put images in a folder a class"
        )
    if len(classes) != (count or len(classes)):
        raise UserError(
            f"{test.folder} has {len(classes)} classes{beside}; set dataset.num_classes={len(classes)}"
        )
    return classes


def ordered(classes: tuple[str, ...], order: str) -> tuple[str, ...]:
    """The classes as strings are sorted, as timm sorts them (``natural``), or as a file names them, one a line.

    Raises:
        UserError: there is no such file, or it names other classes.
    """
    if order == "string":
        return classes
    if order == "natural":
        return in_number_order(classes)
    try:
        lines = files.text(Path(order)).splitlines()
    except files.BAD as error:
        raise UserError(
            f"dataset.order={order} is neither string nor natural nor a file of names ({files.why(error)}); write a"
            " name a line"
        ) from error
    named = tuple(name_of(line.strip()) for line in lines if line.strip())
    if sorted(named) != sorted(classes):
        other = sorted({*named} ^ {*classes})[:3] or ["one twice"]
        raise UserError(
            f"{order} does not name the {len(classes)} class folders, one a line: {', '.join(other)}"
        )
    return named


def in_number_order(classes: tuple[str, ...]) -> tuple[str, ...]:
    """The order in which timm's training sorts folders: numbers as numbers, no capitals."""
    return tuple(
        sorted(
            classes,
            key=lambda name: [(not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in _parts(name)],
        )
    )


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"(\d+)", name.lower()) if part]


def _annotated(folder: Path) -> bool:
    return (folder / _ANNOTATIONS).is_file() and (folder / _ANNOTATED).is_dir()


def _read(folder: Path) -> Split:
    if _annotated(folder):
        return _by_annotation(folder)
    files: dict[str, list[Path]] = {}
    passed = loose(folder)
    for name in class_folders(folder):
        own = name_of(name)
        if own in files:
            raise UserError(f"{folder} has two folders called '{own}', written in two ways; make them one")
        files[own] = listed(folder / name)
        passed += others(folder / name)
    return Split(folder, files, passed)


def loose(folder: Path) -> Counter[str]:
    """The files that lie beside class folders, by suffix; hidden ones aside."""
    files = [file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")]
    return Counter(file.suffix.lower() or "without a suffix" for file in files)


def _by_annotation(folder: Path) -> Split:
    """Images in one folder, and a table that says the class of each."""
    table = folder / _ANNOTATIONS
    try:
        lines = [line.split("\t") for line in files.text(table).splitlines() if line.strip()]
        said = {name: wnid for name, wnid, *_ in lines}
    except files.BAD as error:
        raise files.damaged(table, error, "unpack the data set again") from error
    by_class: dict[str, list[Path]] = {wnid: [] for wnid in said.values()}
    found = listed(folder / _ANNOTATED)
    absent = sorted(set(said) - {file.name for file in found})
    if absent:
        raise UserError(
            f"{len(absent):,} of {len(said):,} images that {table} names are not there, e.g. {absent[0]}"
        )
    for file in found:
        if file.name in said:
            by_class[said[file.name]].append(file)
    return Split(folder, by_class, Counter(f.suffix.lower() for f in found if f.name not in said))
