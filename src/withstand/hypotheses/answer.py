"""What the data says of a claim: supported, refuted, not decided, or nothing at all. A pure function of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from withstand.hypotheses.claim import Hypothesis
from withstand.hypotheses.sides import absent, comparable, grouped, paired, shared_ids
from withstand.hypotheses.subjects import Subject, subjects
from withstand.runs import LeftOut, Run
from withstand.statistics import (
    LEVEL,
    Estimate,
    function_of_means,
    holm,
    over_seeds,
    resampled_means,
    sign_flip,
    simultaneous_intervals,
)

Verdict = Literal["supported", "refuted", "not decided", "no data"]
Trainings = tuple[NDArray[np.float64], ...]
"""S×N for each side of a pair: a row a training, a column a source image."""

CONFOUNDERS = ("architecture", "corpus", "image_size", "parameters", "protocol")


@dataclass(frozen=True)
class Contrast:
    """One pair of classifiers; ``less`` is empty where the claim is about one alone. Effects have the measure's unit.

    Attributes:
        effect: the intervals of all pairs of a hypothesis hold together.
        seeds: trainings on either side.
    """

    more: str
    less: str
    effect: Estimate
    seeds: tuple[int, int]


@dataclass(frozen=True)
class Confounder:
    """Something else in which the two sides differ, and so may be the cause: the values of each pair."""

    fact: str
    more: tuple[str, ...]
    less: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What the runs say of one hypothesis.

    Attributes:
        effect: mean over the pairs, positive where the claim has it right; None without data.
        p: two-sided permutation p-value over source images.
        p_holm: the same, corrected for all the hypotheses that were answered together.
        reason: why the verdict is not plainly that of the effect; empty where it is.
        sampled: whether a classifier saw a random part of the images only.
    """

    hypothesis: Hypothesis
    verdict: Verdict
    effect: Estimate | None = None
    p: float | None = None
    p_holm: float | None = None
    contrasts: tuple[Contrast, ...] = ()
    confounders: tuple[Confounder, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    reason: str = ""
    sampled: bool = False

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
        _judged(replace(one, p_holm=float(corrected[place]))) if place in corrected else one
        for place, one in enumerate(raw)
    ]


def _judged(one: Answer) -> Answer:
    assert one.effect is not None and one.p_holm is not None
    sign = np.sign(one.effect.value)
    against = [c for c in one.contrasts if c.effect.excludes_zero and np.sign(c.effect.value) == -sign]
    if one.p_holm >= 1 - LEVEL or not sign:
        return replace(one, verdict="not decided", reason="the difference may be chance")
    if against:
        pairs = ", ".join(f"{c.more} and {c.less}" if c.less else c.more for c in against)
        return replace(one, verdict="not decided", reason=f"the pairs disagree: {pairs} say the opposite")
    return replace(one, verdict="supported" if sign > 0 else "refuted")


def _one(hypothesis: Hypothesis, found: Sequence[Subject]) -> Answer:
    sides = [grouped(found, chosen) if chosen else [] for chosen in (hypothesis.more, hypothesis.less)]
    nobody = absent(hypothesis, bool(found), *sides)
    if nobody:
        return Answer(hypothesis, "no data", reason=nobody)
    kept, left_out = comparable([subject for side in sides for group in side for subject in group])
    more, less = ([g for g in ([s for s in group if s in kept] for group in side) if g] for side in sides)
    pairs: list[tuple[list[Subject], list[Subject]]] = [(group, []) for group in more]
    if hypothesis.less:
        pairs, unpaired = paired(more, less, hypothesis.equal)
        left_out += unpaired
    if not pairs:
        shared = "".join(f" and share {fact}" for fact in hypothesis.equal)
        reason = f"no two classifiers of the two sides were measured alike{shared}"
        return Answer(hypothesis, "no data", left_out=tuple(left_out), reason=reason)
    ids = shared_ids([subject for pair in pairs for side in pair for subject in side])
    trainings = [
        tuple(np.stack([one.values(ids) for one in side]) for side in pair if side) for pair in pairs
    ]
    differences = np.stack([_difference(pair) for pair in trainings], axis=1)
    together = simultaneous_intervals(differences.mean(axis=0), resampled_means(differences), len(ids))
    contrasts = tuple(
        Contrast(a[0].name, b[0].name if b else "", estimate, (len(a), len(b)))
        for (a, b), estimate in zip(pairs, together, strict=True)
    )
    effect, p = _effect(differences, trainings)
    return Answer(
        hypothesis,
        "not decided",
        effect,
        p,
        None,
        contrasts,
        _confounders(hypothesis, pairs),
        tuple(left_out),
        sampled=any(subject.sampled for pair in pairs for side in pair for subject in side),
    )


def _effect(differences: NDArray[np.float64], trainings: Sequence[Trainings]) -> tuple[Estimate, float]:
    """The mean over pairs, its interval and p-value; over seeds too where all were trained twice or more."""
    seeds = min(len(side) for pair in trainings for side in pair)
    if seeds < 2:
        mean = differences.mean(axis=1, keepdims=True)
        return function_of_means(mean, lambda m: m[..., 0]), float(sign_flip(mean)[0])
    # The s-th trainings of all pairs make one training of the whole.
    sides = [np.mean([one[:seeds] for one in side], axis=0) for side in zip(*trainings, strict=True)]
    low, high = 0.0, 1.0  # the p-value is where the interval begins to touch zero
    for _ in range(30):
        middle = (low + high) / 2
        touches = not over_seeds(*sides, level=1 - middle).excludes_zero
        low, high = (middle, high) if touches else (low, middle)
    return over_seeds(*sides), high


def _difference(pair: Trainings) -> NDArray[np.float64]:
    means = [side.mean(axis=0) for side in pair]
    difference: NDArray[np.float64] = means[0] - means[1] if len(means) > 1 else means[0]
    return difference


def _confounders(
    hypothesis: Hypothesis, pairs: Sequence[tuple[list[Subject], list[Subject]]]
) -> tuple[Confounder, ...]:
    """Facts that differ within a pair and are neither what the claim is about nor held equal."""
    claimed = {*hypothesis.more, *hypothesis.less, *hypothesis.equal}
    claimed |= {"corpus"} if "pretrained" in claimed else {"architecture"} if "family" in claimed else set()
    found = []
    for fact in CONFOUNDERS:
        values = [tuple(str(side[0].facts.get(fact)) for side in pair) for pair in pairs if pair[1]]
        if fact not in claimed and any(a != b for a, b in values):
            found.append(Confounder(fact, tuple(a for a, _ in values), tuple(b for _, b in values)))
    return tuple(found)
