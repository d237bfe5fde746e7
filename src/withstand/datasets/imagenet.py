"""ImageNet, or a part of it, in the forms in which people have it; its classes are wnids, in sorted order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.checks import own_settings
from withstand.config.schema import Config
from withstand.datasets import ground_truth, photographed, splits
from withstand.datasets.photographed import DEFAULT, FITTED, Part
from withstand.datasets.splits import Split
from withstand.images.imageset import Dataset
from withstand.images.listing import class_folders, in_words, is_image, listed, name_of, others
from withstand.images.wnids import wnids as CLASSES

__all__ = ["CLASSES", "DEFAULT", "FITTED", "Settings", "from_config"]

TESTS = ("val", "validation", "valid", "test")  # ImageNet's own test images have no labels
_INSIDE = ("ILSVRC/Data/CLS-LOC", "Data/CLS-LOC", "CLS-LOC")  # as Kaggle has it
_WNID = re.compile(r"(?<![a-z0-9])n\d{8}(?!\d)")
_OFFICIAL = re.compile(r"(ILSVRC2012_val_\d{8}|n\d{8}_\d+)(?![^_.])")


@dataclass
class Settings(photographed.Settings):
    """What ``configs/dataset/imagenet.yaml`` sets beside what every dataset has."""

    folder: str = "data/imagenet"
    labels: str | None = None


def from_config(config: Config) -> Dataset:
    """Test images, and training images where there are any: uint8 N×S×S×3, memory-mapped.

    A photograph that has its official name has an id made of that, in whichever folder it lies; another's is made of
    its path inside the folder.

    Raises:
        UserError: there is no such folder, its images are not of ImageNet's classes, or one is damaged.
    """
    settings = own_settings(Settings, "dataset", config.dataset.options)
    settings.check()
    root = Path(settings.folder)
    if not root.is_dir():
        raise UserError(
            f"there is no folder {root}; put ImageNet's photographs there (val alone is enough) or set dataset.folder"
        )
    train, test = _splits(root, settings)
    classes = splits.agreed(train, test, config.dataset.num_classes)
    if test.passed:
        say(f"{test.folder}: skipped {in_words(test.passed)}")
    parts = Part.of(train, classes) if train else None, Part.of(test, classes)
    return photographed.dataset(
        "imagenet", root, parts, classes, settings, called=lambda file: _called(file, root)
    )


def _called(file: Path, root: Path) -> str | Path:
    official = _OFFICIAL.match(file.name)
    return official.group(1) if official else file.relative_to(root)


def _splits(root: Path, settings: Settings) -> tuple[Split | None, Split]:
    """The training split, where there is one, and the test split: ``root`` itself where it is not split."""
    whole = next((root / inside for inside in _INSIDE if (root / inside).is_dir()), root)
    test = next((whole / name for name in TESTS if (whole / name).is_dir()), None)
    if test is None and (whole / "train").is_dir():
        raise UserError(f"{whole} holds train, and no test images; put ImageNet's val beside it")
    train = whole / "train" if test and (whole / "train").is_dir() else None
    # Kaggle's table lies beside ILSVRC, wherever in it dataset.folder points.
    above = whole.absolute().parents[: 3 if whole.name == "CLS-LOC" else 1]
    beside = [test or whole, whole, root, *above]
    return (_read(train) if train else None), _read(test or whole, settings.labels, beside)


def _read(folder: Path, labels: str | None = None, beside: Sequence[Path] = ()) -> Split:
    """One split, in whichever form it is.

    Args:
        labels: a file that says the class of each image; None: found in one of ``beside``.
    """
    images = sorted(file for file in folder.iterdir() if is_image(file))
    folders = class_folders(folder)
    if folders and not (
        images and all(_is_no_class(name) for name in folders)
    ):  # the devkit may lie beside images
        return _by_folder(folder)
    if not images:
        raise UserError(f"{folder} has no images; put ImageNet's there, in a folder a wnid or all in one")
    named = [_WNID.findall(file.stem) for file in images]
    if labels:
        classes = ground_truth.of(_there(labels), images)
    elif all(named):
        classes = [wnid[-1] for wnid in named]
        _check_known(folder, classes)
    elif table := ground_truth.find(beside):
        say(f"{folder}: classes by {table}")
        classes = ground_truth.of(table, images)
    else:
        first = next(file for file, wnid in zip(images, named, strict=True) if not wnid)
        raise UserError(
            f"{folder}: nothing says of which class {first.name} is; put val.txt, LOC_val_solution.csv or"
            " ILSVRC2012_validation_ground_truth.txt with meta.mat beside it, or set dataset.labels=FILE"
        )
    files: dict[str, list[Path]] = {}
    for file, wnid in zip(images, classes, strict=True):
        files.setdefault(wnid, []).append(file)
    return Split(folder, files, splits.loose(folder) - Counter(file.suffix.lower() for file in images))


def _is_no_class(name: str) -> bool:
    return not name.isdecimal() and name not in CLASSES()


def _by_folder(folder: Path) -> Split:
    """A folder a class: called by its wnid, or by its number, as ImageNet-V2's are."""
    names = class_folders(folder)
    numbers = all(name.isdecimal() for name in names)
    if numbers and max(map(int, names)) >= len(CLASSES()):
        raise UserError(f"{folder} has a folder {max(map(int, names))}, and classes are numbered 0 to 999")
    if numbers:
        say(
            f"{folder}: folders 0 to 999 are taken as classes in the order of sorted wnids, as in ImageNet-V2"
        )
    wnid = {name: CLASSES()[int(name)] if numbers else name_of(name) for name in names}
    if not numbers:
        _check_known(folder, list(wnid.values()))
    files: dict[str, list[Path]] = {}
    passed = splits.loose(folder)
    for name in names:
        files.setdefault(wnid[name], []).extend(listed(folder / name))
        passed += others(folder / name)
    return Split(folder, files, passed)


def _check_known(folder: Path, said: list[str]) -> None:
    if wrong := sorted({*said} - {*CLASSES()}):
        raise UserError(
            f"{folder} has {', '.join(wrong[:3])}, no wnid of ImageNet's 1,000 classes; images in folders of any name"
            " are read by dataset=folder"
        )


def _there(labels: str) -> Path:
    if not Path(labels).is_file():
        raise UserError(f"there is no file dataset.labels={labels}")
    return Path(labels)
