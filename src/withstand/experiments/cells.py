"""One classifier under the clean and every corrupted condition, into the store."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from withstand import datasets
from withstand.base.console import progress
from withstand.engines.predictor import Predictor
from withstand.experiments.setup import CellFacts, Setup
from withstand.images.imageset import ImageSet
from withstand.models import Classifier
from withstand.results.conditions import CLEAN, Condition
from withstand.results.store import Cell, Predictions, Store
from withstand.shifts.corruption.shift import Corruption


@dataclass(frozen=True)
class Predicted:
    """The cells of a run, and what making them took: 0 where they were all there."""

    cells: dict[Condition, Cell]
    images: int
    seconds: float

    def files(self) -> list[dict[str, Any]]:
        """As ``summary.json`` lists them."""
        return [{**vars(condition), "file": cell.file} for condition, cell in self.cells.items()]


def predict(
    setup: Setup,
    classifier: Classifier,
    predictor: Predictor,
    shift: Corruption,
    title: str,
    known: Setup | None = None,
) -> Predicted:
    """Predict ``setup.dataset.test`` clean and under every condition of ``shift``, where the store has it not.

    Args:
        predictor: of ``classifier``.
        shift: over any images; it is shown those of ``setup``.
        known: where the same classifier may have been shown more images, whose predictions then are taken over.
    """
    test, store = setup.dataset.test, setup.folder.store
    shift = shift.over(test)
    facts = CellFacts.of(classifier, predictor, test)
    more = {c: shift.facts() for c in shift.conditions()}
    cells = {CLEAN: facts.cell(CLEAN)} | {c: facts.cell(c, **own) for c, own in more.items()}
    elsewhere = replace(facts, images=datasets.digest(known.dataset.test)) if known else None
    missing = [c for c, cell in cells.items() if cell not in store]
    started, made = time.perf_counter(), 0
    with progress(title, len(cells), len(cells) - len(missing)) as bar:
        for condition in missing:
            found = None
            if known is not None and elsewhere is not None:
                found = _taken(known.folder.store, elsewhere.cell(condition, **more.get(condition, {})), test)
            if found is None:
                found = predictor(test if condition == CLEAN else shift.images(condition))
                made += len(test)
            store.write(cells[condition], found)
            bar.advance(images=len(test), note=str(condition))
    return Predicted(cells, made, time.perf_counter() - started if made else 0.0)


def _taken(store: Store, cell: Cell, test: ImageSet) -> Predictions | None:
    """The predictions of ``test`` from a cell of more images; None where there is no such cell."""
    if cell not in store:
        return None
    whole = store.read(cell)
    order = np.argsort(whole.ids)
    rows = order[np.minimum(np.searchsorted(whole.ids, test.ids, sorter=order), len(order) - 1)]
    if not np.array_equal(whole.ids[rows], test.ids):
        return None
    return Predictions(whole.ids[rows], whole.labels[rows], whole.logits[rows])
