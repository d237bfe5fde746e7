"""What the numbers do not cover: corruptions that were not evaluated, files that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from withstand.analysis.comparison import Comparison
from withstand.analysis.groups import ALL
from withstand.corruptions.names import CORRUPTIONS, SEVERITIES
from withstand.report.wording import listed, several, spaced
from withstand.results.conditions import Condition
from withstand.results.run import Run
from withstand.results.runs import LeftOut


def missing(runs: Mapping[str, Run]) -> list[LeftOut]:
    """What each run lacks, one fact per line."""
    return [LeftOut(name, reason) for name, run in runs.items() for reason in _lacks(run)]


FEW_IMAGES, FEW_ERRORS = 30, 10
"""Below these, an interval is valid but says little."""


def caution(runs: Mapping[str, Run], compared: Comparison) -> list[LeftOut]:
    """Cautions: outputs that are not numbers, and results that rest on few images or few errors."""
    found = []
    for name, run in runs.items():
        broken = _broken(run)
        if broken:
            conditions = several(len(broken), "condition")
            found.append(
                LeftOut(
                    name,
                    f"{sum(broken.values()):,} of its outputs, under {conditions}, are not numbers (NaN or infinite"
                    " logits): they count as wrong in every metric",
                )
            )
    if 0 < len(compared.ids) < FEW_IMAGES:
        reason = f"they rest on {several(len(compared.ids), 'image')}, fewer than {FEW_IMAGES}"
        found.append(LeftOut("all numbers", reason))
    for name in compared.names if compared.conditions else ():
        erring = int((compared.values(name, ALL) == 0).any(axis=1).sum())
        if erring < FEW_ERRORS:
            on = several(erring, "image")
            reason = f"it errs on only {on}, fewer than {FEW_ERRORS}: its differences say little"
            found.append(LeftOut(name, reason))
    return found


def together(found: Iterable[LeftOut]) -> list[LeftOut]:
    """Those of the same reason in one line; a reason that begins with "it" is about one alone."""
    alike: dict[tuple[str, str], list[str]] = {}
    for one in found:
        own = one.what if one.reason.startswith("it ") else ""
        alike.setdefault((one.reason, own), []).append(one.what)
    return [LeftOut(listed(list(dict.fromkeys(names))), reason) for (reason, _), names in alike.items()]


def _broken(run: Run) -> dict[Condition, int]:
    """Condition → answers that are no numbers, also of shifts that show other images: films, collections."""
    rest: dict[str, list[Condition]] = {}
    for one in set(run.conditions) - set(run.scores.conditions):
        rest.setdefault(one.shift, []).append(one)
    found = dict(run.scores.broken)
    for conditions in rest.values():
        found |= run.under(conditions).scores.broken
    return found


def _lacks(run: Run) -> list[str]:
    found = {(one.variant, one.severity) for one in run.conditions if one.shift == "corruption"}
    seen = {name: sum((name, severity) in found for severity in SEVERITIES) for name in CORRUPTIONS}
    variants = {variant for variant, _ in found}
    known = not variants.isdisjoint(CORRUPTIONS)  # files of others may hold other corruptions altogether
    absent = [spaced(name) for name in CORRUPTIONS if known and name not in variants]
    partial = [spaced(name) for name, count in seen.items() if name in variants and count < len(SEVERITIES)]
    reasons = []
    if found and absent:
        reasons.append(f"not evaluated under {', '.join(absent)}: not part of its means")
    if partial:
        reasons.append(f"evaluated under only some severities of {', '.join(partial)}")
    if run.missing:
        reasons.append(
            f"{several(len(run.missing), 'file')} of predictions {'is' if len(run.missing) == 1 else 'are'} gone"
            f" ({run.missing[0]}{'' if len(run.missing) == 1 else ', …'}); give its command again"
        )
    if not run.trained_here:
        reasons.append("no history.csv: it was not trained here, so it has no curves")
    if not run.provenance:
        reasons.append("no provenance.json: how it was made is unknown")
    return reasons
