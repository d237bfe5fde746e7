"""Which corruptions at which severities are asked for, where they are made or were written by us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from withstand.base.errors import UserError
from withstand.config.schema import ShiftConfig
from withstand.corruptions import severities
from withstand.corruptions.constants import FIELDS
from withstand.corruptions.names import SEVERITIES, chosen
from withstand.corruptions.severities import Row

Asked = tuple[tuple[str, float], ...]
"""Corruption and severity, in the order of the work."""


def own_constants(settings: ShiftConfig) -> dict[str, tuple[Row, ...]]:
    """The constants that the settings set, of the corruptions that they choose.

    Raises:
        UserError: they do not fit, or are of a corruption that is not among the chosen ones.
    """
    found, names = severities.own(settings.constants, FIELDS), chosen(settings.corruptions)
    if idle := [name for name in found if name not in names]:
        raise UserError(f"shift.constants: {idle[0]} is not among shift.corruptions={settings.corruptions}")
    return found


def asked(settings: ShiftConfig) -> Asked:
    """What the settings ask for. The usual five severities stand for all that a corruption has rows of constants for.

    Raises:
        UserError: there is no such corruption or severity.
    """
    own, found = own_constants(settings), []
    for name in chosen(settings.corruptions):
        rows = len(own.get(name, SEVERITIES))
        wanted = range(1, rows + 1) if usual(settings) else settings.severities
        found += [(name, severities.said(severity, name, rows)) for severity in wanted]
    return tuple(found)


def usual(settings: ShiftConfig) -> bool:
    """Whether no severity was asked for by itself."""
    return tuple(settings.severities) == SEVERITIES


def by_corruption(cells: Asked) -> Mapping[str, Sequence[float]]:
    """The severities of each corruption."""
    found: dict[str, list[float]] = {}
    for name, severity in cells:
        found.setdefault(name, []).append(severity)
    return found
