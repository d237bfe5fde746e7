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

    def facts(self) -> dict[str, Any]:
        """All that its images depend on beside the clean ones; equal facts mean equal images."""

    def images(self, corruption: str, severity: int) -> Blocks:
        """The images of one cell, made or read when a block of them is asked for."""

    def over(self, test: ImageSet) -> Origin:
        """The same source for a part of the test images."""


def makeable(settings: ShiftConfig, names: tuple[str, ...]) -> tuple[str, ...]:
    """``names`` without frost where its textures are not here; one who names frost is told how to get them.

    Raises:
        UserError: frost is asked for by name.
    """
    if "frost" not in names or frost.textures_available():
        return names
    if settings.corruptions not in ("all", "benchmark"):
        raise UserError(
            f"shift.corruptions: frost needs its published textures; get them with: {frost.COMMAND}"
        )
    return tuple(name for name in names if name != "frost")


def left_out(settings: ShiftConfig, names: Sequence[str]) -> list[str]:
    """Whether frost is not among ``names`` though it was wanted: a line that says so, or none."""
    if settings.corruptions not in ("all", "benchmark") or "frost" in names:
        return []
    return [f"frost is left out: its published textures are not here; get them with: {frost.COMMAND}"]


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
        return f"made from the test images ({_recipe(__version__, self.seed, self.preset)})"

    def facts(self) -> dict[str, Any]:
        return {"corruptions": f"withstand {__version__}", "seed": self.seed, "preset": self.preset}

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
        written.check(folder, found.about, found.held(settings, names), settings.severities, test)
        return found

    def held(self, settings: ShiftConfig, names: tuple[str, ...]) -> tuple[str, ...]:
        """``names``, without frost where it was left out of the folder and cannot be made here either."""
        return names if "frost.npy" in self.about.files else makeable(settings, names)

    @property
    def words(self) -> str:
        recipe = self.about.recipe
        how = _recipe(recipe.version, recipe.seed, recipe.preset)
        return f"made by withstand, not the published files, read from {self.folder} ({how})"

    def facts(self) -> dict[str, Any]:
        recipe = self.about.recipe
        return {
            "corruptions": f"withstand {recipe.version}",
            "seed": recipe.seed,
            "preset": recipe.preset,
        }

    def images(self, corruption: str, severity: int) -> Blocks:
        return written.load(self.folder, self.about, corruption, severity, self.test)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)


@dataclass(frozen=True)
class Official:
    """The published CIFAR-10-C, or files in its layout that anyone may have made, which are told apart by their MD5."""

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

    def facts(self) -> dict[str, Any]:
        return {"corruptions": self.altered or "official"}

    def images(self, corruption: str, severity: int) -> Blocks:
        return official.load(self.folder, corruption, severity, self.test)

    def over(self, test: ImageSet) -> Origin:
        return replace(self, test=test)


def _recipe(version: str, seed: int, preset: str) -> str:
    return f"withstand {version}, seed {seed}, preset {preset}"
