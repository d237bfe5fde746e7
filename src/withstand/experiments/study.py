"""Experiments 1 and 2 of the study, one after the other: `python main.py model=M dataset=D`."""

from __future__ import annotations

from withstand import models
from withstand.config.schema import Config
from withstand.experiments import train
from withstand.experiments.robustness import evaluate_shifts
from withstand.experiments.train import train_and_test
from withstand.session import several, shifted, usage
from withstand.session.alone import alone
from withstand.session.fitting import start_tracker
from withstand.session.setup import Setup

USES = (*train.USES, *shifted.USES, "evaluation")


def run(config: Config, overrides: list[str]) -> int:
    return several.each(config, overrides, study_one)


@alone
def study_one(config: Config, overrides: list[str]) -> None:
    """Train a classifier, then test it."""
    usage.refuse_freezing(config)
    setup = Setup.of(config, overrides)
    shifts = shifted.loaded(config, overrides, setup.dataset)  # checked before hours of training
    classifier = models.build(config)
    tracker = start_tracker(config)
    train_and_test(setup, classifier, tracker)
    tracker.finish(evaluate_shifts(setup, classifier, shifts, tracker))
