"""The cells of an evaluation, and the only loop that fills them: what the store lacks is predicted, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from withstand.base.console import progress
from withstand.engines.predictor import Predictor
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.models import Classifier
from withstand.models.together import answering
from withstand.results.answering import Then
from withstand.results.conditions import CLEAN, Condition
from withstand.results.store import Cell, Predictions, Store
from withstand.shifts import Shift, extras

Answer = Callable[[Predictions], Predictions]


@dataclass(frozen=True)
class Spent:
    """What filling took: 0 where every cell was there."""

    images: int = 0
    seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.images + other.images, self.seconds + other.seconds)

    def record(self) -> dict[str, Any]:
        """For ``provenance.json``; empty where nothing was done."""
        if not self.images:
            return {}
        rate = self.images / self.seconds
        return {"seconds": {"evaluate": self.seconds}, "images_per_second": {"evaluate": rate}}


@dataclass(frozen=True)
class Elsewhere:
    """A store in which the same predictions may lie: of the very same images, or of more images, by their digest."""

    store: Store
    digest: str | None = None


@dataclass(frozen=True, eq=False)
class Cells:
    """One classifier under some conditions.

    Attributes:
        store: where the cells are, or go.
        cells: condition → what its predictions depend on, in the order of the work.
        sources: condition → gives its images.
        elsewhere: stores to take predictions over from.
        answer: makes of the network's predictions what is kept, such as the classes of a map.
        predictors: of the shifts whose images are of other classes than the data set's.
        as_clean: shifts that show clean images as they are: their predictions are the clean ones.
    """

    predictor: Predictor
    store: Store
    cells: Mapping[Condition, Cell]
    sources: Mapping[Condition, Callable[[], Blocks]] = field(repr=False)
    elsewhere: Sequence[Elsewhere] = ()
    answer: Answer | None = None
    predictors: Mapping[str, Predictor] = field(default_factory=dict, repr=False)
    as_clean: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        classifier: Classifier,
        predictor: Predictor,
        clean: ImageSet | None,
        shifts: Sequence[Shift],
        store: Store,
        elsewhere: Sequence[Elsewhere] = (),
        answer: Answer | None = None,
    ) -> Cells:
        """The cells of a classifier on clean images, where there are any, and under every condition of the shifts."""
        known = {
            **classifier.facts(),
            "dtype": predictor.precision,  # in words, with the backend where it is not eager torch
            "device": predictor.device.type,
        }
        cells: dict[Condition, Cell] = {}
        sources: dict[Condition, Callable[[], Blocks]] = {}
        if clean is not None:
            cells[CLEAN] = Cell(CLEAN, known | {"images": clean.digest, "shift": {}})
            sources[CLEAN] = partial(Blocks.of, clean)
        predictors: dict[str, Predictor] = {}
        for shift in shifts:
            own = answering_to(classifier, shift)
            predictors[shift.name] = predictor.like(own)
            for condition in shift.conditions():
                facts = {"images": shift.digest(condition), "shift": shift.facts(condition)}
                cells[condition] = Cell(condition, known | own.facts() | facts)
                sources[condition] = partial(shift.images, condition)
        same = frozenset(shift.name for shift in shifts if extras(shift).as_clean)
        return cls(predictor, store, cells, sources, elsewhere, answer, predictors, same)

    @property
    def missing(self) -> list[Condition]:
        """The conditions whose cells are not there in whole."""
        return [condition for condition, cell in self.cells.items() if cell not in self.store]

    def images(self, condition: Condition) -> Blocks:
        return self.sources[condition]()

    def fill(self, title: str, only: Collection[Condition] | None = None) -> Spent:
        """Predict what the store lacks, of some conditions ``only``; each cell is written when it is whole."""
        asked = [c for c in self.cells if only is None or c in only]
        missing = [c for c in self.missing if c in asked]
        started, predicted = time.perf_counter(), 0
        with progress(title, len(asked), len(asked) - len(missing)) as bar:
            for condition in missing:
                new, images = self.complete(condition)
                predicted += new
                bar.advance(images=images, note=str(condition))
        return Spent(predicted, time.perf_counter() - started if predicted else 0.0)

    def complete(self, condition: Condition) -> tuple[int, int]:
        """Write the cell of a condition in whole; gives how many images were predicted for it now, and has in all."""
        images, cell = self.images(condition), self.cells[condition]
        made, new = self._whole(condition, cell, images)
        self.store.write(cell, made)
        return new, len(images)

    def predict(self, condition: Condition, images: Blocks) -> Predictions:
        """What is kept of the classifier's answers to some images."""
        found = self.predictors.get(condition.shift, self.predictor)(images)
        return found if self.answer is None else self.answer(found)

    def files(self) -> list[dict[str, Any]]:
        """The cells as ``summary.json`` lists them; of one that is not there in whole, its part."""
        return [
            {**vars(condition), "file": cell.file if cell in self.store else cell.part}
            for condition, cell in self.cells.items()
        ]

    def _whole(self, condition: Condition, cell: Cell, images: Blocks) -> tuple[Predictions, int]:
        """The predictions of a cell in whole, and how many of them were made now."""
        for other in self.elsewhere:
            if (found := _taken(other, cell, images)) is not None:
                return found, 0
        if condition.shift in self.as_clean and self.cells[CLEAN] in self.store:
            return self.store.read(self.cells[CLEAN]).at(images.ids), 0
        part = self.store.part(cell)
        if part is None:
            return self.predict(condition, images), len(images)
        rows = np.flatnonzero(~np.isin(images.ids, part.ids))
        return part.join(self.predict(condition, images.take(rows))).at(images.ids), len(rows)


def answering_to(classifier: Classifier, shift: Shift) -> Classifier:
    """The classifier with an answer for each class of a shift, where these are not those of the data set."""
    asked, through = extras(shift).answered_by, extras(shift).through
    if through is not None:
        first = classifier.answers
        return replace(classifier, answers=through if first is None else Then(first, through))
    if asked is None:
        return classifier
    if classifier.for_classes is not None:
        return classifier.for_classes(shift.images(shift.conditions()[0]).classes)
    some = shift.images(shift.conditions()[0]).take(np.arange(1)).images()
    return answering(replace(classifier, answers=None), some, asked)


def _taken(other: Elsewhere, cell: Cell, images: Blocks) -> Predictions | None:
    """The predictions of ``images`` from a cell of another store; None where they are not there."""
    there = cell if other.digest is None else Cell(cell.condition, {**cell.facts, "images": other.digest})
    if there not in other.store:
        return None
    found = other.store.read(there)
    return found.at(images.ids) if np.isin(images.ids, found.ids).all() else None
