"""Where corrupted test images come from: the published files, files of ours, or made on the fly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from withstand import __version__
from withstand.base.errors import UserError
from withstand.config.schema import ShiftConfig
from withstand.corruptions import corrupt, frost
from withstand.corruptions.constants import nearest_preset
from withstand.images.blocks import Blocks, Rows, gather
from withstand.images.imageset import ImageSet
from withstand.shifts.corruption import manifest, official, written


class Origin(Protocol):
    """Gives the test images under any corruption and severity that it was checked for."""

    @property
    def words(self) -> str:
        """What it is, for people and for the record."""

    def facts(self, corruption: str | None = None) -> dict[str, Any]:
        """All that its images under one corruption, or any, depend on beside the clean ones.

        Equal facts mean equal images.
        """

    def images(self, corruption: str, severity: int) -> Blocks:
        """The images of one cell, made or read when a block of them is asked for."""

    def over(self, test: ImageSet) -> Origin:
        """The same source for a part of the test images."""


def notes(origin: Origin, names: Sequence[str]) -> list[str]:
    """That frost's ice is not the published one, where that is so."""
    if "frost" not in names or "frost" not in origin.facts("frost"):
        return []
    return [f"frost's ice is drawn, its published photographs are not here; get them with: {frost.COMMAND}"]


def preset_for(settings: ShiftConfig, test: ImageSet) -> str:
    """The preset that ``shift.preset`` names; ``auto`` takes the benchmark whose images are nearer in size."""
    return nearest_preset(*test.images.shape[1:3]) if settings.preset == "auto" else settings.preset


@dataclass(frozen=True)
class Made:
    """Corrupts the test images when they are asked for, and stores nothing."""

    test: ImageSet
    seed: int
    preset: str

    @property
    def words(self) -> str:
        return f"made from the test images ({_recipe(__version__, self.seed, self.preset, frost.drawn())})"

    def facts(self, corruption: str | None = None) -> dict[str, Any]:
        return _facts(__version__, self.seed, self.preset, frost.drawn(), corruption)

    def images(self, corruption: str, severity: int) -> Blocks:
        def make(rows: Rows, device: torch.device) -> Tensor:
            images, ids = gather(self.test.images, rows, device), self.test.ids[rows]
            made: Tensor = corrupt(images, corruption, severity, seed=self.seed, ids=ids, preset=self.preset)
            return made

        return Blocks.made(self.test, make)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)


@dataclass(frozen=True)
class Written:
    """What ``experiment=corrupt`` wrote: the same images that ``Made`` makes with the same seed, preset and version."""

    folder: Path
    about: manifest.Manifest
    test: ImageSet

    @classmethod
    def of(cls, folder: Path, settings: ShiftConfig, names: tuple[str, ...], test: ImageSet) -> Written:
        """Raises ``UserError`` where the folder does not hold these corruptions of these images."""
        if not manifest.present(folder):
            raise UserError(
                f"{folder} holds no {manifest.MANIFEST}; write it with `python main.py experiment=corrupt`"
                " or set shift.written=FOLDER"
            )
        found = cls(folder, manifest.read(folder), test)
        written.check(folder, found.about, names, settings.severities, test)
        return found

    @property
    def words(self) -> str:
        recipe = self.about.recipe
        how = _recipe(recipe.version, recipe.seed, recipe.preset, self.about.frost)
        return f"made by withstand, not the published files, read from {self.folder} ({how})"

    def facts(self, corruption: str | None = None) -> dict[str, Any]:
        recipe = self.about.recipe
        return _facts(recipe.version, recipe.seed, recipe.preset, self.about.frost, corruption)

    def images(self, corruption: str, severity: int) -> Blocks:
        return written.load(self.folder, self.about, corruption, severity, self.test)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)


@dataclass(frozen=True)
class Official:
    """The published CIFAR-10-C, or files in its layout that anyone may have made, which differ from them in MD5."""

    folder: Path
    test: ImageSet
    altered: dict[str, str]  # the files whose bytes are not the published ones, and their MD5

    @classmethod
    def of(cls, folder: Path, names: Sequence[str], test: ImageSet) -> Official:
        """Raises ``UserError`` where a file is missing, damaged or of other images."""
        official.check(folder, names, test)
        return cls(folder, test, official.altered(folder, names))

    @property
    def words(self) -> str:
        if not self.altered:
            return f"official CIFAR-10-C files in {self.folder}"
        some = ", ".join(list(self.altered)[:3]) + (", …" if len(self.altered) > 3 else "")
        return (
            f"files in CIFAR-10-C's layout in {self.folder}, {len(self.altered)} of which are not the published ones by"
            f" their MD5 ({some})"
        )

    def facts(self, corruption: str | None = None) -> dict[str, Any]:
        return {"corruptions": self.altered or "official"}

    def images(self, corruption: str, severity: int) -> Blocks:
        return official.load(self.folder, corruption, severity, self.test)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)


def _recipe(version: str, seed: int, preset: str, ice: str) -> str:
    return f"withstand {version}, seed {seed}, preset {preset}" + (f", frost {ice}" if ice else "")


def _facts(version: str, seed: int, preset: str, ice: str, corruption: str | None) -> dict[str, Any]:
    of_frost = {"frost": ice} if ice and corruption in (None, "frost") else {}
    return {"corruptions": f"withstand {version}", "seed": seed, "preset": preset} | of_frost
