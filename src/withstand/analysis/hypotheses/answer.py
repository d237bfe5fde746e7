"""The answer to a claim: supported, refuted, not decided, or no data. A pure function of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from withstand.analysis.hypotheses import effects
from withstand.analysis.hypotheses.claim import Hypothesis
from withstand.analysis.hypotheses.confounders import Confounder, confounders
from withstand.analysis.hypotheses.effects import Measured, Pair
from withstand.analysis.hypotheses.sides import absent, comparable, grouped, paired, shared_ids
from withstand.analysis.hypotheses.subjects import Subject, subjects
from withstand.results.metrics import find
from withstand.results.run import Run
from withstand.results.runs import LeftOut
from withstand.statistics import LEVEL, Estimate, Pilot, holm

Verdict = Literal["supported", "refuted", "not decided", "no data"]

FACTS = ("architecture", "corpus", "image_size", "parameters", "protocol")
"""Facts, beside the recorded settings, that are possible confounders."""


@dataclass(frozen=True)
class Contrast:
    """One pair of classifiers; ``less`` is empty where the claim is about one alone. Effects have the measure's unit.

    Attributes:
        effect: intervals are simultaneous over a hypothesis's pairs, over seeds too where both sides have several.
        seeds: trainings on either side.
    """

    more: str
    less: str
    effect: Estimate
    seeds: tuple[int, int]


@dataclass(frozen=True)
class Answer:
    """What the runs say of one hypothesis.

    Attributes:
        effect: mean over the pairs, positive where the claim has it right; None without data.
        p: two-sided p-value of "no effect", over source images, and over seeds or models where ``scope`` says so.
        p_holm: the same, corrected for all the hypotheses that were answered together.
        scope: in words, what the answer is about: these trainings, these models, or models of these kinds.
        clean: for claims about corruption: the same difference on clean images (top-1), and ``drop``: in the drop.
        unrecorded: classifiers whose settings are not on record.
        reason: why the verdict is not simply the sign of the effect; empty where it is.
        sampled: whether a classifier saw a random part of the images only.
        pilot: how the effect varies from image to image, where images alone are what it is measured over.
        needed: where it may be chance: about how many images would show it at 80% power, were it to stay.
    """

    hypothesis: Hypothesis
    verdict: Verdict
    effect: Estimate | None = None
    p: float | None = None
    p_holm: float | None = None
    scope: str = ""
    clean: Estimate | None = None
    drop: Estimate | None = None
    contrasts: tuple[Contrast, ...] = ()
    confounders: tuple[Confounder, ...] = ()
    unrecorded: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    reason: str = ""
    sampled: bool = False
    pilot: Pilot | None = None
    needed: int | None = None

    @property
    def n(self) -> int:
        """Source images."""
        return self.effect.n if self.effect else 0


def answer(runs: Sequence[Run], hypotheses: Sequence[Hypothesis]) -> list[Answer]:
    """An answer to each hypothesis, its p-values corrected for being one of the family."""
    raw = [_one(hypothesis, subjects(runs, hypothesis.measure)) for hypothesis in hypotheses]
    tested = {place: one.p for place, one in enumerate(raw) if one.p is not None}
    corrected = dict(zip(tested, holm(list(tested.values())), strict=True))
    return [
        _judged(replace(one, p_holm=float(corrected[place])), len(tested)) if place in corrected else one
        for place, one in enumerate(raw)
    ]


def _judged(one: Answer, claims: int) -> Answer:
    assert one.effect is not None and one.p_holm is not None
    sign = np.sign(one.effect.value)
    against = [c for c in one.contrasts if c.effect.excludes_zero and np.sign(c.effect.value) == -sign]
    if one.p_holm >= 1 - LEVEL or not sign:
        alpha = (1 - LEVEL) / 2 / claims
        pilot = one.pilot.turned if one.pilot and sign < 0 else one.pilot
        needed = pilot.needed(abs(one.effect.value), alpha) if pilot else None
        return replace(one, verdict="not decided", reason="the difference may be chance", needed=needed)
    if against:
        pairs = ", ".join(f"{c.more} − {c.less}" if c.less else c.more for c in against)
        have = "has" if len(against) == 1 else "have"
        reason = f"the pairs disagree: {pairs} {have} the opposite sign"
        return replace(one, verdict="not decided", reason=reason)
    return replace(one, verdict="supported" if sign > 0 else "refuted")


def _one(hypothesis: Hypothesis, found: Sequence[Subject]) -> Answer:
    sides, left_out = [], []
    for chosen in (hypothesis.more, hypothesis.less):
        groups, copies = grouped(found, chosen) if chosen else ([], [])
        sides.append(groups)
        left_out += copies
    nobody = absent(hypothesis, bool(found), *sides)
    if nobody:
        return Answer(hypothesis, "no data", reason=nobody)
    kept, others = comparable([subject for side in sides for group in side for subject in group])
    left_out += others
    more, less = ([g for g in ([s for s in group if s in kept] for group in side) if g] for side in sides)
    pairs: list[Pair] = [(group, []) for group in more]
    if hypothesis.less:
        pairs, unpaired = paired(more, less, hypothesis.equal)
        left_out += unpaired
    if not pairs:
        shared = "".join(f" and share {fact}" for fact in hypothesis.equal)
        reason = (
            f"no two classifiers of the two sides were measured on the same images and conditions{shared}"
        )
        return Answer(hypothesis, "no data", left_out=tuple(left_out), reason=reason)
    return _measured(hypothesis, pairs, tuple(left_out))


def _measured(hypothesis: Hypothesis, pairs: list[Pair], left_out: tuple[LeftOut, ...]) -> Answer:
    every = [subject for pair in pairs for side in pair for subject in side]
    ids = shared_ids(every)
    signed = bool(hypothesis.measure.minus) or hypothesis.measure.of == "finetuning"
    measured = Measured.of(pairs, hypothesis.measure.metric, ids, signed)
    contrasts = tuple(
        Contrast(a[0].name, b[0].name if b else "", estimate, (len(a), len(b)))
        for (a, b), estimate in zip(pairs, effects.contrasts(pairs, measured), strict=True)
    )
    effect, p, scope = effects.effect(pairs, measured)
    pilot = effects.pilot(pairs, measured)
    share = find(hypothesis.measure.metric).share and not hypothesis.measure.minus
    clean, drop = effects.beside(pairs, measured) if share else (None, None)
    claimed = {*hypothesis.more, *hypothesis.less, *hypothesis.equal}
    return Answer(
        hypothesis,
        "not decided",
        effect,
        p,
        None,
        scope,
        clean,
        drop,
        contrasts,
        confounders([(_known(a), _known(b)) for a, b in pairs if b], claimed),
        tuple(dict.fromkeys(one.name for one in every if not one.settings)),
        left_out,
        sampled=any(subject.sampled for subject in every),
        pilot=pilot,
    )


def _known(side: list[Subject]) -> dict[str, str]:
    """Facts and settings of a side's model; its seeds are no difference between models."""
    first = side[0]
    facts = {fact: str(first.facts.get(fact)) for fact in FACTS if first.facts.get(fact) is not None}
    return {**first.settings, **facts}
