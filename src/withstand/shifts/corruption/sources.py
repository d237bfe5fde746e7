"""Where corrupted test images come from: published files, files of ours, or made on the fly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from withstand import __version__
from withstand.base.console import progress
from withstand.base.errors import UserError
from withstand.config.schema import ShiftConfig
from withstand.corruptions import corrupt, frost
from withstand.corruptions.constants import nearest_preset
from withstand.corruptions.severities import Row
from withstand.datasets.cifar10 import CLASSES
from withstand.images.blocks import Blocks, Rows, gather
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Geometry
from withstand.shifts.corruption import manifest, official, tree, written, written_tree
from withstand.shifts.corruption.asked import Asked, own_constants
from withstand.shifts.corruption.way import Way


class Origin(Protocol):
    """Gives the test images under any corruption and severity that it was checked for."""

    @property
    def words(self) -> str:
        """What it is, for people and for the record."""

    def facts(self, corruption: str | None = None, severity: float | None = None) -> dict[str, Any]:
        """All that its images under one corruption at a severity, or any, depend on beside the clean ones.

        Equal facts mean equal images.
        """

    def images(self, corruption: str, severity: float) -> Blocks:
        """The images of one cell, made or read when a block of them is asked for."""

    def over(self, test: ImageSet) -> Origin:
        """The same source for a part of the test images."""


def notes(origin: Origin, names: Sequence[str]) -> list[str]:
    """What a user should know before: that frost's ice is not the published one, that files are passed over."""
    found = [origin.note] if isinstance(origin, Tree) and origin.note else []
    if "frost" in names and "frost" in origin.facts("frost"):
        found.append(
            f"frost's ice is drawn, its published photographs are not here; get them with: {frost.COMMAND}"
        )
    return found


def preset_for(settings: ShiftConfig, test: ImageSet) -> str:
    """The preset that ``shift.preset`` names; ``auto`` takes the benchmark whose images are nearer in size."""
    return nearest_preset(*test.images.shape[1:3]) if settings.preset == "auto" else settings.preset


@dataclass(frozen=True)
class Made:
    """Corrupts the test images when they are asked for, and stores nothing."""

    test: ImageSet
    seed: int
    preset: str
    own: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: ShiftConfig, test: ImageSet) -> Made:
        return cls(test, settings.seed, preset_for(settings, test), own_constants(settings))

    @property
    def words(self) -> str:
        return f"made from the test images ({self._way.words})"

    def facts(self, corruption: str | None = None, severity: float | None = None) -> dict[str, Any]:
        return self._way.facts(corruption, severity)

    def images(self, corruption: str, severity: float) -> Blocks:
        def make(rows: Rows, device: torch.device) -> Tensor:
            images, ids = gather(self.test.images, rows, device), self.test.ids[rows]
            own = self.own.get(corruption)
            made: Tensor = corrupt(
                images, corruption, severity, seed=self.seed, ids=ids, preset=self.preset, constants=own
            )
            return made

        return Blocks.made(self.test, make)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)

    @property
    def _way(self) -> Way:
        return Way(__version__, self.seed, self.preset, frost.drawn(), self.own)


@dataclass(frozen=True)
class Written:
    """What ``experiment=corrupt`` wrote: the same images that ``Made`` makes with the same seed, preset and version."""

    folder: Path
    about: manifest.Manifest
    test: ImageSet

    @classmethod
    def of(cls, folder: Path, cells: Asked, test: ImageSet) -> Written:
        """Raises ``UserError`` where the folder does not hold these corruptions of these images."""
        if not manifest.present(folder):
            raise UserError(
                f"{folder} holds no {manifest.MANIFEST}; write it with `python main.py experiment=corrupt`"
                " or set shift.written=FOLDER"
            )
        found = cls(folder, manifest.read(folder), test)
        layout = written_tree if found.about.recipe.layout == "tree" else written
        layout.check(folder, found.about, cells, test)
        return found

    @property
    def words(self) -> str:
        return f"made by withstand, not the published files, read from {self.folder} ({self._way.words})"

    def facts(self, corruption: str | None = None, severity: float | None = None) -> dict[str, Any]:
        return self._way.facts(corruption, severity)

    def images(self, corruption: str, severity: float) -> Blocks:
        layout = written_tree if self.about.recipe.layout == "tree" else written
        return layout.load(self.folder, self.about, corruption, severity, self.test)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)

    @property
    def _way(self) -> Way:
        recipe = self.about.recipe
        lossy = recipe.format if recipe.format.startswith("jpeg") else ""
        return Way(recipe.version, recipe.seed, recipe.preset, self.about.frost, recipe.constants, lossy)


@dataclass(frozen=True)
class Official:
    """The published CIFAR-10-C, CIFAR-100-C, or files in their layout that anyone may have made.

    Those of CIFAR-10-C are told by their MD5; of CIFAR-100-C none are known here, so its files are called what can be
    seen of them, and their digests are on record.
    """

    folder: Path
    test: ImageSet
    altered: dict[str, str]  # the files whose bytes are not those of CIFAR-10-C, and their MD5

    @classmethod
    def of(cls, folder: Path, names: Sequence[str], test: ImageSet) -> Official:
        """Raises ``UserError`` where a file is missing, damaged or of other images."""
        official.check(folder, names, test)
        return cls(folder, test, official.altered(folder, names))

    @property
    def words(self) -> str:
        if not self.altered:
            return f"official CIFAR-10-C files in {self.folder}"
        if self.test.classes != CLASSES:
            return f"files in CIFAR-C's layout in {self.folder}, told by their own digests"
        some = ", ".join(list(self.altered)[:3]) + (", …" if len(self.altered) > 3 else "")
        return (
            f"files in CIFAR-10-C's layout in {self.folder}, {len(self.altered)} of which are not the published ones by"
            f" their MD5 ({some})"
        )

    def facts(self, corruption: str | None = None, severity: float | None = None) -> dict[str, Any]:
        if corruption is not None and self.test.classes != CLASSES:
            own = ("labels.npy", f"{corruption}.npy")
            return {"corruptions": {name: self.altered[name] for name in own if name in self.altered}}
        return {"corruptions": self.altered or "official"}

    def images(self, corruption: str, severity: float) -> Blocks:
        return official.load(self.folder, corruption, int(severity), self.test)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)


@dataclass(frozen=True)
class Tree:
    """Files in ImageNet-C's layout, which anyone may have made.

    Attributes:
        found: what the folder holds.
        digests: of the files of each condition that is asked for.
        form: how files of other sizes than the test images' become such.
        note: what of the folder is passed over.
    """

    folder: Path
    test: ImageSet
    found: tree.Found
    digests: Mapping[tuple[str, float], str]
    form: Geometry | None = None
    note: str = ""

    @classmethod
    def of(cls, folder: Path, found: tree.Found, cells: Asked, test: ImageSet, form: Geometry | None) -> Tree:
        """Raises ``UserError`` where a test image has no file under a condition."""
        digests: dict[tuple[str, float], str] = {}
        lacking, extra, first = [], 0, ""
        with progress(f"looking at {folder}", len(cells)) as bar:
            for corruption, severity in cells:
                place = found[corruption][severity]
                pairs = tree.pair(place, test)
                extra += pairs.extra
                if pairs.missing:
                    lacking.append(len(pairs.missing))
                    first = first or f"{corruption}/{severity}/{pairs.missing[0]}"
                else:
                    files = [pairs.files[row] for row in range(len(test))]
                    digests[corruption, severity] = tree.digest(place, files, folder)
                bar.advance(images=len(test), note=f"{corruption} {severity}")
        beside = f"{extra:,} file{'s are' if extra > 1 else ' is'} of no test image" if extra else ""
        if lacking:
            raise UserError(
                f"{folder} lacks {sum(lacking):,} of {len(cells) * len(test):,} images, in {len(lacking)} of"
                f" {len(cells)} conditions ({first}, …){' and ' + beside if beside else ''}; complete it, or set"
                " shift.corruptions and shift.severities to what is whole"
            )
        return cls(folder, test, found, digests, form, f"{folder}: {beside}" if beside else "")

    @property
    def words(self) -> str:
        return f"files in ImageNet-C's layout in {self.folder}"

    def facts(self, corruption: str | None = None, severity: float | None = None) -> dict[str, Any]:
        asked = [key for key in self.digests if corruption in (None, key[0]) and severity in (None, key[1])]
        each = [self.digests[key] for key in asked]
        whole = each[0] if len(each) == 1 else hashlib.sha256(" ".join(each).encode()).hexdigest()
        return {"corruptions": "files", "layout": "tree", "digest": whole}

    def images(self, corruption: str, severity: float) -> Blocks:
        return tree.load(self.found[corruption][severity], self.test, self.form)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)
