"""Classifiers side by side: only on the same source images under the same conditions, paired image by image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from withstand.conditions import CLEAN, Condition
from withstand.corruptions.names import BENCHMARK, FAMILIES
from withstand.runs import LeftOut, Run, names
from withstand.statistics import (
    Estimate,
    McNemar,
    mcnemar,
    percentile_interval,
    resampled_means,
    simultaneous_intervals,
    wilson,
)


@dataclass(frozen=True)
class Pair:
    """Two runs on the same images: how far the better one is ahead of the other, in shares.

    Attributes:
        corrupted: the difference of the means over the corrupted conditions; the intervals of all pairs hold together.
        clean: the two on the clean images; None where those were not evaluated.
    """

    better: str
    other: str
    corrupted: Estimate
    clean: McNemar | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Runs that saw the same images under the same conditions.

    Attributes:
        runs: M runs, and ``names`` for them.
        ids: int64 N, the source images.
        conditions: the corrupted conditions, sorted; the means are over these.
        clean: whether all the runs saw the clean images too.
        left_out: the runs that do not compare with these, and why.
    """

    runs: tuple[Run, ...]
    names: tuple[str, ...]
    ids: NDArray[np.int64]
    conditions: tuple[Condition, ...]
    clean: bool
    left_out: tuple[LeftOut, ...]

    @cached_property
    def groups(self) -> dict[str, tuple[Condition, ...]]:
        """Conditions to average over: ``clean``, ``corrupted``, ``benchmark``, ``severity-S``, families, each."""
        groups: dict[str, tuple[Condition, ...]] = {"clean": (CLEAN,)} if self.clean else {}
        groups["corrupted"] = self.conditions
        groups["benchmark"] = tuple(one for one in self.conditions if one.variant in BENCHMARK)
        for severity in sorted({one.severity for one in self.conditions if one.severity is not None}):
            groups[f"severity-{severity}"] = tuple(one for one in self.conditions if one.severity == severity)
        for family, members in FAMILIES.items():
            groups[family] = tuple(one for one in self.conditions if one.variant in members)
        for variant in dict.fromkeys(one.variant for one in self.conditions):
            groups[variant] = tuple(one for one in self.conditions if one.variant == variant)
        return {name: members for name, members in groups.items() if members}

    @property
    def severities(self) -> tuple[int, ...]:
        return tuple(
            int(name.removeprefix("severity-")) for name in self.groups if name.startswith("severity-")
        )

    def accuracy(self, name: str, group: str, metric: str = "top1") -> Estimate:
        """A run's mean over a group of conditions, with its 95% interval, in shares (nats for ``nll``)."""
        column = self._columns[name, metric, group]
        value, n = float(self._means[column]), len(self.ids)
        if len(self.groups[group]) == 1 and metric != "nll":
            return wilson(round(value * n), n)
        low, high = percentile_interval(self._draws[:, [column]], n)
        return Estimate(value, float(low[0]), float(high[0]), n)

    def drop(self, name: str) -> Estimate:
        """Clean accuracy minus the mean over the corrupted conditions, paired by image."""
        clean, corrupted = (self._columns[name, "top1", group] for group in ("clean", "corrupted"))
        low, high = percentile_interval(self._draws[:, [clean]] - self._draws[:, [corrupted]], len(self.ids))
        return Estimate(
            float(self._means[clean] - self._means[corrupted]), float(low[0]), float(high[0]), len(self.ids)
        )

    def table(self, name: str, metric: str = "top1") -> dict[Condition, float]:
        """The mean of a metric under each corrupted condition."""
        values = self._run(name).scores.of(metric, self.conditions, self.ids).mean(axis=0, dtype=np.float64)
        return dict(zip(self.conditions, values.tolist(), strict=True))

    def worst(self, name: str) -> str:
        """The corruption that costs the run most."""
        variants = dict.fromkeys(one.variant for one in self.conditions)
        return min(variants, key=lambda variant: self.accuracy(name, variant).value)

    @property
    def ranking(self) -> tuple[str, ...]:
        """The names, the highest mean under corruption first (on clean images where nothing was corrupted)."""
        group = "corrupted" if self.conditions else "clean"
        return tuple(sorted(self.names, key=lambda name: -self.accuracy(name, group).value))

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every two runs, the better first; the intervals hold together for all pairs at once."""
        if not self.conditions or len(self.runs) < 2:
            return ()
        pairs = list(combinations(self.ranking, 2))
        better, other = (
            [self._columns[pair[side], "top1", "corrupted"] for pair in pairs] for side in (0, 1)
        )
        estimates = simultaneous_intervals(
            self._means[better] - self._means[other],
            self._draws[:, better] - self._draws[:, other],
            len(self.ids),
        )
        return tuple(
            Pair(*pair, estimate, self._clean_test(*pair))
            for pair, estimate in zip(pairs, estimates, strict=True)
        )

    def _clean_test(self, better: str, other: str) -> McNemar | None:
        if not self.clean:
            return None
        first, second = (
            self._run(name).scores.of("top1", [CLEAN], self.ids)[:, 0] > 0 for name in (better, other)
        )
        return mcnemar(first, second)

    def _run(self, name: str) -> Run:
        return self.runs[self.names.index(name)]

    @cached_property
    def _columns(self) -> dict[tuple[str, str, str], int]:
        every = [(name, "top1", group) for name in self.names for group in self.groups]
        main = [group for group in ("clean", "corrupted", "benchmark") if group in self.groups]
        every += [
            (name, metric, group) for name in self.names for metric in ("top5", "nll") for group in main
        ]
        return {key: column for column, key in enumerate(every)}

    @cached_property
    def _per_image(self) -> NDArray[np.float64]:
        """N × columns: each source image's mean over a group of conditions."""
        return np.stack(
            [
                self._run(name).scores.of(metric, self.groups[group], self.ids).mean(axis=1, dtype=np.float64)
                for name, metric, group in self._columns
            ],
            axis=1,
        )

    @cached_property
    def _means(self) -> NDArray[np.float64]:
        means: NDArray[np.float64] = self._per_image.mean(axis=0)
        return means

    @cached_property
    def _draws(self) -> NDArray[np.float64]:
        return resampled_means(self._per_image)


def compare(runs: Sequence[Run]) -> Comparison:
    """Bring together the runs that saw the same images under the same conditions.

    What they are compared on is what most runs saw; a run that saw more is compared on that part of it, and one that
    lacks any of it is left out, with the reason.
    """
    called = dict(zip(names(runs), runs, strict=True))
    shown = {name: run for name, run in called.items() if len(run.scores.ids)}
    left_out = [LeftOut(name, "it has no predictions") for name in called if name not in shown]
    corrupted = {name: run for name, run in shown.items() if _corrupted(run)}
    left_out += [
        LeftOut(n, "it was not evaluated under corruption") for n in shown if corrupted and n not in corrupted
    ]
    candidates = corrupted or shown
    if not candidates:
        return Comparison((), (), np.empty(0, np.int64), (), False, tuple(left_out))
    every = list(candidates.values())

    def standing(run: Run) -> tuple[int, int, int]:
        covering = [other for other in every if not _lacks(other, run)]
        return (
            sum(not _lacks(run, other) for other in covering),
            len(covering),
            run.scores.values["top1"].size,
        )

    reference = max(every, key=standing)
    kept = {}
    for name, run in candidates.items():
        reason = _lacks(run, reference)
        if reason:
            left_out.append(LeftOut(name, reason))
        else:
            kept[name] = run
    return Comparison(
        tuple(kept.values()),
        tuple(kept),
        reference.scores.ids,
        tuple(sorted(_corrupted(reference))),
        CLEAN in reference.conditions,
        tuple(left_out),
    )


def _corrupted(run: Run) -> set[Condition]:
    return {condition for condition in run.conditions if condition.shift == "corruption"}


def _lacks(run: Run, reference: Run) -> str:
    """Why ``run`` cannot be compared on what ``reference`` saw; empty where it can."""
    mine, theirs = (one.summary.get("corruption_source") for one in (run, reference))
    if mine != theirs:
        return f"its corrupted images are {mine}, the others' are {theirs}"
    needed = _corrupted(reference) | ({CLEAN} & set(reference.conditions))
    missing = sorted(needed - set(run.conditions))
    if missing:
        some = ", ".join(map(str, missing[:3])) + (", …" if len(missing) > 3 else "")
        return f"it lacks {len(missing)} of {len(needed)} conditions ({some}); give its command again to complete it"
    ids, wanted = run.scores.ids, reference.scores.ids
    shared = np.isin(wanted, ids)
    if not shared.all():
        return f"it was evaluated on other images: it shares {shared.sum():,} of {len(wanted):,}"
    if not np.array_equal(run.scores.labels[np.searchsorted(ids, wanted)], reference.scores.labels):
        return "the same ids have other labels in it: these are not the same images"
    return ""
