"""The steps of experiment 4 that run a network: train on some originals, test others in every variant."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from withstand import models
from withstand.backgrounds.folds import Part
from withstand.backgrounds.worlds import Positions, Worlds
from withstand.base.console import progress
from withstand.engines import device
from withstand.engines.planning import spread
from withstand.engines.predictor import Predictor
from withstand.experiments.setup import CellFacts, Setup
from withstand.experiments.train import fit
from withstand.models import Classifier, class_map
from withstand.results.conditions import Condition
from withstand.results.folder import RunFolder
from withstand.results.store import Cell, Predictions, Store
from withstand.trackers import Tracker
from withstand.training import frozen
from withstand.training.frozen import Features

_CHUNK = 1024  # images between looks at the progress: what is copied to memory at once


def features_of(setup: Setup, classifier: Classifier, found: Worlds) -> Features | None:
    """The features of every original where the backbone is frozen, computed once and kept; None where it is trained."""
    if setup.config.train.freeze != "backbone":
        return None
    originals, world = found.of("original"), found.variants["original"]
    dtype = setup.dtype(setup.config.train.dtype)
    store = Store(setup.folder.path / "background" / "features")
    facts = CellFacts(
        classifier.digest(),
        world.digest,
        classifier.preprocessing.facts(),
        device.name(dtype),
        setup.device.type,
    )
    cell = facts.cell(Condition("background", "original"), foregrounds=_digest(found.ids))
    if cell not in store:
        computed = frozen.features(
            classifier, originals, setup.device, dtype, setup.config.evaluation.batch_size
        )
        store.write(cell, Predictions(found.ids, found.labels, computed.images))  # type: ignore[arg-type]
    read = store.read(cell)
    return Features(read.logits, found.labels, found.ids, found.classes)  # type: ignore[arg-type]


def train_part(
    setup: Setup, found: Worlds, part: Part, features: Features | None, tracker: Tracker
) -> Classifier:
    """A classifier trained on the part's originals, or gone on with; each part starts from the same weights."""
    config = setup.config
    folder = RunFolder(setup.folder.path / "background" / config.background.protocol / part.name)
    classifier = models.build(config)
    trained, images = classifier, found
    more = {
        "foregrounds": {"train": _digest(found.ids[part.train]), "val": _digest(found.ids[part.val])},
        "originals": found.variants["original"].digest,
    }
    work = f"{part.name}: {len(part.train):,} originals to train on, {len(part.val):,} to validate"
    if features is None:
        shown, held = (images.of("original", rows) for rows in (part.train, part.val))
    else:
        trained = frozen.head_of(classifier)
        shown, held = features.take(part.train), features.take(part.val)
    fit(replace(setup, folder=folder), trained, shown, held, tracker, work, more)
    return classifier


def predictor_of(setup: Setup, classifier: Classifier, found: Worlds, parts: list[Part]) -> Predictor:
    """Made ready for what all parts test: some of its originals show what the images are like."""
    total = sum(len(rows) for part in parts for rows in part.test.values())
    return setup.predictor(classifier, total, found.of("original", spread(len(found))))


def examine(
    setup: Setup,
    classifier: Classifier,
    predictor: Predictor,
    found: Worlds,
    part: Part,
    class_of: Positions | None,
) -> dict[str, Cell]:
    """Predict what the store does not hold of the part's tests; gives the cell of each variant."""
    weights, store = classifier.digest(), setup.folder.store
    through = None if class_of is None else _digest(class_of)
    cells = {}
    for variant, at in part.test.items():
        world = found.variants[variant]
        facts = CellFacts(
            weights,
            world.digest,
            classifier.preprocessing.facts(),
            predictor.precision,
            predictor.device.type,
        )
        shown = _digest(np.stack([found.ids[at], found.labels[at], world.background[at]]))
        cells[variant] = facts.cell(Condition("background", variant), foregrounds=shown, map=through)
    missing = [variant for variant, cell in cells.items() if cell not in store]
    total = sum(map(len, part.test.values()))
    left = sum(len(part.test[variant]) for variant in missing)
    with progress(f"testing {part.name}", total, total - left) as bar:
        for variant in missing:
            said = []
            for start in range(0, len(part.test[variant]), _CHUNK):
                images = found.of(variant, part.test[variant][start : start + _CHUNK])
                one = replace(predictor(images), background=images.background)
                said.append(one if class_of is None else class_map.through(one, class_of, len(found.classes)))
                bar.advance(len(images), images=len(images), note=variant)
            store.write(cells[variant], _joined(said))
    return cells


def _joined(parts: list[Predictions]) -> Predictions:
    background = [part.background for part in parts if part.background is not None]
    return Predictions(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([part.logits for part in parts]),
        np.concatenate(background),
    )


def _digest(numbers: NDArray[np.int64]) -> str:
    return hashlib.sha256(np.ascontiguousarray(numbers).tobytes()).hexdigest()[:16]
