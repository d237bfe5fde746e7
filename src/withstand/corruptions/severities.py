"""Severities between the published ones, and constants of one's own in place of the published ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

from withstand.base.errors import UserError, nearest

Row = tuple[float, ...]

_WHOLE = {"glass_blur": "rounds", "jpeg_compression": "quality"}
"""Constants that are counted: between two severities the nearest whole number is taken."""

_KIND: dict[str, Callable[[Row], bool]] = {
    "spatter": lambda row: bool(row[5]),
    "saturate": lambda row: row[0] > 1,
}
"""Corruptions of two kinds, water and mud, less colour and more: from one to the other there is no way between."""

IDENTITY: dict[str, tuple[float | None, ...]] = {
    "gaussian_noise": (0,),
    "impulse_noise": (0,),
    "speckle_noise": (0,),
    "gaussian_blur": (0,),
    "glass_blur": (0, None, 0),
    "defocus_blur": (0, 0),
    "motion_blur": (0, 0),
    "zoom_blur": (1, None),
    "snow": (0, 0, None, None, None, None, 1),
    "frost": (1, 0, None),
    "fog": (0, None),
    "spatter": (None, None, None, None, 0, None),
    "brightness": (0,),
    "contrast": (1,),
    "saturate": (1, 0),
    "elastic_transform": (0, 0, 0),
    "pixelate": (1,),
}
"""Towards which constants each leaves the image as it is; None: those of severity 1. The others have none."""

_POSITIVE, _ANY, _SHARE = (1e-3, math.inf), (-math.inf, math.inf), (0.0, 1.0)
_LIMITS: dict[str, tuple[float, float]] = {
    "photons": _POSITIVE,
    "sigma": _POSITIVE,
    "alias": (0.01, math.inf),
    "stop": (1.0, 10.0),
    "step": _POSITIVE,
    "mean": _ANY,
    "threshold": _ANY,
    "zoom": (0.01, math.inf),
    "keep": _SHARE,
    "decay": (0.1, math.inf),
    "mud": _SHARE,
    "shift": (-1.0, 1.0),
    "share": (0.01, 1.0),
    "quality": (1.0, 100.0),
    "impulse_noise amount": _SHARE,
    "brightness amount": (-1.0, 1.0),
    "elastic_transform sigma": (0.0, math.inf),
}
"""What a constant of one's own may be, by its name or by that of its corruption and its own; else 0 or more."""


def whole(severity: float) -> float:
    """The severity as it is written: a whole number without a point."""
    value = float(severity)
    return int(float(value)) if value.is_integer() else value


def said(severity: Any, corruption: str, rows: int = 5) -> float:
    """A severity that there is: above 0 and up to the number of ``rows``, as ``whole`` writes it.

    Raises:
        UserError: there is none such.
    """
    if isinstance(severity, bool) or not isinstance(severity, Real) or not 0 < float(severity) <= rows:
        raise UserError(
            f"severity {severity!r} does not exist; {corruption} has those above 0 and up to {rows}"
        )
    value = whole(float(severity))
    if value < 1 and corruption not in IDENTITY:
        raise UserError(
            f"severity {value} of {corruption} does not exist: no constants of it leave an image as it is, so it has"
            " none below 1; ask for 1 or more, or leave it out"
        )
    return value


def row(corruption: str, severity: float, rows: Sequence[Row], fields: Sequence[str]) -> Row:
    """The constants at a severity: those of a row, or linear between the two beside it; below 1, towards no change.

    Counted ones are rounded; where the two rows are of two kinds, those of the nearer one.
    """
    under, share = math.floor(severity), severity - math.floor(severity)
    if not share:
        return rows[under - 1]
    above = rows[under]
    below = rows[under - 1] if under else _unchanged(corruption, above)
    kind = _KIND.get(corruption)
    if under and kind is not None and kind(below) != kind(above):
        return above if share > 0.5 else below
    counted = _WHOLE.get(corruption)
    mixed = [low + share * (high - low) for low, high in zip(below, above, strict=True)]
    return tuple(
        float(math.floor(value + 0.5)) if name == counted else value
        for name, value in zip(fields, mixed, strict=True)
    )


def _unchanged(corruption: str, first: Row) -> Row:
    return tuple(
        first[column] if value is None else float(value) for column, value in enumerate(IDENTITY[corruption])
    )


def own(given: Any, fields: Mapping[str, str], key: str = "shift.constants") -> dict[str, tuple[Row, ...]]:
    """Constants of one's own, a row for each severity from 1 on, checked against what a corruption takes.

    Args:
        given: ``{"fog": [[0.2, 3], [0.5, 3]]}``, in the units of the preset.
        fields: the names of the columns, by corruption.

    Raises:
        UserError: there is no such corruption, or a row is of another length or out of range.
    """
    if not isinstance(given, Mapping):
        raise UserError(f"{key}={given} is not {{NAME: [[…], […]]}}, a row of constants for each severity")
    found = {}
    for name, rows in given.items():
        if name not in fields:
            raise UserError(f"{key}: unknown '{name}'; {nearest(str(name), fields)}")
        columns = [field.rstrip("*") for field in fields[name].split()]
        if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
            raise UserError(
                f"{key}: {name} needs a row of {', '.join(columns)} for each severity, not {rows!r}"
            )
        found[str(name)] = tuple(
            _row(f"{key}: {name}'s row {number}", str(name), columns, one)
            for number, one in enumerate(rows, 1)
        )
    return found


def _row(place: str, corruption: str, columns: Sequence[str], given: Any) -> Row:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != len(columns):
        raise UserError(f"{place} is {given!r}; give {len(columns)} numbers: {', '.join(columns)}")
    for column, value in zip(columns, given, strict=True):
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
            raise UserError(f"{place} has {column}={value!r}, which is not a number")
        low, high = _LIMITS.get(f"{corruption} {column}", _LIMITS.get(column, (0.0, math.inf)))
        if not low <= float(value) <= high:
            upper = f" and at most {high:g}" if math.isfinite(high) else ""
            raise UserError(f"{place} has {column}={value:g}; it must be at least {low:g}{upper}")
        if column in ("rounds", "quality", "mud") and float(value) != int(float(value)):
            raise UserError(f"{place} has {column}={value:g}; it must be a whole number")
    return tuple(whole(value) for value in given)
