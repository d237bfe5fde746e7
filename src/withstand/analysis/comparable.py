"""Which models a leaderboard may rank: those that were shown the same as most, or a reason why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from withstand.results.conditions import CLEAN, Condition
from withstand.results.entries import Candidate, Offer, Part, Shown, every_shift
from withstand.results.runs import LeftOut


@dataclass(frozen=True, eq=False)
class Compared:
    """Candidates by name with their parts by shift, what each shift showed, and what does not compare."""

    candidates: Mapping[str, Candidate]
    parts: Mapping[str, Mapping[str, Part]]
    shown: Mapping[str, Shown]
    left_out: tuple[LeftOut, ...]


def compared(
    candidates: Sequence[Candidate], dataset: str, metric: str, by: str | None
) -> tuple[str, Compared]:
    """The shift to rank by, and the candidates that compare under it.

    Args:
        dataset: of which the board is.
        by: the shift asked for; None: the one that most have.
    """
    left_out = [one for candidate in candidates for one in candidate.left_out]
    named = called(_once(candidates, left_out))
    fitting: dict[str, Candidate] = {}
    for name, one in named.items():
        if reason := _refused(one, dataset, metric):
            left_out.append(LeftOut(name, reason))
        else:
            fitting[name] = one
    by = by or _most(list(fitting.values()))
    references = {
        shift: _reference([one.offers[shift].shown for one in fitting.values() if shift in one.offers])
        for shift in every_shift(list(fitting.values()))
    }
    kept: dict[str, dict[str, Part]] = {}
    for name, one in fitting.items():
        if reason := _lacks(one.offers.get(by), references.get(by), by):
            left_out.append(LeftOut(name, reason))
            continue
        kept[name] = {}
        for shift, reference in references.items():
            reason = _lacks(one.offers.get(shift), reference, shift)
            if not reason:
                kept[name][shift] = one.offers[shift].take(tuple(reference.conditions))
            elif shift in one.offers:
                left_out.append(LeftOut(f"{name} under {shift}", reason))
    used = {shift for parts in kept.values() for shift in parts}
    shown = {shift: one for shift, one in references.items() if shift in used}
    return by, Compared({name: fitting[name] for name in kept}, kept, shown, tuple(left_out))


def called(candidates: Sequence[Candidate]) -> dict[str, Candidate]:
    """A name for each: the model's; where two have that, with the folder or file that each came from."""
    models = Counter(one.about.model for one in candidates)
    found: dict[str, Candidate] = {}
    for one in candidates:
        about = one.about
        name = about.model if models[about.model] == 1 else f"{about.model} ({about.where or about.dataset})"
        number, free = 2, name
        while free in found:
            free, number = f"{name} {number}", number + 1
        found[free] = one
    return found


def _once(candidates: Sequence[Candidate], left_out: list[LeftOut]) -> list[Candidate]:
    """Each run once, however many files and folders it came in."""
    found: dict[tuple[str, ...], Candidate] = {}
    for one in candidates:
        about = one.about
        own = (about.model, about.dataset, about.weights, about.precision, about.made)
        key = own if about.weights else (*own, str(id(one)))
        if key in found:
            reason = f"it is the same run as that of {found[key].about.where}"
            left_out.append(LeftOut(f"{about.model} ({about.where})", reason))
        else:
            found[key] = one
    return list(found.values())


def _refused(one: Candidate, dataset: str, metric: str) -> str:
    if one.refused:
        return one.refused
    if one.about.dataset != dataset:
        return f"it is on {one.about.dataset}, not on {dataset}"
    if one.metric not in ("", metric):
        return f"its file counts {one.metric}, not {metric}"
    return "" if one.offers else "it has no predictions that compare"


def _most(candidates: Sequence[Candidate]) -> str:
    """The shift that most were evaluated under; of clean images alone, these."""
    counted = Counter(shift for one in candidates for shift in one.offers if shift != CLEAN.shift)
    return min(
        counted, key=lambda shift: (-counted[shift], shift != "corruption", shift), default=CLEAN.shift
    )


@dataclass(frozen=True)
class _Kind:
    """What tells two models apart that were not shown the same."""

    images: str
    labels: str
    conditions: frozenset[tuple[Condition, str]]

    @classmethod
    def of(cls, one: Shown) -> _Kind:
        return cls(one.images, one.labels, frozenset(one.conditions.items()))

    def covers(self, other: _Kind) -> bool:
        same = (self.images, self.labels) == (other.images, other.labels)
        return same and self.conditions >= other.conditions


def _reference(shown: Sequence[Shown]) -> Shown:
    """What most were shown; of equals, what more were shown as a part of theirs, then the one that is more."""
    kinds = Counter(map(_Kind.of, shown))
    first = {_Kind.of(one): one for one in reversed(shown)}

    def standing(kind: _Kind) -> tuple[int, int, int, int]:
        covering = sum(count for other, count in kinds.items() if other.covers(kind))
        return kinds[kind], covering, len(kind.conditions), first[kind].n

    best = first[max(kinds, key=standing)]
    return replace(best, conditions=dict(sorted(best.conditions.items())))


def _lacks(offer: Offer | None, reference: Shown | None, shift: str) -> str:
    """Why an offer cannot stand beside the others; empty where it can."""
    if offer is None or reference is None:
        return f"it was not evaluated under {shift}"
    own, whole = offer.shown, len(reference.conditions)
    if own.images != reference.images:
        return f"it was evaluated on other images: {own.n:,}, where most have {reference.n:,} of their own"
    if own.labels != reference.labels:
        return "the same ids have other labels in it: these are not the same images"
    missing = [one for one in reference.conditions if one not in own.conditions]
    if missing:
        few = f"{len(missing)} of {whole} conditions ({_some(missing)})"
        return f"it lacks {few}; give its command again to complete it"
    other = [one for one, settings in reference.conditions.items() if own.conditions[one] != settings]
    if other:
        few = f"{len(other)} of {whole} conditions ({_some(other)})"
        return f"its images under {few} were made with other settings, or come from another source"
    alike = own.sources and own.sources == reference.sources
    if own.pixels and reference.pixels and own.pixels != reference.pixels and not alike:
        return "the same ids are other images in it: its data set was drawn or decoded otherwise"
    if offer.whole and len(own.conditions) > whole:
        return (
            f"its file has {len(own.conditions)} conditions in one number, where the others share {whole}; give its run"
            " folder instead"
        )
    return ""


def _some(conditions: Sequence[Condition]) -> str:
    return ", ".join(map(str, conditions[:3])) + (", …" if len(conditions) > 3 else "")
