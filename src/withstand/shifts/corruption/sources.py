"""Where corrupted test images come from: published files, files of ours, or made on the fly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from withstand import __version__
from withstand.base.errors import UserError
from withstand.config.schema import ShiftConfig
from withstand.corruptions import corrupt, frost
from withstand.corruptions.constants import nearest_preset
from withstand.corruptions.severities import Row
from withstand.images.blocks import Blocks, Rows, gather
from withstand.images.imageset import ImageSet
from withstand.shifts.corruption import manifest, written, written_tree
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
    found = [note] if (note := getattr(origin, "note", "")) else []
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
