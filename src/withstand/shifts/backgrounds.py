"""The background shift: the same foregrounds in several surroundings, a condition each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.backgrounds.worlds import Positions, Worlds
from withstand.images.blocks import Blocks, gather
from withstand.results.conditions import Condition

NAME = "background"


@dataclass(frozen=True, eq=False)
class Backgrounds:
    """Some foregrounds of ``worlds`` under some variants (a ``withstand.shifts.Shift``).

    Attributes:
        test: variant → positions of the foregrounds that are tested in it.
        map: digest of the class map that predictions are seen through; None without one.
    """

    name = NAME

    worlds: Worlds
    test: Mapping[str, Positions]
    map: str | None = None

    @property
    def source(self) -> str:
        return self.worlds.source

    @property
    def notes(self) -> tuple[str, ...]:
        return self.worlds.notes

    def groups(self) -> dict[str, Sequence[str]]:
        return {}

    def conditions(self) -> list[Condition]:
        return [Condition(NAME, variant) for variant in self.test]

    def images(self, condition: Condition) -> Blocks:
        world, at = self.worlds.variants[condition.variant], self.test[condition.variant]
        pictures, places = world.images, world.rows[at]
        return Blocks(
            self.worlds.ids[at],
            self.worlds.labels[at],
            self.worlds.classes,
            pictures[0].nbytes if len(pictures) else 0,
            lambda rows, device: gather(pictures, places[rows], device),
            world.background[at],
        )

    def digest(self, condition: Condition) -> str:
        return self.worlds.variants[condition.variant].digest

    def facts(self, condition: Condition) -> dict[str, Any]:
        at = self.test[condition.variant]
        background = self.worlds.variants[condition.variant].background[at]
        shown = numbers_digest(np.stack([self.worlds.ids[at], self.worlds.labels[at], background]))
        return {"foregrounds": shown, "map": self.map}


def numbers_digest(numbers: NDArray[np.int64]) -> str:
    """16 hexadecimal digits of the SHA-256 of some whole numbers."""
    return hashlib.sha256(np.ascontiguousarray(numbers).tobytes()).hexdigest()[:16]
