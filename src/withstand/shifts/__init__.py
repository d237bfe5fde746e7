"""Shifts: the ways in which the world changes, a module each, found by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from withstand.images.blocks import Blocks
from withstand.results.conditions import Condition


class Shift(Protocol):
    """Gives its conditions, and the images of each for the rows asked for, on the device asked for."""

    @property
    def name(self) -> str:
        """What its conditions are called by (``Condition.shift``)."""

    @property
    def source(self) -> str:
        """Where its images come from, in words."""

    @property
    def notes(self) -> Sequence[str]:
        """What a user must know before the work begins, a line each."""

    def conditions(self) -> list[Condition]:
        """All of them, in the order of the work."""

    def images(self, condition: Condition) -> Blocks:
        """The images of one condition; nothing is read or made before a block of them is asked for."""

    def digest(self, condition: Condition) -> str:
        """SHA-256 of what the images are made from, or of the images themselves."""

    def facts(self, condition: Condition) -> dict[str, Any]:
        """What else the images depend on, as JSON values; equal facts and digests mean equal images."""
