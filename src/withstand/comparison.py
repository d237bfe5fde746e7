"""Classifiers side by side: only on the same source images under the same conditions, paired image by image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from withstand import robustness
from withstand.conditions import CLEAN, Condition
from withstand.groups import groups
from withstand.metrics import PER_IMAGE, SHARES
from withstand.pairing import matching
from withstand.runs import LeftOut, Run
from withstand.statistics import (
    Estimate,
    McNemar,
    condition_values,
    function_of_means,
    holm,
    image_values,
    mcnemar,
    mean_over_conditions,
    percentile_interval,
    resampled_means,
    sign_flip,
    simultaneous_intervals,
    wilson,
)


@dataclass(frozen=True)
class Pair:
    """Two runs on the same images: how far the better one is ahead of the other, in shares.

    Attributes:
        corrupted: the difference of the means over the corrupted conditions; the intervals of all pairs hold together.
        clean: the two on the clean images; None where those were not evaluated.
        p: permutation p-value of the difference under corruption.
        p_holm: the same, corrected for all pairs (Holm).
    """

    better: str
    other: str
    corrupted: Estimate
    clean: McNemar | None
    p: float
    p_holm: float


@dataclass(frozen=True)
class Agreement:
    """How two runs err alike.

    Attributes:
        alike: share of the images where both are right or both wrong, mean over conditions.
        consistency: Cohen's kappa of that in each condition, averaged (Geirhos et al., 2020): 0 is chance, 1 the same.
        overlap: images that both get wrong, of those that either does, in each condition, averaged.
    """

    alike: Estimate
    consistency: Estimate
    overlap: Estimate


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
        return groups((*self.conditions, *([CLEAN] if self.clean else [])))

    @property
    def severities(self) -> tuple[int, ...]:
        return tuple(
            int(name.removeprefix("severity-")) for name in self.groups if name.startswith("severity-")
        )

    @property
    def sampled(self) -> tuple[str, ...]:
        """The names of the runs that saw a random part of the shifted images only: their numbers are marked."""
        return tuple(name for name, run in zip(self.names, self.runs, strict=True) if run.sampled)

    def accuracy(self, name: str, group: str, metric: str = "top1") -> Estimate:
        """A run's mean of a metric over a group of conditions with its 95% interval, in the metric's own unit."""
        if len(self.groups[group]) == 1 and metric in SHARES:
            values = self._values(name, metric, group)
            return wilson(int(np.nansum(values)), int((~np.isnan(values)).sum()))
        means, draws, column = self._drawn(metric)
        at = column[name, group]
        low, high = percentile_interval(draws[:, [at]], len(self.ids))
        return Estimate(float(means[at]), float(low[0]), float(high[0]), len(self.ids))

    def by_class(self, name: str, group: str, metric: str = "top1") -> tuple[Estimate, ...]:
        """The same for the images of each class alone, in the order of the labels; ``n`` is the class's images."""
        values, labels = self._values(name, metric, group), self._labels
        return tuple(
            mean_over_conditions(image_values(values[labels == label])[:, None])
            for label in np.unique(labels)
        )

    def drop(self, name: str) -> Estimate:
        """Clean accuracy minus the mean over the corrupted conditions, paired by image."""
        return self._of_means([(name, "clean"), (name, "corrupted")], lambda m: m[..., 0] - m[..., 1])

    def relative_drop(self, name: str) -> Estimate:
        """The share of the clean accuracy that is lost under corruption."""
        pair = [(name, "clean"), (name, "corrupted")]
        return self._of_means(pair, lambda m: robustness.relative_drop(m[..., 0], m[..., 1]))

    def mce(self, name: str, baseline: str, group: str = "benchmark") -> Estimate:
        """Mean corruption error by that of the run called ``baseline``: 1 is as many errors."""
        v = len(variants := self._variants(group))
        columns = [(who, variant) for who in (name, baseline) for variant in variants]
        return self._of_means(columns, lambda m: robustness.mce(1 - m[..., :v], 1 - m[..., v:]))

    def relative_mce(self, name: str, baseline: str, group: str = "benchmark") -> Estimate:
        """The same for the errors that corruption adds to the clean ones."""
        v = len(variants := self._variants(group))
        columns = [(who, one) for who in (name, baseline) for one in (*variants, "clean")]
        return self._of_means(
            columns,
            lambda m: robustness.relative_mce(
                1 - m[..., :v], 1 - m[..., v], 1 - m[..., v + 1 : -1], 1 - m[..., -1]
            ),
        )

    def effective_robustness(self, name: str, references: Sequence[str]) -> Estimate:
        """Accuracy under corruption beyond what the clean accuracy predicts, by the line through ``references``."""
        k = len(references)
        columns = [(one, group) for group in ("clean", "corrupted") for one in (name, *references)]
        return self._of_means(
            columns,
            lambda m: robustness.effective_robustness(
                m[..., 0], m[..., k + 1], m[..., 1 : k + 1], m[..., k + 2 :]
            ),
        )

    def agreement(self, one: str, other: str, group: str = "corrupted") -> Agreement:
        """How alike two runs err, in each condition and then averaged."""
        a, b = (self._values(name, "top1", group) for name in (one, other))
        alike = np.where(np.isnan(a + b), np.nan, a == b)
        a, b = (np.where(np.isnan(alike), np.nan, side) for side in (a, b))
        c = a.shape[1]
        together = np.concatenate([condition_values(part) for part in (a, b, alike)], axis=1)

        def averaged(function: Callable[..., NDArray[np.float64]]) -> Estimate:
            return function_of_means(
                together, lambda m: function(m[..., :c], m[..., c : 2 * c], m[..., 2 * c :]).mean(axis=-1)
            )

        return Agreement(
            averaged(lambda _a, _b, alike: alike),
            averaged(robustness.error_consistency),
            averaged(robustness.error_overlap),
        )

    def table(self, name: str, metric: str = "top1") -> dict[Condition, float]:
        """The mean of a metric under each corrupted condition."""
        values = self.run(name).scores.of(metric, self.conditions, self.ids)
        means = np.nansum(values, axis=0, dtype=np.float64) / (~np.isnan(values)).sum(axis=0)
        return dict(zip(self.conditions, means.tolist(), strict=True))

    def frame(self, metrics: Sequence[str] = tuple(PER_IMAGE)) -> pd.DataFrame:
        """A row for each run, group of conditions and metric: run, group, metric, value, low, high, n."""
        return pd.DataFrame(
            [
                {"run": name, "group": group, "metric": metric, **vars(self.accuracy(name, group, metric))}
                for name in self.names
                for group in self.groups
                for metric in metrics
            ]
        )

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
        differences = np.stack([self.differences(*pair) for pair in pairs], axis=1)
        estimates = simultaneous_intervals(
            differences.mean(axis=0), resampled_means(differences), len(self.ids)
        )
        p = sign_flip(differences)
        return tuple(
            Pair(*pair, estimate, self._clean_test(*pair), float(one), float(corrected))
            for pair, estimate, one, corrected in zip(pairs, estimates, p, holm(p), strict=True)
        )

    def differences(
        self, one: str, other: str, group: str = "corrupted", metric: str = "top1"
    ) -> NDArray[np.float64]:
        """float64 N, per source image, whose mean is by how much ``one`` is above ``other``.

        Where a run is a sample, the images that both saw under a condition count.
        """
        return image_values(self._values(one, metric, group) - self._values(other, metric, group))

    def _clean_test(self, better: str, other: str) -> McNemar | None:
        if not self.clean:
            return None
        first, second = (self._values(name, "top1", "clean")[:, 0] for name in (better, other))
        both = ~np.isnan(first + second)
        return mcnemar(first[both] > 0, second[both] > 0)

    def run(self, name: str) -> Run:
        """The run of that name, cut to the images that are compared."""
        return self.runs[self.names.index(name)]

    def _variants(self, group: str) -> list[str]:
        return list(dict.fromkeys(one.variant for one in self.groups[group]))

    def _values(self, name: str, metric: str, group: str) -> NDArray[np.float64]:
        """N×C, NaN where not seen."""
        return self.run(name).scores.of(metric, self.groups[group], self.ids).astype(np.float64)

    @cached_property
    def _labels(self) -> NDArray[np.int64]:
        whole = max(self.runs, key=lambda run: len(run.scores.ids)).scores
        return whole.labels[np.searchsorted(whole.ids, self.ids)]

    def _of_means(
        self,
        columns: Sequence[tuple[str, str]],
        function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    ) -> Estimate:
        """What ``function`` makes of the top-1 of several (run, group), with its interval."""
        means, draws, column = self._drawn("top1")
        at = [column[one] for one in columns]
        low, high = percentile_interval(function(draws[:, at])[:, None], len(self.ids))
        return Estimate(float(function(means[at])), float(low[0]), float(high[0]), len(self.ids))

    def _drawn(
        self, metric: str
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[tuple[str, str], int]]:
        """Means (K), their resamples (R×K), and the place of each (run, group) among the K columns."""
        if metric not in self._resampled:
            names = [(name, group) for name in self.names for group in self.groups]
            per_image = np.stack(
                [image_values(self._values(name, metric, group)) for name, group in names], axis=1
            )
            places = {pair: place for place, pair in enumerate(names)}
            self._resampled[metric] = per_image.mean(axis=0), resampled_means(per_image), places
        return self._resampled[metric]

    @cached_property
    def _resampled(
        self,
    ) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64], dict[tuple[str, str], int]]]:
        return {}


def compare(runs: Sequence[Run], shift: str = "corruption") -> Comparison:
    """Bring together the runs that saw the same images under the same conditions of a shift.

    What they are compared on is what most runs saw; a run that saw more is compared on that part of it, and one that
    lacks any of it is left out, with the reason.
    """
    matched = matching(runs, shift)
    return Comparison(
        tuple(matched.kept.values()),
        tuple(matched.kept),
        matched.ids,
        matched.conditions,
        matched.clean,
        matched.left_out,
    )
