"""The steps of experiment 4 that run a network: train on some originals, test others in every variant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from withstand import models
from withstand.backgrounds import folds
from withstand.backgrounds.folds import Part
from withstand.backgrounds.worlds import Positions, Worlds
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.engines import device
from withstand.engines.planning import spread
from withstand.engines.predictor import Predictor
from withstand.evaluation.cells import Cells
from withstand.models import Classifier, class_map
from withstand.results.conditions import Condition
from withstand.results.folder import RunFolder
from withstand.results.store import Cell
from withstand.session.fitting import fit
from withstand.session.setup import Setup
from withstand.shifts.backgrounds import Backgrounds, numbers_digest
from withstand.trackers import Tracker
from withstand.training import frozen
from withstand.training.frozen import Features


def features_of(setup: Setup, classifier: Classifier, found: Worlds) -> Features | None:
    """The features of every original where the backbone is frozen, computed once and kept; None where it is trained."""
    if setup.config.train.freeze != "backbone":
        return None
    originals, world = found.of("original"), found.variants["original"]
    dtype = setup.dtype(setup.config.train.dtype)
    known = {
        **classifier.facts(),
        "images": world.digest,
        "dtype": device.name(dtype),
        "device": setup.device.type,
        "shift": {"foregrounds": numbers_digest(found.ids)},
    }
    key = Cell(Condition("background", "original"), known).key
    file = setup.folder.path / "background" / "features" / f"{key}.npz"
    if not file.is_file():
        made = frozen.features(classifier, originals, setup.device, dtype, setup.config.evaluation.batch_size)
        frozen.save(made, file)
    return frozen.read(file, originals)


def train_part(
    setup: Setup, found: Worlds, part: Part, features: Features | None, tracker: Tracker
) -> Classifier:
    """A classifier trained on the part's originals, or resumed; each part starts from the same weights."""
    config = setup.config
    folder = RunFolder(setup.folder.path / "background" / config.background.protocol / part.name)
    classifier = models.build(config)
    trained, images = classifier, found
    more = {
        "foregrounds": {
            "train": numbers_digest(found.ids[part.train]),
            "val": numbers_digest(found.ids[part.val]),
        },
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
) -> Cells:
    """Predict what the store does not hold of the part's tests, seen through the class map where there is one."""
    through = None if class_of is None else numbers_digest(class_of)
    shift = Backgrounds(found, part.test, through)
    answer = (
        None
        if class_of is None
        else partial(class_map.through, class_of=class_of, classes=len(found.classes))
    )
    cells = Cells.of(classifier, predictor, None, [shift], setup.folder.store, answer=answer)
    cells.fill(f"testing {part.name}")
    return cells


@dataclass(frozen=True)
class Onward:
    """A tracker for one of several trainings: its epochs follow those of the trainings before."""

    tracker: Tracker
    before: int

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.tracker.log(self.before + step, values)

    def finish(self, summary: Mapping[str, float]) -> None:
        self.tracker.finish(summary)


def mapping_of(config: Config) -> tuple[str, ...]:
    """The class of each output that ``background.map`` names."""
    return class_map.read_map(Path(config.background.map), fetch=config.dataset.download)


def weights_of(setup: Setup, mapping: tuple[str, ...] | None) -> Classifier:
    """The classifier to start from, or to test as it is.

    Raises:
        UserError: it is not there; for ``zero_shot``, it was not pretrained on the outputs of the map.
    """
    config = setup.config
    if mapping is None:
        return setup.trained() if config.background.protocol == "trained" else models.build(config)
    if config.model.as_it_is:
        classifier = models.as_it_is(config)
        count = len(classifier.outputs) or classifier.head.outputs
    else:
        classifier = models.build(replace(config, model=replace(config.model, num_classes=len(mapping))))
        count = len(mapping)
    if classifier.fresh_head or count != len(mapping):
        raise UserError(
            f"background.protocol=zero_shot takes a model as it was pretrained on the {len(mapping):,} outputs of"
            f" {config.background.map}; the weights of {config.model.cfg_name} have none for them"
        )
    return classifier


def parts_of(config: Config, found: Worlds) -> list[Part]:
    """What the protocol trains on and tests, part by part."""
    if config.background.protocol == "grouped":
        return folds.grouped(found, config.background.folds, config.train.validation, config.image_seed)
    if config.background.protocol == "published":
        return folds.published(found, config.image_seed)
    return folds.untrained(found)
