"""Experiment 4: how far a classifier leans on backgrounds, on the same foregrounds in several surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from withstand import models
from withstand.backgrounds import folds
from withstand.backgrounds.folds import Part
from withstand.backgrounds.worlds import Worlds
from withstand.base.console import console, say
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.datasets import worlds
from withstand.engines import device
from withstand.experiments import identity, trained_on, usage
from withstand.experiments.background_parts import examine, features_of, predictor_of, train_part
from withstand.experiments.background_record import write
from withstand.experiments.setup import Setup
from withstand.experiments.train import start_tracker
from withstand.images.imageset import Dataset, ImageSet
from withstand.models import Classifier, class_map
from withstand.report import terminal
from withstand.results.folder import RunFolder
from withstand.trackers import Tracker

_NOTHING = ImageSet(np.empty((0, 1, 1, 3), np.uint8), np.empty(0, np.int64), np.empty(0, np.int64), ())

USES = ("model", "tracker", "train", "background", *usage.ENGINE)


def run(config: Config, overrides: list[str]) -> int:
    evaluate_backgrounds(config, overrides)
    return 0


def evaluate_backgrounds(config: Config, overrides: list[str]) -> None:
    """Train on originals, as far as the protocol trains, test every variant, and write down what came out."""
    protocol, chosen = config.background.protocol, device.choose(config.train.device)
    device.set_threads(config.threads)
    dataset = Dataset(config.dataset.label, _NOTHING, _NOTHING)  # images come from the worlds
    setup = Setup(config, overrides, chosen, dataset, RunFolder(config.run_folder))
    mapping = _map(config) if protocol == "zero_shot" else None
    classifier = _weights(setup, mapping)  # fails soon where there are none
    found = worlds.load(config)
    class_of = class_map.positions(mapping, found.classes, Path(config.background.map)) if mapping else None
    setup = replace(setup, dataset=replace(dataset, content=found.content))
    identity.claim(
        config,
        setup.dataset,
        setup.folder,
        given=True,
        evaluated=classifier if protocol == "trained" else None,
    )
    if protocol == "trained":
        trained_on.check(setup.weights, found.classes)
    if protocol == "trained":
        found = found.only(np.flatnonzero(found.held_out))
    parts = _parts(config, found)
    say(
        f"{config.run_name}: {len(found):,} foregrounds in {len(found.variants)} variants, {found.source};"
        f" protocol {protocol}"
    )
    for note in found.notes:
        say(f"  {note}")
    tracker = start_tracker(config, f"background_{protocol}")
    features = features_of(setup, classifier, found) if parts[0].trains else None
    cells, planned = [], setup
    for number, part in enumerate(parts):
        if part.trains:
            onward = _Onward(tracker, number * config.train.epochs)
            classifier = train_part(setup, found, part, features, onward)
        predictor = predictor_of(planned, classifier, found, parts)
        planned = setup.planned_as(predictor)
        cells.append(examine(setup, classifier, predictor, found, part, class_of))
    outcome = write(setup, classifier, predictor, found, parts, cells)
    console.print(terminal.backgrounds(outcome))
    tracker.finish(
        {f"background/{name}": 100 * one.value for name, one in (outcome.accuracy | outcome.gaps).items()}
    )


@dataclass(frozen=True)
class _Onward:
    """A tracker for one of several trainings: its epochs follow those of the trainings before."""

    tracker: Tracker
    before: int

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.tracker.log(self.before + step, values)

    def finish(self, summary: Mapping[str, float]) -> None:
        self.tracker.finish(summary)


def _map(config: Config) -> tuple[str, ...]:
    return class_map.read_map(Path(config.background.map), fetch=config.dataset.download)


def _weights(setup: Setup, mapping: tuple[str, ...] | None) -> Classifier:
    """The classifier to start from, or to test as it is.

    Raises:
        UserError: it is not there; for ``zero_shot``, it was not pretrained on the outputs of the map.
    """
    config = setup.config
    if mapping is None:
        return setup.trained() if config.background.protocol == "trained" else models.build(config)
    classifier = models.build(replace(config, model=replace(config.model, num_classes=len(mapping))))
    if classifier.fresh_head:
        raise UserError(
            f"background.protocol=zero_shot takes a model as it was pretrained on the {len(mapping):,} outputs of"
            f" {config.background.map}; the weights of {config.model.cfg_name} have none for them"
        )
    return classifier


def _parts(config: Config, found: Worlds) -> list[Part]:
    if config.background.protocol == "grouped":
        return folds.grouped(found, config.background.folds, config.train.validation, config.seed)
    if config.background.protocol == "published":
        return folds.published(found, config.seed)
    return folds.untrained(found)
