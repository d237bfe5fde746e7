"""Names, ranges and lists as people write them."""

from __future__ import annotations

from collections.abc import Sequence

from withstand.comparison import Comparison
from withstand.corruptions.names import FAMILIES
from withstand.statistics import Estimate


def spaced(name: str) -> str:
    """A corruption's name as people write it."""
    return name.replace("jpeg", "JPEG").replace("_", " ")


def between(one: Estimate) -> str:
    """An interval in a sentence: ``61.2 to 64.9``."""
    return f"{one.low:.1f} to {one.high:.1f}".replace("-", "−")


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def variants(together: Comparison) -> list[str]:
    """The corruptions that were evaluated: by family, others after them."""
    found = {condition.variant for condition in together.conditions}
    known = [name for members in FAMILIES.values() for name in members if name in found]
    return known + sorted(found - set(known))


def family(variant: str) -> str:
    """The family of a corruption; empty where it has none."""
    return next((name for name, members in FAMILIES.items() if variant in members), "")
