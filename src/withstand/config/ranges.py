"""What each setting may be, said beside it where it is declared, and checked here for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from withstand.base.errors import UserError, nearest

_KEY = "allowed"
_NEAR = 1000
_COUNTED = {3: "three"}
Names = Sequence[str] | Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Allowed:
    """What a setting may be.

    Attributes:
        low, high: of a number, or of each in a list; without these two themselves where ``between``.
        choices: of a text; what gives them, where plug-ins have a say.
        many: how many values a list has.
        about: what the setting is, in a line.
    """

    low: float = -math.inf
    high: float = math.inf
    between: bool = False
    choices: Names | None = None
    many: int | None = None
    about: str = ""

    def refused(self, value: Any) -> str:
        """Why a value is none of these, after KEY=VALUE; empty where it is one."""
        if value is None:
            return ""
        if isinstance(value, str):
            names = self.choices() if callable(self.choices) else self.choices
            return f"is not known; {nearest(value, names)}" if names and value not in names else ""
        if isinstance(value, list):
            if self.many is not None and len(value) != self.many:
                return f"must have {_COUNTED.get(self.many, self.many)} values, one for each of red, green and blue"
            return next((said for said in map(self.refused, value) if said), "")
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ""
        fits = self.low < value < self.high if self.between else self.low <= value <= self.high
        return "" if fits else self._missed(value)

    def _missed(self, value: float) -> str:
        """The range; of one that is wide, the end that was missed."""
        if self.high <= _NEAR:
            return f"must lie between {self.low:g} and {self.high:g}"
        if value > self.low:
            return f"must be {self.high:,} or less"
        return f"must be above {self.low:g}" if self.between else f"must be {self.low:g} or more"


def ranged(
    default: Any, low: float, high: float = math.inf, *, between: bool = False, about: str = ""
) -> Any:
    """A dataclass field for a number from ``low`` to ``high``, or None where that is its default."""
    return field(default=default, metadata={_KEY: Allowed(low, high, between, about=about)})


def one_of(default: Any, choices: Names, about: str = "") -> Any:
    """A dataclass field for one of ``choices``."""
    return field(default=default, metadata={_KEY: Allowed(choices=choices, about=about)})


def three(default: Any, low: float = -math.inf, *, between: bool = False, about: str = "") -> Any:
    """A dataclass field for a value each of red, green and blue."""
    return field(default=default, metadata={_KEY: Allowed(low, math.inf, between, many=3, about=about)})


def allowed(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any, Allowed]]:
    """Every setting of a dataclass by its dotted key, with its value and what it may be."""
    for item in fields(settings):
        value = getattr(settings, item.name)
        key = f"{prefix}{item.name}"
        if is_dataclass(value):
            yield from allowed(value, f"{key}.")
        else:
            yield key, value, item.metadata.get(_KEY, Allowed())


def check(settings: Any, prefix: str = "") -> None:
    """Refuse what a setting may not be; numbers that are none, wherever they stand.

    Raises:
        UserError: names the key.
    """
    for key, value, what in allowed(settings, prefix):
        if not all(math.isfinite(number) for number in _numbers(value)):
            raise UserError(f"{key}={value} must be a number, neither nan nor infinite")
        if said := what.refused(value):
            raise UserError(f"{key}={value} {said}")


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _numbers(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _numbers(one)
