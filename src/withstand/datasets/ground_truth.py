"""Files that say of which class each image of a flat folder of ImageNet is, in the forms that go about."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from withstand.base import files
from withstand.base.errors import UserError
from withstand.images.wnids import wnids

NAMES = (
    *("LOC_val_solution.csv", "val.txt", "val_labels.txt", "imagenet_2012_validation_synset_labels.txt"),
    *(
        "ILSVRC2012_validation_ground_truth.txt",
        "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt",
    ),
)
"""What they are called, those first that need no other file."""
_META = "meta.mat"  # of the devkit: which wnid each of ILSVRC's own numbers stands for


def find(places: Sequence[Path]) -> Path | None:
    """The first that lies in one of the folders."""
    return next((place / name for name in NAMES for place in places if (place / name).is_file()), None)


def of(file: Path, images: Sequence[Path]) -> list[str]:
    """The wnid of each image.

    Args:
        file: lines ``image wnid`` or ``image number`` (0 to 999, in the order of sorted wnids), between blanks or a
            comma; or one value an image, in the order of the images' names: a wnid, or one of ILSVRC's own numbers,
            for which the devkit's ``meta.mat`` must lie beside it.
        images: by name.

    Raises:
        UserError: it cannot be read, is of other images, or says what is no class.
    """
    try:
        text = files.text(file)
    except files.BAD as error:
        raise files.damaged(file, error, "get it again") from error
    lines = [
        line.split(",") if "," in line else line.rsplit(maxsplit=1)
        for line in text.splitlines()
        if line.strip()
    ]
    stems = {_stem(image.name) for image in images}
    if lines and len(lines[0]) > 1 and _stem(lines[0][0]) not in stems and not _says_a_class(lines[0][1]):
        lines = lines[1:]  # the first names the columns
    if lines and all(len(line) == 1 for line in lines):
        return _in_order(file, [line[0].strip() for line in lines], images)
    return _by_name(file, lines, images)


def _in_order(file: Path, values: Sequence[str], images: Sequence[Path]) -> list[str]:
    if len(values) != len(images):
        raise UserError(
            f"{file} has {len(values):,} lines, and there are {len(images):,} images; one of the two is not whole"
        )
    if not all(value.isdecimal() for value in values):
        return [_wnid(file, value) for value in values]
    if "0" in values:
        return [_wnid(file, value) for value in values]
    own = _devkit(file)
    return [_known(file, own, value) for value in values]


def _by_name(file: Path, lines: Sequence[Sequence[str]], images: Sequence[Path]) -> list[str]:
    said: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if len(line) < 2:
            raise UserError(
                f"{file}, line {number} is no image and class: {' '.join(line)[:60]}; get it again"
            )
        said[_stem(line[0])] = line[1].split()[0] if line[1].split() else ""
    absent = [image for image in images if _stem(image.name) not in said]
    if absent:
        raise UserError(
            f"{file} says nothing of {len(absent):,} of {len(images):,} images, e.g. {absent[0].name}; get it again"
        )
    if "1000" in said.values():
        raise UserError(
            f"{file} counts classes from 1, in an order that is not known; give numbers 0 to 999 in the order of sorted"
            " wnids, or wnids"
        )
    return [_wnid(file, said[_stem(image.name)]) for image in images]


def _stem(name: str) -> str:
    return Path(name.strip()).stem


def _says_a_class(cell: str) -> bool:
    first = cell.split()[0] if cell.split() else ""
    return first.isdecimal() or first in _set()


def _wnid(file: Path, value: str) -> str:
    known = wnids()
    if value.isdecimal() and int(value) < len(known):
        return known[int(value)]
    if value in _set():
        return value
    raise UserError(f"{file} has '{value}', which is no wnid of ImageNet's 1,000 and no number below 1,000")


@functools.cache
def _set() -> frozenset[str]:
    return frozenset(wnids())


def _known(file: Path, own: Mapping[str, str], value: str) -> str:
    if value not in own:
        raise UserError(f"{file} has {value}, which {_META} does not know; take both from one devkit")
    return own[value]


def _devkit(file: Path) -> dict[str, str]:
    """ILSVRC's own numbers: these are no places among sorted wnids."""
    meta = next((one for one in (file.parent / _META, file.parent / "data" / _META) if one.is_file()), None)
    if meta is None:
        raise UserError(
            f"{file} has ILSVRC's own numbers, which are no places among sorted wnids; put the devkit's {_META} beside"
            " it, or take a file of lines 'image wnid'"
        )
    from scipy.io import loadmat

    try:
        synsets = loadmat(str(meta), squeeze_me=True)["synsets"]
        pairs = zip(synsets["ILSVRC2012_ID"].tolist(), synsets["WNID"].tolist(), strict=True)
        known = _set()
        return {str(int(number)): str(wnid) for number, wnid in pairs if str(wnid) in known}
    except Exception as error:  # a damaged file makes SciPy raise anything
        why = " ".join(str(error).split())[:100]
        raise UserError(
            f"{meta} is not the devkit's ({type(error).__name__}: {why}); unpack it again"
        ) from error
