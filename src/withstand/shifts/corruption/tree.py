"""ImageNet-C's layout: ``corruption/severity/class/name.JPEG``, each file another picture of a test image.

So are ImageNet-C, ImageNet-C-bar, ImageNet-3DCC and Tiny-ImageNet-C; the folders of the five archives (noise, blur,
weather, digital, extra) may lie above. What corruptions and severities there are is found, not listed anywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch

from withstand.base.errors import UserError, nearest
from withstand.config.schema import ShiftConfig
from withstand.corruptions.names import BENCHMARK, CORRUPTIONS
from withstand.corruptions.severities import whole
from withstand.images import sources
from withstand.images.blocks import Blocks, Rows
from withstand.images.imageset import ImageSet
from withstand.images.listing import class_folders, listed, name_of
from withstand.images.preprocessing import Geometry
from withstand.images.shown import shown
from withstand.shifts.corruption.asked import Asked, usual

Found = Mapping[str, Mapping[float, Path]]
"""Corruption → severity → the folder of its class folders."""

_NUMBER = re.compile(r"\d+(\.\d+)?")
_KEPT = ".decoded"
"""Where the digests of files are kept."""


class Paired(NamedTuple):
    """The files of one condition, and the test images they are of.

    Attributes:
        files: row → its file; those without one are in ``missing``, as CLASS/NAME.
        extra: files of no test image.
    """

    files: dict[int, Path]
    missing: list[str]
    extra: int


def find(root: Path) -> Found:
    """The corruptions and severities in a folder, the known ones first; none where there is no such tree.

    Raises:
        UserError: a corruption is there twice.
    """
    found: dict[str, Mapping[float, Path]] = {}
    for name in class_folders(root) if root.is_dir() else ():
        inner = {name: root / name} if _severities(root / name) else _children(root / name)
        for corruption, folder in inner.items():
            levels = _severities(folder)
            if levels and corruption in found:
                raise UserError(f"{root} holds the corruption {corruption} twice; move one of them away")
            if levels:
                found[corruption] = levels
    order = [name for name in CORRUPTIONS if name in found]
    return {name: found[name] for name in (*order, *sorted(found.keys() - {*order}))}


def _severities(folder: Path) -> dict[float, Path]:
    numbers = [name for name in class_folders(folder) if _NUMBER.fullmatch(name)]
    return dict(sorted((whole(float(name)), folder / name) for name in numbers))


def _children(folder: Path) -> dict[str, Path]:
    return {name: folder / name for name in class_folders(folder)}


def wanted(root: Path, found: Found, settings: ShiftConfig) -> Asked:
    """Which of those found the settings ask for; the usual five severities stand for all that there are.

    Raises:
        UserError: one is not there.
    """
    named = settings.corruptions
    names = (
        {"all": tuple(found), "benchmark": BENCHMARK}.get(named) if isinstance(named, str) else tuple(named)
    )
    cells: list[tuple[str, float]] = []
    for name in names or (str(named),):
        if name not in found:
            raise UserError(f"{root} does not hold the corruption {name}; {nearest(str(name), found)}")
        levels = found[name]
        for severity in levels if usual(settings) else settings.severities:
            if severity not in levels:
                there = ", ".join(map(str, levels))
                raise UserError(
                    f"{root / name} holds severities {there}, not {severity}; set shift.severities"
                )
            cells.append((name, severity))
    return tuple(cells)


def pair(folder: Path, test: ImageSet) -> Paired:
    """Each test image with its file, by class and name; suffixes may differ.

    Raises:
        UserError: two test images, or two files, go by one name.
    """
    rows, extra = _rows(test), 0
    found: dict[int, Path] = {}
    for key, file in files(folder):
        row = rows.get(key)
        if row is None:
            extra += 1
        elif row in found:
            raise UserError(
                f"{found[row]} and {file} are of one name but for the suffix; move one of them away"
            )
        else:
            found[row] = file
    missing = (
        ["/".join(key) for key, row in rows.items() if row not in found] if len(found) < len(rows) else []
    )
    return Paired(found, missing, extra)


def keys(test: ImageSet) -> list[tuple[str, str]]:
    """What each image's file is called: class and name, which is its id where it comes from no file."""
    names = map(str, test.ids.tolist() if test.names is None else test.names.tolist())
    return [(test.classes[label], name) for label, name in zip(test.labels.tolist(), names, strict=True)]


@lru_cache(maxsize=4)
def _rows(test: ImageSet) -> dict[tuple[str, str], int]:
    found = {key: row for row, key in enumerate(keys(test))}
    if len(found) < len(test):
        twice = next(key for key, count in Counter(keys(test)).items() if count > 1)
        raise UserError(
            f"two test images are called {'/'.join(twice)} but for the suffix, so their corrupted files cannot be told"
            " apart; rename one"
        )
    return found


def digest(cell: Path, files_: Sequence[Path], root: Path) -> str:
    """Of the names and bytes of a condition's files, which are read once."""
    where = name_of(cell.relative_to(root)).replace("/", "-")
    return sources.digest(files_, cell, root / _KEPT, where)


def files(folder: Path) -> Iterator[tuple[tuple[str, str], Path]]:
    """Every file of a condition, with its class and name."""
    for name in class_folders(folder):
        within = len(str(folder / name)) + 1
        for file in listed(folder / name):
            stem = str(file)[within : len(str(file)) - len(file.suffix)]
            yield (name_of(name), name_of(stem)), file


def load(folder: Path, test: ImageSet, form: Geometry | None) -> Blocks:
    """The images of one condition, row for row those of ``test``; decoded when a block of them is asked for.

    A file of the test images' size is shown as it is, another one as ``form`` says.
    """
    pairs, shape = pair(folder, test), test.images.shape[1:3]
    if pairs.missing:
        raise UserError(f"{folder / pairs.missing[0]} is gone; get or write {folder} again")

    def read(rows: Rows, device: torch.device) -> torch.Tensor:
        return torch.from_numpy(shown([pairs.files[row] for row in rows.tolist()], shape, form)).to(device)

    return Blocks.made(test, read)
