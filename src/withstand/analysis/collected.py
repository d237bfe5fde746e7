"""Classifiers on a collection of other images: paired with each other, unpaired with what they got right on clean ones.

Clean images are those of the collection's classes alone, and the answers to them are among these classes, too: else a
drop from 1,000 classes to 200 would count that the question has become another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.analysis import merit
from withstand.analysis.beyond import beyond
from withstand.analysis.comparison import Comparison, compare
from withstand.results.answering import OUTSIDE, ClassMap
from withstand.results.conditions import CLEAN
from withstand.results.metrics import correct
from withstand.results.run import Run
from withstand.results.store import Predictions
from withstand.statistics import Estimate, mean_interval
from withstand.statistics.unpaired import difference, function_of_separate_means

KIND = "collection"
_REFERENCES = 2  # other classifiers that a line is drawn through, at least


@dataclass(frozen=True, eq=False)
class Collected:
    """Runs on one collection.

    Attributes:
        shift: what the collection is called.
        together: the runs that saw the same images of it.
        whole: folder → the run with all that it was evaluated on.
    """

    shift: str
    together: Comparison
    whole: Mapping[Path, Run]

    @classmethod
    def of(cls, runs: Sequence[Run], shift: str) -> Collected:
        together = compare([run for run in runs if shift in run.shifts], shift=shift)
        return cls(shift, together, {run.folder: run for run in runs})

    @property
    def names(self) -> tuple[str, ...]:
        """The runs, the one that is most ahead of the others first."""
        return self.together.ranking

    def shifted(self, name: str) -> Estimate:
        """Top-1 on the collection, among its classes."""
        return self.together.accuracy(name, self.shift)

    def among_all(self, name: str) -> Estimate | None:
        """Top-1 where an answer may be any of the data set's classes; None where these are the collection's."""
        run = self.together.run(name)
        if not run.about(self.shift).get("both"):
            return None
        (condition,) = self.together.conditions
        answered = replace(run, among_all=True).predictions(condition).at(self.together.ids)
        return mean_interval(correct(answered).astype(np.float64))

    def clean(self, name: str) -> Estimate | None:
        """Top-1 on the clean images of the same classes, answered alike; None where it saw none."""
        right = self._clean.get(name)
        return None if right is None or not len(right) else mean_interval(right)

    def drop(self, name: str) -> Estimate | None:
        """Clean minus shifted: of other images, unless the collection shows the clean ones in another way."""
        clean = self.clean(name)
        if clean is None:
            return None
        if self.paired:
            return merit.drop(self._both(name)) if self._whole(name) else None
        return difference(clean, self.shifted(name)).within(-1, 1)

    def effective_robustness(self, name: str) -> Estimate | None:
        """Accuracy on it beyond what the clean one predicts by the line through the other classifiers; None for few."""
        others = [one for one in self.names if one != name]
        if len(others) < _REFERENCES or not self._same_clean:
            return None
        if self.paired:
            both = [self._both(one) for one in (name, *others)] if self._whole(name) else []
            return merit.effective_robustness(both[0], both[1:]) if both else None
        order = [name, *others]
        clean = np.stack([self._clean[one] for one in order], axis=1)
        shifted = np.stack([self.together.values(one, self.shift)[:, 0] for one in order], axis=1)
        many = len(order)

        def of_first(means: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            values, slopes = beyond(means[:many], means[many:])
            return float(values[0]), slopes[0]

        return function_of_separate_means([clean, shifted], of_first, (-1, 1))

    @property
    def paired(self) -> bool:
        """Whether its images are clean ones shown in another way."""
        return any(run.about(self.shift).get("paired") for run in self.together.runs)

    def _whole(self, name: str) -> bool:
        """Of a paired collection: whether the run saw every one of its images clean, too."""
        return np.array_equal(self._seen_clean[name][0], self.together.ids)

    def _both(self, name: str) -> NDArray[np.float64]:
        """N×2, of a paired collection: whether each image is right, clean and in it."""
        return np.stack([self._clean[name], self.together.values(name, self.shift)[:, 0]], axis=1)

    @cached_property
    def _clean(self) -> dict[str, NDArray[np.float64]]:
        """Name → whether each clean image of these classes is right, by id, of the runs that saw some."""
        return {name: right for name, (_, right) in self._seen_clean.items()}

    @property
    def _same_clean(self) -> bool:
        """Whether all the runs saw the same clean images: only then is one line through them all."""
        ids = [own for own, _ in self._seen_clean.values()]
        return len(ids) == len(self.names) and all(np.array_equal(own, ids[0]) for own in ids)

    @cached_property
    def _seen_clean(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        found: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        for name in self.names:
            run = self.whole[self.together.run(name).folder]
            if CLEAN not in run.conditions:
                continue
            read = _alike(run.predictions(CLEAN), run, self.shift)
            if self.paired:
                read = read.take(np.flatnonzero(np.isin(read.ids, self.together.ids)))
            order = np.argsort(read.ids)
            found[name] = read.ids[order], correct(read.take(order)).astype(np.float64)
        return found


def _alike(clean: Predictions, run: Run, shift: str) -> Predictions:
    """Of the images of the collection's classes, the answers among these, or among all where its own are."""
    about = run.about(shift)
    if about.get("of") is None:
        return clean
    of = np.array(about["of"], np.int64)
    label = of[clean.labels]
    there = np.flatnonzero(label != OUTSIDE)
    if clean.logits.shape[1] > len(of):  # with the best of what is none of the data set's classes
        of = np.append(of, np.full(clean.logits.shape[1] - len(of), OUTSIDE))
    alike = ClassMap(of, len(about["classes"]), open=bool(about.get("open")), groups=about["groups"])
    answers = alike(clean.logits[there])
    return Predictions(clean.ids[there], label[there], answers)
