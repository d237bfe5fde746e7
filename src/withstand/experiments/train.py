"""Experiment 1: train, keep the best epoch by validation top-1, test."""

from __future__ import annotations

from withstand import datasets, models
from withstand.config.schema import Config
from withstand.models import Classifier
from withstand.session import identity, several, usage
from withstand.session.alone import alone
from withstand.session.fitting import fit, start_tracker
from withstand.session.setup import Setup
from withstand.session.tested import write_test
from withstand.trackers import Tracker

USES = ("model", "tracker", *several.SWEEPS, *usage.TRAINING, *usage.ENGINE)


def run(config: Config, overrides: list[str]) -> int:
    return several.each(config, overrides, train_one)


@alone
def train_one(config: Config, overrides: list[str]) -> None:
    """Train a classifier, and test its best epoch."""
    usage.refuse_freezing(config)
    setup = Setup.of(config, overrides)
    classifier = models.build(config)
    tracker = start_tracker(config)
    train_and_test(setup, classifier, tracker)
    tracker.finish({})


def train_and_test(setup: Setup, classifier: Classifier, tracker: Tracker) -> Classifier:
    """Train ``classifier`` or resume where an earlier run stopped, and test its best epoch."""
    identity.claim(setup.config, setup.dataset, setup.folder, given=False)
    train_set, val_set = datasets.split(setup.dataset.train, setup.config.train.validation, setup.config.seed)
    work = (
        f"{setup.config.run_name}: {len(train_set):,} images to train on, {len(val_set):,} to validate,"
        f" {len(setup.dataset.test):,} to test"
    )
    fit(setup, classifier, train_set, val_set, tracker, work)
    write_test(setup, classifier, len(train_set), len(val_set))
    return classifier
