"""Small steps: each test image as a short film that moves, turns, grows, brightens, blurs or is noisy, frame by frame.

Published films are CIFAR-10-P's (Hendrycks & Dietterich, 2019): ``{perturbation}.npy``, N×frames×32×32×3 in the order
of the test set. Of any other data set they are made. A frame is a condition, its severity the number of the frame, so
that answers to two frames of one image pair by id; what is asked of them is whether the answer stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from withstand.base.errors import UserError, nearest
from withstand.config.checks import own_settings
from withstand.config.ranges import ranged
from withstand.config.schema import ShiftConfig
from withstand.images.blocks import Blocks
from withstand.images.imageset import Dataset, ImageSet
from withstand.results.conditions import Condition
from withstand.shifts.sequence.made import Made
from withstand.shifts.sequence.published import Published, found

NAME = "sequence"


@dataclass
class Settings:
    """What ``configs/shift/sequence.yaml`` sets."""

    films: str = "data/CIFAR-10-P"
    perturbations: list[str] = field(default_factory=list)
    frames: int = ranged(10, 2, 10_000)


class Films(Protocol):
    """Gives the frames of films."""

    @property
    def words(self) -> str:
        """What they are, for people."""

    @property
    def frames(self) -> dict[str, int]:
        """Perturbation → how many frames its films have."""

    def images(self, test: ImageSet, perturbation: str, frame: int) -> Blocks:
        """One frame of each film; the first is frame 1."""

    def facts(self, perturbation: str) -> dict[str, Any]:
        """What the frames depend on beside the clean images."""


@dataclass(frozen=True)
class Frames:
    """Films of the test images (a ``withstand.shifts.Shift``)."""

    name = NAME

    films: Films
    test: ImageSet
    perturbations: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        return self.films.words

    @property
    def about(self) -> dict[str, Any]:
        """Noise is drawn anew for each frame, so it is held against the first; other frames against the one before."""
        against = {name: "first" if "noise" in name else "previous" for name in self.perturbations}
        return {"kind": NAME, "against": against, "made": isinstance(self.films, Made)}

    def groups(self) -> dict[str, Sequence[str]]:
        return {}

    def conditions(self) -> list[Condition]:
        frames = self.films.frames
        return [
            Condition(NAME, name, frame)
            for name in self.perturbations
            for frame in range(1, frames[name] + 1)
        ]

    def images(self, condition: Condition) -> Blocks:
        assert condition.severity is not None
        return self.films.images(self.test, condition.variant, int(condition.severity))

    def digest(self, condition: Condition) -> str:
        return self.test.digest

    def facts(self, condition: Condition) -> dict[str, Any]:
        return self.films.facts(condition.variant)


def from_config(settings: ShiftConfig, dataset: Dataset) -> Frames:
    """Films in CIFAR-10-P's layout where they are and show the test images, else films made of these.

    Raises:
        UserError: there is no such perturbation, too few frames, or a file that is damaged.
    """
    own = own_settings(Settings, "shift", settings.options)
    published, why = found(Path(own.films), dataset.test)
    films: Films = Published(Path(own.films), published) if published else Made(settings.seed, own.frames)
    for name in own.perturbations:
        if name not in films.frames:
            raise UserError(f"shift.perturbations: unknown '{name}'; {nearest(name, films.frames)}")
    notes = (f"{why}, so films are made",) if why else ()
    return Frames(films, dataset.test, tuple(own.perturbations or films.frames), notes)
