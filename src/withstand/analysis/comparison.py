"""Classifiers side by side: only on the same source images under the same conditions, paired image by image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from withstand.analysis import alexnet, merit
from withstand.analysis.groups import ALL, groups
from withstand.analysis.merit import Agreement
from withstand.analysis.pairing import matching
from withstand.analysis.pairs import Pair, Standing, differences
from withstand.analysis.trainings import trainings
from withstand.base.errors import UserError, nearest
from withstand.results.conditions import CLEAN, Condition
from withstand.results.metrics import METRICS, find
from withstand.results.run import Run
from withstand.results.runs import LeftOut
from withstand.statistics import LEVEL, Estimate, image_values, mean_interval, mean_over_conditions, seen

if TYPE_CHECKING:
    import pandas as pd


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
        shifts = dict.fromkeys(condition.shift for condition in self.conditions)
        named = [run.families(shift) for run in self.runs for shift in shifts]
        families = next((one for one in named if one is not None), None)
        return groups((*self.conditions, *([CLEAN] if self.clean else [])), families)

    @property
    def severities(self) -> tuple[float, ...]:
        found = {one.severity for one in self.conditions if one.severity is not None}
        return tuple(sorted(found))

    @property
    def sampled(self) -> tuple[str, ...]:
        """The names of the runs that saw a random part of the shifted images only: their numbers are marked."""
        return tuple(name for name, run in zip(self.names, self.runs, strict=True) if run.sampled)

    def accuracy(self, name: str, group: str, metric: str = "top1") -> Estimate:
        """A run's mean of a metric over a group of conditions with its 95% interval, in the metric's own unit.

        Raises:
            UserError: there is no such run, group or metric.
        """
        if (name, group, metric) not in self._accuracies:
            known = find(metric)
            if known.only and np.isnan(self.values(name, group, metric)).all():
                return Estimate(
                    np.nan, np.nan, np.nan, 0
                )  # it had nothing to say: no answer was of either class
            found = mean_interval(self.image_values(name, group, metric), known.bounds)
            if known.rests_on and found.value in (known.low, known.high):
                read = map(self.run(name).predictions, self._group(group))
                said = sum(int(known.rests_on(one)[np.isin(one.ids, self.ids)].sum()) for one in read)
                found = mean_interval(np.full(said, found.value), (known.low, known.high))
            self._accuracies[name, group, metric] = found.within(known.low, known.high)
        return self._accuracies[name, group, metric]

    def image_values(self, name: str, group: str, metric: str) -> NDArray[np.float64]:
        """float64 of each image that the run saw: its mean over the group's conditions."""
        return self.run(name).scores.image_values(metric, self._group(group), self.ids)

    def by_class(self, name: str, group: str, metric: str = "top1") -> tuple[Estimate, ...]:
        """The same for the images of each class alone, in the order of the labels; ``n`` is the class's images.

        Raises:
            UserError: as ``accuracy``; or the run is a sample that saw no image of a class under a condition.
        """
        known, found = find(metric), []
        for label in np.unique(self._labels):
            ids = self.ids[self._labels == label]
            # What is made of the whole set is made anew of the class.
            run = self.run(name).on(ids) if known.of_the_set else self.run(name)
            values = run.scores.of(metric, self._group(group), ids).astype(np.float64)
            if np.isnan(values).all(axis=0).any():
                raise UserError(
                    f"{name} is a sample that saw no image of class {label} under some of '{group}'; give its command"
                    " again without evaluation.precision to complete it"
                )
            found.append(mean_over_conditions(values, known.bounds).within(known.low, known.high))
        return tuple(found)

    def drop(self, name: str) -> Estimate:
        """Clean accuracy minus the mean over the corrupted conditions, paired by image."""
        return merit.drop(self._both(name))

    def drop_difference(self, one: str, other: str, level: float = LEVEL) -> Estimate:
        """By how much ``one`` loses more from clean to corrupted than ``other``, on what both saw, paired by image."""
        clean, corrupted = (self.values(one, group) - self.values(other, group) for group in ("clean", ALL))
        rows = seen(corrupted) & seen(clean)
        difference = image_values(clean[rows]) - image_values(corrupted[rows])
        return mean_interval(difference, (-2, 2), level).within(-2, 2)

    def relative_drop(self, name: str) -> Estimate:
        """The share of the clean accuracy that is lost under corruption."""
        return merit.relative_drop(self._both(name))

    def mce(self, name: str, baseline: str, group: str = "benchmark") -> Estimate:
        """Mean corruption error by that of the run called ``baseline``: 1 is as many errors.

        ``alexnet``, where no run is called so, is AlexNet's published errors, on ImageNet-C alone.

        Raises:
            UserError: there is no such run or group, or these are not the images of ImageNet-C.
        """
        variants = self._variants(group)
        if baseline == alexnet.NAME and baseline not in self.names:
            if reason := self.no_alexnet:
                raise UserError(
                    f"mCE by AlexNet's errors is of ImageNet-C alone: {reason}; give a run as baseline"
                )
            return merit.mce_by(
                1 - self._per_image(name, variants), [alexnet.ERRORS[one] for one in variants]
            )
        found = merit.mce(*(1 - self._per_image(who, variants) for who in (name, baseline)))
        return merit.of_itself(found) if name == baseline else found

    @cached_property
    def no_alexnet(self) -> str:
        """Why AlexNet's published errors are not the measure of these runs; empty where they are."""
        return (
            alexnet.refused(self.runs[0], self.groups.get("benchmark", ()))
            if self.runs
            else "there is no run"
        )

    def relative_mce(self, name: str, baseline: str, group: str = "benchmark") -> Estimate:
        """The same for the errors that corruption adds to the clean ones."""
        variants = self._variants(group)
        sides = [1 - self._per_image(who, one) for who in (name, baseline) for one in (variants, ["clean"])]
        found = merit.relative_mce(*sides)
        return merit.of_itself(found) if name == baseline else found

    def effective_robustness(self, name: str, references: Sequence[str]) -> Estimate:
        """Accuracy under corruption beyond what the clean accuracy predicts, by the line through ``references``."""
        return merit.effective_robustness(self._both(name), [self._both(one) for one in references])

    def agreement(self, one: str, other: str, group: str = ALL) -> Agreement:
        """How alike two runs err, in each condition and then averaged."""
        return merit.agreement(self.values(one, group), self.values(other, group))

    def table(self, name: str, metric: str = "top1") -> dict[Condition, float]:
        """The mean of a metric under each corrupted condition."""
        values = self.run(name).scores.of(metric, self.conditions, self.ids)
        means = np.nansum(values, axis=0, dtype=np.float64) / (~np.isnan(values)).sum(axis=0)
        return dict(zip(self.conditions, means.tolist(), strict=True))

    def frame(self, metrics: Sequence[str] | None = None) -> pd.DataFrame:
        """A row for each run, group and metric (all, by default): run, group, metric, value, low, high, n."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"run": name, "group": group, "metric": metric, **vars(self.accuracy(name, group, metric))}
                for name in self.names
                for group in self.groups
                for metric in self._asked(group, metrics)
            ]
        )

    def _asked(self, group: str, metrics: Sequence[str] | None) -> list[str]:
        """Of those named, or of all, the metrics that mean something under a group's conditions."""
        shifts = {condition.shift for condition in self.groups[group]}
        return [
            one
            for one in (METRICS if metrics is None else metrics)
            if all(find(one).asked_of(s) for s in shifts)
        ]

    def worst(self, name: str) -> str:
        """The corruption under which the run's accuracy is lowest."""
        variants = dict.fromkeys(one.variant for one in self.conditions)
        return min(variants, key=lambda variant: self.accuracy(name, variant).value)

    @cached_property
    def standing(self) -> Standing:
        """Every two runs by their paired differences under corruption; on clean images where nothing was corrupted."""
        return Standing.of(self, ALL if self.conditions else "clean")

    @cached_property
    def over_seeds(self) -> Standing:
        """The same of models, over seeds and images; without pairs where not all were trained several times."""
        return Standing.over_seeds(self, ALL if self.conditions else "clean")

    @property
    def models(self) -> dict[str, tuple[str, ...]]:
        """Model → names of its trainings by different seeds, of the models that have several."""
        found = trainings(dict(zip(self.names, self.runs, strict=True)))
        return {self.run(names[0]).model: names for names in found}

    @cached_property
    def clean_standing(self) -> Standing:
        """The same on the clean images; without pairs where not all runs saw them."""
        return Standing.of(self, "clean")

    @property
    def ranking(self) -> tuple[str, ...]:
        """The names, the one that is most ahead of the others first."""
        return self.standing.ranking

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Every two runs by how they did under corruption, the better first, with simultaneous intervals."""
        return self.standing.pairs if self.conditions else ()

    def differences(
        self, one: str, other: str, group: str = ALL, metric: str = "top1"
    ) -> NDArray[np.float64]:
        """float64 N, per source image, whose mean is by how much ``one`` is above ``other``.

        Where a run is a sample, the images that both saw under a condition count, and N is those of them.
        """
        return differences(self.values(one, group, metric), self.values(other, group, metric))

    def run(self, name: str) -> Run:
        """The run of that name, cut to the images that are compared.

        Raises:
            UserError: there is none.
        """
        if name not in self.names:
            raise UserError(f"there is no run '{name}' in this comparison; {nearest(name, self.names)}")
        return self.runs[self.names.index(name)]

    def values(self, name: str, group: str, metric: str = "top1") -> NDArray[np.float64]:
        """float64 N×C: a row for each image of ``ids``, a column for each condition; NaN where not seen."""
        return self.run(name).scores.of(metric, self._group(group), self.ids).astype(np.float64)

    def _group(self, group: str) -> tuple[Condition, ...]:
        if group not in self.groups:
            raise UserError(f"there is no group '{group}' of conditions here; {nearest(group, self.groups)}")
        return self.groups[group]

    def _variants(self, group: str) -> list[str]:
        return list(dict.fromkeys(one.variant for one in self._group(group)))

    def _per_image(self, name: str, names: Sequence[str]) -> NDArray[np.float64]:
        """N×K: an image's mean top-1 over each of the groups."""
        return np.stack([image_values(self.values(name, group)) for group in names], axis=1)

    def _both(self, name: str) -> NDArray[np.float64]:
        """N×2: clean, and the mean under corruption."""
        return self._per_image(name, ["clean", ALL])

    @cached_property
    def _labels(self) -> NDArray[np.int64]:
        whole = max(self.runs, key=lambda run: len(run.scores.ids)).scores
        return whole.labels[np.searchsorted(whole.ids, self.ids)]

    @cached_property
    def _accuracies(self) -> dict[tuple[str, str, str], Estimate]:
        return {}


def compare(*runs: Any, shift: str = "corruption") -> Comparison:
    """Bring together the runs that saw the same images under the same conditions of a shift.

    What they are compared on is what most runs saw; a run that saw more is compared on that part of it, and one that
    lacks any of it is left out, with the reason.

    Args:
        runs: each a `Run`, what ``withstand.evaluate`` gave, or a sequence of these.
    """
    matched = matching(_flat(runs), shift)
    return Comparison(
        tuple(matched.kept.values()),
        tuple(matched.kept),
        matched.ids,
        matched.conditions,
        matched.clean,
        matched.left_out,
    )


def _flat(runs: Iterable[Any]) -> list[Run]:
    found: list[Run] = []
    for one in runs:
        if isinstance(one, Run):
            found.append(one)
        elif isinstance(getattr(one, "run", None), Run):
            found.append(one.run)
        elif isinstance(one, str):
            raise UserError(
                f"'{one}' is no run; load_runs(FOLDER) reads some, and a shift is given as shift='{one}'"
            )
        else:
            found += _flat(one)
    return found
