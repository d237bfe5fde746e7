"""How steady answers are along films of small steps: flip probability and top-5 distance, an image one draw.

Hendrycks & Dietterich (2019): the share of steps at which the answer changes, and by how much the five first answers
change places. Steps are from frame to frame; of noise, which is drawn anew for each, from the first frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import Condition
from withstand.results.metrics import chosen
from withstand.results.run import Run
from withstand.results.runs import LeftOut, names
from withstand.statistics import (
    Estimate,
    holm,
    mean_interval,
    mean_of_ratios,
    mean_p,
    simultaneous_level,
)

NAME = "sequence"
FIRST = 5
"""Answers whose places count."""
FARTHEST = 15
"""Top-5 distance of two answers that have none of the first five in common: 5 + 4 + 3 + 2 + 1."""


@dataclass(frozen=True, eq=False)
class Steady:
    """Runs on the same films.

    Attributes:
        names: of the runs.
        perturbations: that all of them saw.
        ids: int64 N, the images.
        flips: name → N×P, the share of an image's steps at which its answer changes, for each perturbation.
        moved: name → N×P, the mean top-5 distance of its steps; empty where there are fewer than ten classes.
        left_out: the runs that saw others, and why.
    """

    names: tuple[str, ...]
    perturbations: tuple[str, ...]
    ids: NDArray[np.int64]
    flips: dict[str, NDArray[np.float64]]
    moved: dict[str, NDArray[np.float64]]
    left_out: tuple[LeftOut, ...]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Steady | None:
        """None where no run was shown films."""
        called = {
            name: run for name, run in zip(names(runs), runs, strict=True) if run.about(NAME).get("against")
        }
        if not called:
            return None
        seen = {name: films for name, run in called.items() if (films := _films(run))}
        if not seen:
            return None
        reference = max(seen, key=lambda name: _standing(name, called, seen))
        wanted = seen[reference]
        ids = _images(called[reference], wanted)
        kept: list[str] = []
        left_out = []
        for name, run in called.items():
            reason = _lacks(run, seen.get(name, {}), called[reference], wanted)
            if reason:
                left_out.append(LeftOut(name, reason))
            else:
                kept.append(name)
        walked = {name: _walk(called[name], wanted, ids) for name in kept}
        return cls(
            tuple(sorted(kept, key=lambda name: walked[name][0].mean())),
            tuple(wanted),
            ids,
            {name: flips for name, (flips, _) in walked.items()},
            {name: moved for name, (_, moved) in walked.items() if moved is not None},
            tuple(left_out),
        )

    def flip(self, name: str, perturbation: str | None = None) -> Estimate:
        """The probability that a step changes the answer, the mean over perturbations or of one."""
        return mean_interval(self._of(self.flips[name], perturbation))

    def distance(self, name: str) -> Estimate | None:
        """Mean top-5 distance of a step, 0 to 15; None where the classes are too few to have one."""
        if name not in self.moved:
            return None
        return mean_interval(self.moved[name].mean(axis=1), (0, FARTHEST))

    def relative(self, name: str, baseline: str) -> Estimate:
        """mFP: each perturbation's flip probability by that of the baseline, then the mean; 1 is as unsteady."""
        return mean_of_ratios(self.flips[name], self.flips[baseline])

    @cached_property
    def pairs(self) -> list[tuple[str, str, Estimate, float]]:
        """Every two runs, the steadier first: by how much the other flips more, and p, corrected by Holm's method."""
        every = list(combinations(self.names, 2))
        if not every:
            return []
        mean = {name: self.flips[name].mean(axis=1) for name in self.names}
        apart = [mean[other] - mean[one] for one, other in every]
        level = simultaneous_level(np.stack(apart, axis=1))
        p = holm([mean_p(each) for each in apart])
        return [
            (one, other, mean_interval(each, (-1, 1), level), float(value))
            for (one, other), each, value in zip(every, apart, p, strict=True)
        ]

    def _of(self, values: NDArray[np.float64], perturbation: str | None) -> NDArray[np.float64]:
        if perturbation is None:
            return np.asarray(values.mean(axis=1))
        return values[:, self.perturbations.index(perturbation)]


def _films(run: Run) -> dict[str, list[Condition]]:
    """Perturbation → its frames, in order; without those of one frame, which has no step."""
    found: dict[str, list[Condition]] = {}
    for condition in sorted(one for one in run.conditions if one.shift == NAME):
        found.setdefault(condition.variant, []).append(condition)
    return {name: frames for name, frames in found.items() if len(frames) > 1}


def _standing(
    name: str, called: Mapping[str, Run], seen: Mapping[str, dict[str, list[Condition]]]
) -> tuple[int, int, int]:
    """How many runs saw what this one did, of how many perturbations, and of how many images."""
    run, films = called[name], seen[name]
    covering = sum(not _lacks(called[one], own, run, films) for one, own in seen.items())
    return covering, len(films), len(_images(run, films))


def _images(run: Run, films: dict[str, list[Condition]]) -> NDArray[np.int64]:
    return np.sort(run.predictions(next(iter(films.values()))[0]).ids)


def _lacks(
    run: Run, films: dict[str, list[Condition]], reference: Run, wanted: dict[str, list[Condition]]
) -> str:
    """Why a run cannot stand beside the reference; empty where it can."""
    if any(films.get(name) != frames for name, frames in wanted.items()):
        return "it saw other perturbations or frames; give its command again with those of the others"
    if not np.array_equal(_images(run, wanted), _images(reference, wanted)):
        return "it saw films of other images"
    if any(run.shown(one[0]).get("shift") != reference.shown(one[0]).get("shift") for one in wanted.values()):
        return "its films were made otherwise"
    return ""


def _walk(
    run: Run, films: dict[str, list[Condition]], ids: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """N×P each: the share of an image's steps that change its answer, and their mean top-5 distance.

    A step to or from an answer that is no number is a change, and as far as can be.
    """
    flips, moved = [], []
    against = run.about(NAME)["against"]
    many = run.predictions(next(iter(films.values()))[0]).logits.shape[1] >= 2 * FIRST
    for name, frames in films.items():
        changed, far = np.zeros(len(ids)), np.zeros(len(ids))
        before: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        for frame in frames:
            read = run.predictions(frame).at(ids)
            now = chosen(read), np.argsort(-read.logits, axis=1, kind="stable")[:, :FIRST]
            if before is not None:
                broken = (before[0] < 0) | (now[0] < 0)
                changed += broken | (before[0] != now[0])
                if many:
                    apart = top5_distance(before[1], now[1], read.logits.shape[1])
                    far += np.where(broken, FARTHEST, apart)
            if before is None or against.get(name) != "first":
                before = now
        flips.append(changed / (len(frames) - 1))
        moved.append(far / (len(frames) - 1))
    return np.stack(flips, axis=1), np.stack(moved, axis=1) if many else None


def top5_distance(before: NDArray[np.int64], after: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Int64 N: how far the five first answers moved; 0 where they are the same in the same order, at most 15.

    An answer that was i-th and is j-th now counts a place for each boundary among the first five that lies between.

    Args:
        before: N×5, the classes in order; ``after`` likewise.
    """
    rows = np.arange(len(before))[:, None]
    place = np.full((len(after), classes), FIRST, np.int64)
    place[rows, after] = np.arange(FIRST)
    now = place[rows, before]
    was = np.arange(FIRST)
    return np.asarray(np.abs(np.minimum(now, FIRST) - was).sum(axis=1))
