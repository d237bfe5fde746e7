"""The layout of the ImageNet-9 release: which file shows which foreground, in every variant.

``{root}/{variant}/[val/]{class}/{name}.JPEG``; a mixed picture is called ``fg_{foreground}_bg_{background}``, any
other by its foreground. The study's tree has no ``val``, the release has it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.backgrounds.variants import VARIANTS
from withstand.base.console import say
from withstand.base.errors import UserError, few
from withstand.images.listing import class_folders, in_words, listed, name_of, others

REQUIRED = ("original", "mixed_same", "mixed_rand", "only_fg")
_MIXED_NAME = re.compile(r"fg_(?P<foreground>.+?)_bg_(?P<background>.+)")


@dataclass(frozen=True, eq=False)
class Layout:
    """N foregrounds and their files.

    Attributes:
        folders: the class folders' names, in order: their positions are the labels.
        labels: int64 N.
        names: the foregrounds' names, by class and within it by name.
        files: variant → the N files.
        lenders: variant → the names of the backgrounds' images as the files' names have them; "" where they have none.
    """

    root: Path
    folders: tuple[str, ...]
    labels: NDArray[np.int64]
    names: tuple[str, ...]
    files: Mapping[str, tuple[Path, ...]]
    lenders: Mapping[str, tuple[str, ...]]

    @property
    def ids(self) -> NDArray[np.int64]:
        """Int64 N, made of class folder and name alone, so that they are the same on every machine."""
        return np.array(
            [
                identity(self.folders[label], name)
                for label, name in zip(self.labels, self.names, strict=True)
            ],
            np.int64,
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes as people write them: ``wheeled vehicle`` for ``02_wheeled vehicle``."""
        return tuple(re.sub(r"^\d+_", "", folder) for folder in self.folders)


def identity(folder: str, name: str) -> int:
    """63 bits of the SHA-256 of a foreground's class folder and name."""
    return (
        int.from_bytes(
            hashlib.sha256(name_of(f"{folder}/{name}").encode("utf-8", "surrogateescape")).digest()[:8], "big"
        )
        >> 1
    )


def read(root: Path, wanted: Sequence[str] | None, num_classes: int) -> Layout:
    """Find the files of every variant that is wanted, or of every one there is.

    Raises:
        UserError: the folder or a variant is missing, the classes are not as many as they should be or differ between
            variants, or a variant has other foregrounds than ``original``.
    """
    if not root.is_dir():
        raise UserError(
            f"there is no folder {root}; put the bg_challenge folder of the ImageNet-9 release there"
            " (github.com/MadryLab/backgrounds_challenge, releases), or say dataset.folder=FOLDER"
        )
    variants = [v for v in VARIANTS if v in (wanted or REQUIRED) or (wanted is None and (root / v).is_dir())]
    places = {variant: _place(root, variant) for variant in variants}
    folders = _folders(places["original"], num_classes)
    found = {variant: _foregrounds(place, folders) for variant, place in places.items()}
    passed = sum((others(place / folder) for place in places.values() for folder in folders), Counter[str]())
    if passed:
        say(f"{root}: skipped {in_words(passed)}")
    own = found["original"]
    for variant in variants[1:]:
        _same(variant, found[variant], own, places)
    keys = sorted(own)
    return Layout(
        root=root,
        folders=folders,
        labels=np.array([label for label, _ in keys], np.int64),
        names=tuple(name for _, name in keys),
        files={variant: tuple(found[variant][key][0] for key in keys) for variant in variants},
        lenders={variant: tuple(found[variant][key][1] for key in keys) for variant in variants},
    )


def _place(root: Path, variant: str) -> Path:
    """The folder of a variant's class folders."""
    place = root / variant / "val" if (root / variant / "val").is_dir() else root / variant
    if not place.is_dir():
        there = [name for name in VARIANTS if (root / name).is_dir()]
        raise UserError(
            f"variant '{variant}' is missing: there is no folder {place}; there are: {', '.join(there) or 'none'}."
            " Unpack it, or name the variants to use: background.variants=[original,…]"
        )
    return place


def _folders(place: Path, num_classes: int) -> tuple[str, ...]:
    folders = class_folders(place)
    if len(folders) != num_classes:
        raise UserError(
            f"{place} has {len(folders)} class folders ({few(folders, 12)}), not {num_classes}; remove what does not"
            " belong there, or say dataset.num_classes=N for a set of your own"
        )
    return folders


Found = dict[tuple[int, str], tuple[Path, str]]


def _foregrounds(place: Path, folders: tuple[str, ...]) -> Found:
    """(label, foreground) → its file and the name of its background's image."""
    here = class_folders(place)
    if here != folders:
        extra, lacking = sorted(set(here) - set(folders)), sorted(set(folders) - set(here))
        said = [f"'{name}' is not in original" for name in extra] + [
            f"'{name}' is missing" for name in lacking
        ]
        raise UserError(f"{place} has other class folders than original: {few(said)}")
    found: Found = {}
    for label, folder in enumerate(folders):
        for file in listed(place / folder):
            stem = name_of(file.stem)
            named = _MIXED_NAME.fullmatch(stem)
            key = (label, named["foreground"] if named else stem)
            if key in found:
                raise UserError(
                    f"{place / folder} shows the foreground {key[1]} twice: {found[key][0].name} and {file.name}"
                )
            found[key] = (file, named["background"] if named else "")
    if not found:
        raise UserError(f"{place} has no images in its class folders")
    return found


def _same(variant: str, found: Found, own: Found, places: Mapping[str, Path]) -> None:
    lacking, extra = sorted(set(own) - set(found)), sorted(set(found) - set(own))
    if lacking or extra:
        said = (
            [f"lacks {len(lacking):,} of {len(own):,} ({few([name for _, name in lacking])})"]
            if lacking
            else []
        )
        said += (
            [f"has {len(extra):,} that original lacks ({few([name for _, name in extra])})"] if extra else []
        )
        raise UserError(
            f"{places[variant]} shows other foregrounds than {places['original']}: it {' and '.join(said)};"
            " unpack both from the same archive"
        )
