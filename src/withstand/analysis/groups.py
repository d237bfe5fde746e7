"""Sets of conditions that are averaged over, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from withstand.corruptions.names import BENCHMARK, FAMILIES
from withstand.results.conditions import CLEAN, Condition

ALL = "corrupted"
"""The group of all the shifted conditions."""


def groups(
    conditions: Collection[Condition], families: Mapping[str, Collection[str]] | None = None
) -> dict[str, tuple[Condition, ...]]:
    """``clean``, ``corrupted``, ``benchmark``, ``severity-S``, the families, and each variant, where not empty.

    A mean over ``corrupted`` is over all the shifted conditions there are: mean-19 where these are the nineteen
    corruptions; ``benchmark`` is over the fifteen of the literature, and only there where all of them were seen at the
    same severities: a mean over fourteen is another number.

    Args:
        families: the sets of variants that the shift gave names to; by default those of the corruptions.
    """
    shifted = tuple(sorted(one for one in conditions if one != CLEAN))
    found: dict[str, tuple[Condition, ...]] = {"clean": (CLEAN,)} if CLEAN in conditions else {}
    found[ALL] = shifted
    found["benchmark"] = _benchmark(shifted)
    for severity in sorted({one.severity for one in shifted if one.severity is not None}):
        found[f"severity-{severity}"] = tuple(one for one in shifted if one.severity == severity)
    for family, members in (FAMILIES if families is None else families).items():
        found[family] = tuple(one for one in shifted if one.variant in members)
    for variant in dict.fromkeys(one.variant for one in shifted):
        found[variant] = tuple(one for one in shifted if one.variant == variant)
    return {name: members for name, members in found.items() if members}


def _benchmark(shifted: Collection[Condition]) -> tuple[Condition, ...]:
    members = tuple(one for one in shifted if one.shift == "corruption" and one.variant in BENCHMARK)
    severities = {one.severity for one in members}
    return members if len(members) == len(BENCHMARK) * len(severities) else ()
