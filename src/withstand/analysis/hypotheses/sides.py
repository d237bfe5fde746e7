"""The two sides of a claim: which classifiers are on each, how they are paired, and why others are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.hypotheses.claim import Hypothesis
from withstand.analysis.hypotheses.subjects import Subject
from withstand.results.facts import UNKNOWN
from withstand.results.runs import LeftOut

_NOBODY = {
    "corruption": "no run was evaluated under these conditions",
    "finetuning": "no run was fine-tuned",
    "background": "no run was evaluated on other backgrounds",
}


def grouped(found: Sequence[Subject], chosen: Mapping[str, Any]) -> tuple[list[list[Subject]], list[LeftOut]]:
    """The classifiers of a side, trainings of one model by different seeds together; and copies, which do not count.

    A training is told by its seed and the digest of its weights: the same weights under two names are one classifier.
    """
    by_model: dict[tuple[Any, ...], list[Subject]] = {}
    known: dict[Any, str] = {}
    copies = []
    for subject in found:
        if not all(_is(subject.facts.get(fact), wanted) for fact, wanted in chosen.items()):
            continue
        same = tuple((k, v) for k, v in sorted(subject.facts.items()) if k not in ("seed", "rank", "weights"))
        weights, protocol = subject.facts.get("weights"), subject.facts.get("protocol")
        first = known.get(("weights", weights, protocol)) or known.get(
            ("seed", subject.facts.get("seed"), same)
        )
        if first and (weights or subject.facts.get("seed") is not None):
            copies.append(
                LeftOut(subject.name, f"it is the same training as {first}: it has the same weights or seed")
            )
            continue
        by_model.setdefault(same, []).append(subject)
        known[("seed", subject.facts.get("seed"), same)] = subject.name
        if weights:
            known[("weights", weights, protocol)] = subject.name
    return list(by_model.values()), copies


def _is(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else value == wanted


def comparable(found: list[Subject]) -> tuple[list[Subject], list[LeftOut]]:
    """Those measured on what most were measured on; the others, with the reason."""
    if not found:
        return [], []
    basis = Counter(subject.basis for subject in found).most_common(1)[0][0]
    kept = [subject for subject in found if subject.basis == basis]
    whole = [subject for subject in kept if not subject.sampled] or kept
    many = Counter(subject.ids.tobytes() for subject in whole)
    ids = max((subject.ids for subject in whole), key=lambda ids: (many[ids.tobytes()], len(ids)))
    reasons = {}
    for subject in found:
        if subject.basis != basis:
            reasons[subject.name] = "measured under other conditions, or on other images, than the others"
        elif not np.isin(subject.ids, ids).all() or not (subject.sampled or len(subject.ids) == len(ids)):
            reasons[subject.name] = "measured on other source images than the others"
    left_out = [LeftOut(name, reason) for name, reason in reasons.items()]
    return [subject for subject in kept if subject.name not in reasons], left_out


def shared_ids(used: list[Subject]) -> NDArray[np.int64]:
    """The source images that subjects which compare were measured on; a sample saw some of them."""
    whole = [subject for subject in used if not subject.sampled] or used
    return max((subject.ids for subject in whole), key=len)


def paired(
    more: list[list[Subject]], less: list[list[Subject]], equal: Sequence[str]
) -> tuple[list[tuple[list[Subject], list[Subject]]], list[LeftOut]]:
    """Every two of the two sides that share the facts that must be equal; those without a partner are left out."""

    def shared(group: list[Subject]) -> tuple[Any, ...]:
        return tuple(group[0].facts.get(fact) for fact in equal)

    def known(group: list[Subject]) -> bool:  # two of which nobody knows it are not alike
        return not {UNKNOWN, None} & {*shared(group)}

    pairs = [(a, b) for a in more for b in less if shared(a) == shared(b) and known(a)]
    left_out = [
        LeftOut(
            group[0].name,
            "the other side has no classifier"
            + (" with the same " if equal else "")
            + ", ".join(f"{fact} ({group[0].facts.get(fact)})" for fact in equal),
        )
        for side, mine in ((0, more), (1, less))
        for group in mine
        if not any(pair[side] is group for pair in pairs)
    ]
    return pairs, left_out


def absent(
    hypothesis: Hypothesis, measured: bool, more: Sequence[list[Subject]], less: Sequence[list[Subject]]
) -> str:
    """Why a side has no classifier; empty where both have one."""
    if not measured:
        measure = hypothesis.measure
        other = measure.over if measure.of == "collection" else measure.of
        return _NOBODY.get(measure.of, f"no run was evaluated on {other}")
    lacking = [
        chosen for chosen, side in ((hypothesis.more, more), (hypothesis.less, less)) if chosen and not side
    ]
    said = [", ".join(f"{fact} = {_options(value)}" for fact, value in chosen.items()) for chosen in lacking]
    return f"there is no classifier with {', and none with '.join(said)}" if said else ""


def _options(value: Any) -> str:
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)
