"""The corruption shift: test images under every corruption, read from files where they are, else made on the fly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from withstand.conditions import Condition
from withstand.config import ShiftConfig
from withstand.console import say
from withstand.corruptions import frost
from withstand.corruptions.names import chosen
from withstand.data import manifest, official
from withstand.data.imageset import ImageSet
from withstand.errors import UserError
from withstand.shifts.corruption_sources import Made, Official, Source, Written, preset_for


@dataclass(frozen=True)
class Corruption:
    """Test images under every chosen corruption and severity."""

    origin: Source
    corruptions: tuple[str, ...]
    severities: tuple[int, ...]

    @classmethod
    def of(cls, settings: ShiftConfig, dataset: str, test: ImageSet) -> Corruption:
        """Check the settings, and the files where they are used, before any work.

        Raises:
            UserError: an unknown corruption, or files that are absent, damaged or of other images.
        """
        names, severities = chosen(settings.corruptions), tuple(settings.severities)
        origin = _origin(settings, dataset, test, names)
        if isinstance(origin, Made):
            names = makeable(settings, names)
        return cls(origin, names, severities)

    @property
    def source(self) -> str:
        """Where the corrupted images come from, for the record."""
        return self.origin.words

    def conditions(self) -> list[Condition]:
        return [Condition("corruption", name, s) for name in self.corruptions for s in self.severities]

    def facts(self) -> dict[str, Any]:
        """What the images of a condition depend on beside the test images."""
        return self.origin.facts()

    def images(self, condition: Condition) -> ImageSet:
        """The test images under one condition."""
        assert condition.severity is not None
        return self.origin.images(condition.variant, condition.severity)

    def over(self, test: ImageSet) -> Corruption:
        """The same shift of a part of the test images."""
        return replace(self, origin=self.origin.over(test))


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


def _origin(settings: ShiftConfig, dataset: str, test: ImageSet, names: Sequence[str]) -> Source:
    """The published files where they are, else ours where they fit, else made on the fly; or what is asked for."""
    folder, ours = Path(settings.folder), Path(settings.written)
    made = Made(test, settings.seed, preset_for(settings, test))
    if settings.source == "made":
        return made
    if manifest.present(folder):  # ours, wherever they lie, are never taken for the published ones
        return Written.of(folder, names, settings.severities, test)
    if settings.source == "written":
        return Written.of(ours, names, settings.severities, test)
    if settings.source == "official" and dataset != "cifar10":
        raise UserError(f"shift.source=official: CIFAR-10-C holds corruptions of cifar10, not of {dataset}")
    if settings.source == "official" or (dataset == "cifar10" and official.present(folder)):
        return Official.of(folder, names, test)
    if not manifest.present(ours):
        return made
    try:
        found = Written.of(ours, names, settings.severities, test)
        if found.facts() == made.facts():
            return found
        say(f"{ours} is not read: it holds {found.words}, these settings ask for {made.words}")
    except UserError as error:
        say(f"{ours} is not read: {error}")
    return made
