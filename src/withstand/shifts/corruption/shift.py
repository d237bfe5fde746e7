"""The corruption shift: test images under every corruption, read from files where they are, else made on the fly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.schema import ShiftConfig
from withstand.corruptions.names import FAMILIES
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Geometry
from withstand.results.conditions import Condition
from withstand.shifts.corruption import manifest, official, tree
from withstand.shifts.corruption.asked import Asked, asked, by_corruption
from withstand.shifts.corruption.published import Official, Tree
from withstand.shifts.corruption.sources import Made, Origin, Written, notes
from withstand.shifts.corruption.way import BETWEEN

NAME = "corruption"


@dataclass(frozen=True)
class Corruption:
    """Test images under every chosen corruption and severity (a ``withstand.shifts.Shift``)."""

    name = NAME

    origin: Origin
    test: ImageSet
    cells: Asked
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, settings: ShiftConfig, dataset: str, test: ImageSet, form: Geometry | None = None
    ) -> Corruption:
        """Check the settings, and the files where they are used, before any work.

        Args:
            form: how the test images' photographs became squares.

        Raises:
            UserError: an unknown corruption, or files that are absent, damaged or of other images.
        """
        origin, cells = _origin(settings, dataset, test, form)
        return cls(origin, test, cells, tuple(notes(origin, list(by_corruption(cells)))))

    @property
    def source(self) -> str:
        between = sorted({severity for _, severity in self.cells if severity != int(severity)})
        if not between or isinstance(self.origin, Tree):
            return self.origin.words
        return f"{self.origin.words}; severities {', '.join(map(str, between))} {BETWEEN}"

    @property
    def corruptions(self) -> tuple[str, ...]:
        return tuple(by_corruption(self.cells))

    def groups(self) -> dict[str, Sequence[str]]:
        return dict(FAMILIES)

    def conditions(self) -> list[Condition]:
        return [Condition(NAME, name, severity) for name, severity in self.cells]

    def images(self, condition: Condition) -> Blocks:
        assert condition.severity is not None
        return self.origin.images(condition.variant, condition.severity)

    def digest(self, condition: Condition) -> str:
        return self.test.digest

    def facts(self, condition: Condition) -> dict[str, Any]:
        return self.origin.facts(condition.variant, condition.severity)

    def over(self, test: ImageSet) -> Corruption:
        """The same shift of a part of the test images."""
        return replace(self, origin=self.origin.over(test), test=test)


def _origin(
    settings: ShiftConfig, dataset: str, test: ImageSet, form: Geometry | None
) -> tuple[Origin, Asked]:
    """The published files where they are, else ours where they fit, else made on the fly; or what is asked for."""
    folder, ours = Path(settings.folder), Path(settings.written)
    if settings.source == "made":
        return Made.of(settings, test), asked(settings)
    if manifest.present(folder):  # ours, wherever they lie, are never taken for the published ones
        return Written.of(folder, asked(settings), test), asked(settings)
    if settings.source == "written":
        return Written.of(ours, asked(settings), test), asked(settings)
    rows = official.numbered(test)
    if settings.source == "official" and not rows:
        raise UserError(
            f"shift.source=official: the layout of CIFAR-10-C goes by row numbers, which {dataset} has none of; set"
            " shift.source=tree or made"
        )
    if settings.source == "official" or (settings.source == "auto" and rows and official.present(folder)):
        return _published(settings, folder, test)
    found = tree.find(folder)
    if found or settings.source == "tree":
        return _tree(settings, folder, found, test, form)
    made, cells = Made.of(settings, test), asked(settings)
    if not manifest.present(ours):
        return made, cells
    try:
        read = Written.of(ours, cells, test)
        if all(read.facts(*cell) == made.facts(*cell) for cell in cells):
            return read, cells
        say(f"{ours} is not read: it holds {read.words}, these settings ask for {made.words}")
    except UserError as error:
        say(f"{ours} is not read: {error}")
    return made, cells


def _published(settings: ShiftConfig, folder: Path, test: ImageSet) -> tuple[Origin, Asked]:
    _refuse_constants(settings, folder)
    cells = asked(settings)
    between = [severity for _, severity in cells if severity != int(severity)]
    if between:
        raise UserError(
            f"shift.severities: {folder} holds the published ones, and not {between[0]}; set shift.source=made"
        )
    names = list(dict.fromkeys(name for name, _ in cells))
    return Official.of(folder, names, test), cells


def _tree(
    settings: ShiftConfig, folder: Path, found: tree.Found, test: ImageSet, form: Geometry | None
) -> tuple[Origin, Asked]:
    if not found:
        raise UserError(
            f"{folder} holds no CORRUPTION/SEVERITY/CLASS folders, as ImageNet-C has them; unpack them there, or set"
            " shift.folder=FOLDER"
        )
    _refuse_constants(settings, folder)
    cells = tree.wanted(folder, found, settings)
    return Tree.of(folder, found, cells, test, form), cells


def _refuse_constants(settings: ShiftConfig, folder: Path) -> None:
    if settings.constants:
        raise UserError(
            f"shift.constants are of corruptions that are made, and {folder} is read; set shift.source=made or written"
        )
