"""Cue conflict: the shape of one class with the texture of another, so that an answer says which of the two decided.

Geirhos et al., ImageNet-trained CNNs are biased towards texture (ICLR 2019): 1,280 images, ``cat/cat1-airplane1.png``,
the shape of a cat in the texture of an airplane, judged by 16 classes, each by the mean probability of its outputs. On
the drawn shapes they are made: the pattern and the colours that go with another class, on the whole image and within
the shape.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from withstand.base.counter import uniforms
from withstand.base.errors import AbsentError, UserError
from withstand.config.checks import own_settings
from withstand.config.ranges import ranged
from withstand.config.schema import SIDE, ShiftConfig
from withstand.datasets import shapes
from withstand.images.blocks import Blocks, gather
from withstand.images.imageset import Dataset, ImageSet
from withstand.images.listing import class_folders, listed, name_of
from withstand.images.photographs import decoded, worst
from withstand.models.together import Asked
from withstand.results.conditions import Condition

NAME = "cue_conflict"
HUMANS = 0.96
"""Shape bias of people on the published images (Geirhos et al., 2019)."""

_NAMED = re.compile(r"(?P<shape>[^-]+?)\d+-(?P<texture>[^-]+?)\d+")
_STREAM = 5  # of the random numbers that choose a drawn image's other class


@dataclass
class Settings:
    """What ``configs/shift/cue_conflict.yaml`` sets."""

    images: str = "data/cue-conflict"
    map: str = "data/imagenet_to_16.json"
    size: int = ranged(224, 1, SIDE)


@dataclass(frozen=True, eq=False)
class CueConflict:
    """Images of two classes at once (a ``withstand.shifts.Shift``).

    Attributes:
        shown: labels are the shapes' classes, ``background`` the textures'.
        answered_by: how outputs stand for these classes, where they are not those of the data set.
    """

    name = NAME

    shown: ImageSet
    source: str
    answered_by: Asked | None = None
    notes: tuple[str, ...] = ()

    def groups(self) -> dict[str, Sequence[str]]:
        return {}

    def conditions(self) -> list[Condition]:
        return [Condition(NAME, "conflict")]

    def images(self, condition: Condition) -> Blocks:
        shown = self.shown
        nbytes = shown.images[0].nbytes if len(shown) else 0
        return Blocks(
            shown.ids,
            shown.labels,
            shown.classes,
            nbytes,
            lambda rows, device: gather(shown.images, rows, device),
            shown.background,
        )

    def digest(self, condition: Condition) -> str:
        return self.shown.digest

    def facts(self, condition: Condition) -> dict[str, Any]:
        assert self.shown.background is not None
        return {"textures": hashlib.sha256(self.shown.background.astype("<i8").tobytes()).hexdigest()[:16]}


def from_config(settings: ShiftConfig, dataset: Dataset) -> CueConflict:
    """The published images; drawn ones for the drawn shapes.

    Raises:
        UserError: the images are not there or damaged, or not named as they are published.
    """
    own = own_settings(Settings, "shift", settings.options)
    if dataset.classes == shapes.CLASSES:
        return CueConflict(
            made(dataset.test, settings.seed), "drawn: each shape in the texture of another class"
        )
    return _published(own)


def made(test: ImageSet, seed: int) -> ImageSet:
    """The same shapes as on the test images, in the texture of another class; each is as likely."""
    others = len(shapes.CLASSES) - 1
    step = 1 + (uniforms(seed, test.ids, 1, stream=_STREAM)[:, 0] * others).astype(np.int64)
    texture = (test.labels + step) % len(shapes.CLASSES)
    size = test.images.shape[1]
    return shapes.render(test.ids, test.labels, texture, seed=seed, size=size, fill=texture)


def _published(own: Settings) -> CueConflict:
    root = Path(own.images)
    if not root.is_dir():
        raise AbsentError(
            f"there is no folder {root}; put the cue-conflict images of Geirhos et al. (2019) there, a folder for each"
            " shape's class (cat/cat1-airplane1.png), or set shift.images=FOLDER"
        )
    if not Path(own.map).is_file():
        raise UserError(
            f"there is no {own.map}, which says which of ImageNet's wnids are of which class; set shift.map=FILE"
        )
    classes = tuple(sorted(class_folders(root)))
    files = [file for name in classes for file in listed(root / name)]
    cues = [_cues(file, classes) for file in files]
    photographs = decoded(files, root, own.size, root / ".decoded", "cue-conflict")
    if photographs.damaged:
        which = worst((files[row], reason) for row, reason in photographs.damaged.items())
        raise UserError(f"{len(photographs.damaged)} of {len(files):,} images cannot be decoded: {which}")
    ids = np.array([_id(file.relative_to(root)) for file in files], np.int64)
    labels, textures = (np.array(column, np.int64) for column in zip(*cues, strict=True))
    whole = ImageSet(photographs.images, labels, ids, classes, background=textures)
    shown = whole.take(np.flatnonzero(labels != textures))
    source = f"{len(shown):,} images of {len(classes)} classes in {root}"
    alike = len(whole) - len(shown)
    notes = (f"{alike:,} more images whose shape and texture are of one class are left out",) if alike else ()
    return CueConflict(shown, source, Asked(own.map, open=False, groups="mean"), notes)


def _cues(file: Path, classes: tuple[str, ...]) -> tuple[int, int]:
    """The classes of shape and texture, by the file's name."""
    said = _NAMED.match(file.stem)
    if said is None or said["texture"] not in classes or said["shape"] != file.parent.name:
        raise UserError(
            f"{file} is not named as SHAPE/SHAPE1-TEXTURE1, with classes that are folders beside it"
        )
    return classes.index(said["shape"]), classes.index(said["texture"])


def _id(path: Path) -> int:
    """63 bits of the digest of the path without its suffix: whatever format it was copied to, it is the same image."""
    name = name_of(path.with_suffix("")).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "little") >> 1
