"""The cells of an evaluation, and the only loop that fills them: what the store lacks is predicted, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base.ahead import at_once, behind
from withstand.base.console import Bar, progress
from withstand.base.crew import Piece, crew
from withstand.engines.predictor import Predictor
from withstand.evaluation.predicting import Answer, Predicting
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.models import Classifier
from withstand.models.together import answering
from withstand.results.answering import Then
from withstand.results.conditions import CLEAN, Condition
from withstand.results.store import Cell, Predictions, Store
from withstand.shifts import Shift, extras


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

    @cached_property
    def work(self) -> Predicting:
        """What predicts them."""
        title = self.predictor.classifier.origin or type(self.predictor.network).__name__
        return Predicting(title, self.predictor, self.predictors, self.sources, self.answer)

    def fill(self, title: str, only: Collection[Condition] | None = None) -> Spent:
        """Predict what the store lacks, of some conditions ``only``; each cell is written when it is whole.

        Of a cell that is predicted in several pieces, those that are there are kept, whatever becomes of the rest.
        """
        asked = [c for c in self.cells if only is None or c in only]
        missing = [c for c in self.missing if c in asked]
        started, predicted = time.perf_counter(), 0
        with progress(title, len(asked), len(asked) - len(missing)) as bar:
            as_clean = [c for c in missing if self._is_clean(c, missing)]
            begun = [one for c in missing if c not in as_clean and (one := self._begun(c, bar))]
            owners = [one for one in begun for _ in range(one.left)]
            pieces = [piece for one in begun for piece in one.pieces]
            with behind() if self.predictor.overlaps else nullcontext(at_once) as keep:
                for number, made in crew().do(self.work, pieces):
                    predicted += len(made)
                    keep(self._add, owners[number], made, bar)
            for condition in as_clean:
                ids = self.images(condition).ids
                self._write(condition, self.store.read(self.cells[CLEAN]).at(ids), bar)
        return Spent(predicted, time.perf_counter() - started if predicted else 0.0)

    def files(self) -> list[dict[str, Any]]:
        """The cells as ``summary.json`` lists them; of one that is not there in whole, its part."""
        return [
            {**vars(condition), "file": cell.file if cell in self.store else cell.part}
            for condition, cell in self.cells.items()
        ]

    def _begun(self, condition: Condition, bar: Bar) -> _Begun | None:
        """What is left to do of a cell; None where it lies elsewhere, or in parts that only need to be joined."""
        cell, images = self.cells[condition], self.images(condition)
        for other in self.elsewhere:
            if (found := _taken(other, cell, images)) is not None:
                self._write(condition, found, bar)
                return None
        part = self.store.part(cell)
        rows = None if part is None else np.flatnonzero(~np.isin(images.ids, part.ids))
        if part is not None and rows is not None and not len(rows):
            self._write(condition, part.at(images.ids), bar)
            self.store.forget_part(cell)
            return None
        return _Begun(condition, images.ids, part, self.work.pieces(condition, len(images), rows))

    def _is_clean(self, condition: Condition, missing: Collection[Condition]) -> bool:
        """Whether the predictions of a condition are the clean ones, which are there or will be."""
        clean = self.cells.get(CLEAN)
        return (
            condition.shift in self.as_clean
            and clean is not None
            and (clean in self.store or CLEAN in missing)
        )

    def _add(self, to: _Begun, made: Predictions, bar: Bar) -> None:
        """Keep a piece of a cell, or the cell where that is the last of it."""
        to.made = made if to.made is None else to.made.join(made)
        to.left -= 1
        if to.left:
            self.store.add(self.cells[to.condition], made)
        else:
            self._write(to.condition, to.made.at(to.ids), bar)
            self.store.forget_part(self.cells[to.condition])
            to.made = None

    def _write(self, condition: Condition, whole: Predictions, bar: Bar) -> None:
        self.store.write(self.cells[condition], whole)
        bar.advance(images=len(whole), note=str(condition))


@dataclass(eq=False)
class _Begun:
    """A cell that is not there in whole.

    Attributes:
        ids: int64 N, of all its images.
        made: what there is of it.
        pieces: that it lacks.
        left: how many of them are still to come.
    """

    condition: Condition
    ids: NDArray[np.int64]
    made: Predictions | None
    pieces: list[Piece]
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = len(self.pieces)


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
    return answering(classifier, some, asked)


def _taken(other: Elsewhere, cell: Cell, images: Blocks) -> Predictions | None:
    """The predictions of ``images`` from a cell of another store; None where they are not there."""
    there = cell if other.digest is None else Cell(cell.condition, {**cell.facts, "images": other.digest})
    if there not in other.store:
        return None
    found = other.store.read(there)
    return found.at(images.ids) if np.isin(images.ids, found.ids).all() else None
