"""A shift that is one set of images, under one condition of its own name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from withstand.base import plugins
from withstand.base.errors import UserError
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.results.conditions import CLEAN, Condition


@dataclass(frozen=True, eq=False)
class Shown:
    """The images (a ``withstand.shifts.Shift``).

    Attributes:
        name: what it is called.
        about: what results must know of it, as JSON values.
    """

    name: str
    shown: ImageSet
    source: str
    notes: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    def groups(self) -> dict[str, Sequence[str]]:
        return {}

    def conditions(self) -> list[Condition]:
        return [Condition(self.name, self.name)]

    def images(self, condition: Condition) -> Blocks:
        return Blocks.of(self.shown)

    def digest(self, condition: Condition) -> str:
        return self.shown.digest

    def facts(self, condition: Condition) -> dict[str, Any]:
        return {}


def check_name(name: str) -> None:
    """Refuse a name that is that of another shift, or of no file.

    Raises:
        UserError: it is.
    """
    if name in (CLEAN.shift, "background", *plugins.names("shifts")) or "/" in name:
        raise UserError(f"a shift of your own cannot be called '{name}'; set shift.label=NAME")
