"""Names, ranges and lists as people write them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from withstand.analysis.comparison import Comparison
from withstand.base.names import shown
from withstand.corruptions.names import FAMILIES
from withstand.statistics import Estimate

_COLUMNS = 12
"""Severities that fit beside each other."""

_LONGEST = 100  # signs of a name

_NOTHING = 1e-9
"""What is smaller is the rounding error of a mean."""


def spaced(name: str) -> str:
    """A corruption's name as people write it."""
    return shown(name.replace("jpeg", "JPEG").replace("_", " "), _LONGEST)


def between(one: Estimate, digits: int = 1) -> str:
    """An interval in a sentence: ``61.2 to 64.9``; an end that is not zero is never shown as zero."""
    return f"{number(one.low, digits=digits)} to {number(one.high, digits=digits)}"


def points(value: float, signed: bool = False) -> str:
    """A difference in a sentence: ``1.2 points``."""
    shown = number(value, "+" if signed else "")
    return f"{shown} point{'' if shown.lstrip('+−') == '1.0' else 's'}"


def number(value: float, sign: str = "", digits: int = 1) -> str:
    """With ``digits`` decimals, or more if it would be shown as zero; with a real minus."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) < _NOTHING:
        return format(0, f".{digits}f")
    while not round(value, digits):
        digits += 1
    return format(value, f"{sign}.{digits}f").replace("-", "−")


def several(count: int, what: str) -> str:
    """``1 corruption``, ``1,200 corruptions``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def rounded(count: int) -> int:
    """A number of images upwards to two digits: more are not known of it."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // step) * step


def bytes_of(count: int) -> str:
    """``12 kB``, ``3.4 GB``."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}" if size < 999.5 else f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"


def ago(seconds: float) -> str:
    """``just now``, ``5 minutes ago``, ``3 days ago``."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def variants(together: Comparison) -> list[str]:
    """The corruptions that were evaluated: by family, others after them."""
    found = {condition.variant for condition in together.conditions}
    known = [name for members in FAMILIES.values() for name in members if name in found]
    return known + sorted(found - set(known))


def levels(together: Comparison) -> tuple[float, ...]:
    """The severities that have a column: all of a few; of many, as where each corruption has its own, the shared."""
    found = together.severities
    if len(found) <= _COLUMNS:
        return found
    many = len({one.variant for one in together.conditions})
    seen = Counter(one.severity for one in together.conditions)
    return tuple(one for one in found if 2 * seen[one] > many)[:_COLUMNS]


def family(variant: str) -> str:
    """The family of a corruption; empty where it has none."""
    return next((name for name, members in FAMILIES.items() if variant in members), "")


def group(name: str) -> str:
    """Where a group of conditions was measured, for a sentence: ``under corruption``, ``at severity 3``."""
    if name.startswith("severity-"):
        return f"at severity {name.removeprefix('severity-')}"
    known = {
        "clean": "on clean images",
        "corrupted": "under corruption",
        "benchmark": "over the benchmark’s 15 corruptions",
        "seen": "under the corruptions trained on",
        "unseen": "under corruptions not trained on",
    }
    return known.get(name, f"under {spaced(name)}")
