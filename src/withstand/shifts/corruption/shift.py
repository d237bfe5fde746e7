"""The corruption shift: test images under every corruption, read from files where they are, else made on the fly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.schema import ShiftConfig
from withstand.corruptions.names import FAMILIES, chosen
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.results.conditions import Condition
from withstand.shifts.corruption import manifest, official
from withstand.shifts.corruption.sources import (
    Made,
    Official,
    Origin,
    Written,
    notes,
    preset_for,
)

NAME = "corruption"


@dataclass(frozen=True)
class Corruption:
    """Test images under every chosen corruption and severity (a ``withstand.shifts.Shift``)."""

    name = NAME

    origin: Origin
    test: ImageSet
    corruptions: tuple[str, ...]
    severities: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: ShiftConfig, dataset: str, test: ImageSet) -> Corruption:
        """Check the settings, and the files where they are used, before any work.

        Raises:
            UserError: an unknown corruption, or files that are absent, damaged or of other images.
        """
        names, severities = chosen(settings.corruptions), tuple(settings.severities)
        origin = _origin(settings, dataset, test, names)
        return cls(origin, test, names, severities, tuple(notes(origin, names)))

    @property
    def source(self) -> str:
        return self.origin.words

    def groups(self) -> dict[str, Sequence[str]]:
        return dict(FAMILIES)

    def conditions(self) -> list[Condition]:
        return [Condition(NAME, name, s) for name in self.corruptions for s in self.severities]

    def images(self, condition: Condition) -> Blocks:
        assert condition.severity is not None
        return self.origin.images(condition.variant, condition.severity)

    def digest(self, condition: Condition) -> str:
        return self.test.digest

    def facts(self, condition: Condition) -> dict[str, Any]:
        return self.origin.facts(condition.variant)

    def over(self, test: ImageSet) -> Corruption:
        """The same shift of a part of the test images."""
        return replace(self, origin=self.origin.over(test), test=test)


def _origin(settings: ShiftConfig, dataset: str, test: ImageSet, names: tuple[str, ...]) -> Origin:
    """The published files where they are, else ours where they fit, else made on the fly; or what is asked for."""
    folder, ours = Path(settings.folder), Path(settings.written)
    made = Made(test, settings.seed, preset_for(settings, test))
    if settings.source == "made":
        return made
    if manifest.present(folder):  # ours, wherever they lie, are never taken for the published ones
        return Written.of(folder, settings, names, test)
    if settings.source == "written":
        return Written.of(ours, settings, names, test)
    cifar10 = official.shows(test)
    if settings.source == "official" and not cifar10:
        raise UserError(f"shift.source=official: CIFAR-10-C holds corruptions of cifar10, not of {dataset}")
    if settings.source == "official" or (cifar10 and official.present(folder)):
        return Official.of(folder, names, test)
    if not manifest.present(ours):
        return made
    try:
        found = Written.of(ours, settings, names, test)
        if found.facts() == made.facts():
            return found
        say(f"{ours} is not read: it holds {found.words}, these settings ask for {made.words}")
    except UserError as error:
        say(f"{ours} is not read: {error}")
    return made
