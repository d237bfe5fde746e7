"""The corruption shift: the official CIFAR-10-C files where they are, or the same corruptions made on the fly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from withstand import __version__
from withstand.conditions import Condition
from withstand.config import ShiftConfig
from withstand.corruptions import BENCHMARK, CORRUPTIONS, corrupt, frost
from withstand.data import official
from withstand.data.imageset import ImageSet
from withstand.errors import UserError, nearest


@dataclass(frozen=True)
class Corruption:
    """Test images under every chosen corruption and severity.

    Attributes:
        test: the clean test images.
        folder: the official layout, or None to make the corruptions.
    """

    test: ImageSet
    corruptions: tuple[str, ...]
    severities: tuple[int, ...]
    seed: int
    folder: Path | None

    @classmethod
    def of(cls, settings: ShiftConfig, dataset: str, test: ImageSet) -> Corruption:
        """Check the settings, and the official files where they are used, before any work.

        Raises:
            UserError: an unknown corruption, or official files that are absent, damaged or of other images.
        """
        names = _names(settings.corruptions)
        folder = _folder(settings, dataset)
        if folder is not None:
            official.check(folder, names, test)
        elif not frost.textures_available():
            if settings.corruptions not in ("all", "benchmark") and "frost" in names:
                raise UserError(
                    f"shift.corruptions: frost needs its published textures; get them with: {frost.COMMAND}"
                )
            names = tuple(name for name in names if name != "frost")
        return cls(test, names, tuple(settings.severities), settings.seed, folder)

    @property
    def source(self) -> str:
        """Where the corrupted images come from, for the record."""
        if self.folder is not None:
            return f"official CIFAR-10-C files in {self.folder}"
        return f"made from the test images (withstand {__version__}, seed {self.seed})"

    def conditions(self) -> list[Condition]:
        return [Condition("corruption", name, s) for name in self.corruptions for s in self.severities]

    def facts(self) -> dict[str, Any]:
        """What the images of a condition depend on beside the test images."""
        if self.folder is not None:
            return {"corruptions": "official"}
        return {"corruptions": f"withstand {__version__}", "seed": self.seed, "preset": "cifar"}

    def images(self, condition: Condition) -> ImageSet:
        """The test images under one condition."""
        assert condition.severity is not None
        if self.folder is not None:
            return official.load(self.folder, condition.variant, condition.severity, self.test)
        corrupted = corrupt(
            self.test.images, condition.variant, condition.severity, seed=self.seed, ids=self.test.ids
        )
        return replace(self.test, images=corrupted)


def _names(wanted: Any) -> tuple[str, ...]:
    if wanted in ("all", "benchmark"):
        return CORRUPTIONS if wanted == "all" else BENCHMARK
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    for name in names:
        if name not in CORRUPTIONS:
            raise UserError(f"shift.corruptions: unknown '{name}'; {nearest(name, CORRUPTIONS)}")
    return names


def _folder(settings: ShiftConfig, dataset: str) -> Path | None:
    """The official files, where they are wanted and are of this dataset."""
    folder = Path(settings.folder)
    if settings.source == "made":
        return None
    if settings.source == "official" and dataset != "cifar10":
        raise UserError(f"shift.source=official: CIFAR-10-C holds corruptions of cifar10, not of {dataset}")
    if settings.source == "official" or (dataset == "cifar10" and official.present(folder)):
        return folder
    return None
