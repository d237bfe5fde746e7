"""Experiment 4: how far a classifier relies on backgrounds, with the same foregrounds on several backgrounds."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from withstand.base.console import console, say
from withstand.base.crew import crew
from withstand.config.schema import Config
from withstand.datasets import worlds
from withstand.engines import device
from withstand.images.imageset import Dataset, ImageSet
from withstand.models import class_map
from withstand.report import terminal
from withstand.results.folder import RunFolder
from withstand.session import identity, several, trained_on, usage
from withstand.session.alone import alone
from withstand.session.background_parts import (
    Onward,
    examine,
    features_of,
    mapping_of,
    parts_of,
    predictor_of,
    train_part,
    weights_of,
)
from withstand.session.background_record import write
from withstand.session.fitting import start_tracker
from withstand.session.setup import Setup

_NOTHING = ImageSet(np.empty((0, 1, 1, 3), np.uint8), np.empty(0, np.int64), np.empty(0, np.int64), ())

USES = ("model", "tracker", "train", "background", *several.SWEEPS, *usage.ENGINE)


def run(config: Config, overrides: list[str]) -> int:
    return several.each(config, overrides, evaluate_backgrounds)


@alone
def evaluate_backgrounds(config: Config, overrides: list[str]) -> None:
    """Train on originals, as far as the protocol trains, test every variant, and write down what came out."""
    protocol, chosen = config.background.protocol, device.choose(config.train.device)
    device.set_threads(config.threads)
    dataset = Dataset(config.dataset.label, _NOTHING, _NOTHING)  # images come from the worlds
    setup = Setup(config, overrides, chosen, dataset, RunFolder(config.run_folder))
    mapping = mapping_of(config) if protocol == "zero_shot" else None
    classifier = weights_of(setup, mapping)  # fails soon where there are none
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
    parts = parts_of(config, found)
    say(
        f"{config.run_name}: {len(found):,} foregrounds in {len(found.variants)} variants, {found.source};"
        f" protocol {protocol}"
    )
    for note in found.notes:
        say(f"  {note}")
    tracker = start_tracker(config, f"background_{protocol}")
    features = features_of(setup, classifier, found) if parts[0].trains else None
    onward = [Onward(tracker, number * config.train.epochs) for number in range(len(parts))]
    train = [
        partial(train_part, setup, found, part, features, to) for part, to in zip(parts, onward, strict=True)
    ]
    trained = crew().together(train) if parts[0].trains else [classifier] * len(parts)
    cells, planned = [], setup
    for part, classifier in zip(parts, trained, strict=True):
        predictor = predictor_of(planned, classifier, found, parts)
        planned = setup.planned_as(predictor)
        cells.append(examine(setup, classifier, predictor, found, part, class_of))
    outcome = write(setup, classifier, predictor, found, parts, cells)
    console.print(terminal.backgrounds(outcome))
    tracker.finish(
        {f"background/{name}": 100 * one.value for name, one in (outcome.accuracy | outcome.gaps).items()}
    )
