"""Shifts: the ways in which the world changes, a module each, found by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from withstand.base import plugins
from withstand.base.errors import UserError
from withstand.config.schema import ShiftConfig
from withstand.images.blocks import Blocks
from withstand.images.imageset import Dataset
from withstand.models.together import Asked
from withstand.results.answering import ClassMap
from withstand.results.conditions import MEANS, Condition


class Shift(Protocol):
    """Gives its conditions, and the images of each for the rows asked for, on the device asked for.

    Some have more: see ``Extras``.
    """

    @property
    def name(self) -> str:
        """What its conditions are called by (``Condition.shift``)."""

    @property
    def source(self) -> str:
        """Where its images come from, in words."""

    @property
    def notes(self) -> Sequence[str]:
        """What a user must know before the work begins, a line each."""

    def groups(self) -> dict[str, Sequence[str]]:
        """Names of sets of variants that are averaged over, such as families; each variant is one in any case."""

    def conditions(self) -> list[Condition]:
        """All of them, in the order of the work."""

    def images(self, condition: Condition) -> Blocks:
        """The images of one condition; nothing is read or made before a block of them is asked for."""

    def digest(self, condition: Condition) -> str:
        """SHA-256 of what the images are made from, or of the images themselves."""

    def facts(self, condition: Condition) -> dict[str, Any]:
        """What else the images depend on, as JSON values; equal facts and digests mean equal images."""


class Extras(NamedTuple):
    """What only some shifts have, as attributes of these names.

    Attributes:
        answered_by: how a classifier's outputs stand for classes that the data set has not.
        through: from the data set's classes to those of the shift.
        about: what results must know of it, as JSON values; ``kind`` says who reads it.
        as_clean: true where it shows clean images as they are, so that nothing needs to be predicted again.
    """

    answered_by: Asked | None = None
    through: ClassMap | None = None
    about: Mapping[str, Any] = {}
    as_clean: bool = False


def extras(shift: Shift) -> Extras:
    """What a shift has beside what every shift has."""
    return Extras(**{name: getattr(shift, name) for name in Extras._fields if hasattr(shift, name)})


def distinct(several: Sequence[Shift]) -> None:
    """Refuse two shifts of one name, and variants that go by the name of a mean: results are told apart by names.

    Raises:
        UserError: there are such.
    """
    names = [shift.name for shift in several]
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"two shifts are called '{name}'; give one of them another name, label=NAME: on the command line by"
                " shift.label=NAME in a YAML of its own"
            )
    for shift in several:
        variants = {condition.variant for condition in shift.conditions()} - {shift.name}
        if taken := variants & {*MEANS, *shift.groups()}:
            raise UserError(
                f"{shift.name} calls a variant '{min(taken)}', which is the name of a mean over several; call it"
                " something else"
            )


def load(settings: ShiftConfig, dataset: Dataset) -> Shift:
    """The shift that ``shift.name`` names, of the test images; its module has ``from_config(settings, dataset)``.

    Raises:
        UserError: there is no such shift, or its settings or files are wrong.
    """
    found: Shift = plugins.load("shifts", settings.name).from_config(settings, dataset)
    return found
