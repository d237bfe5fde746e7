"""Experiments 1 and 2 of the study, one after the other: `python main.py model=M dataset=D`."""

from __future__ import annotations

from withstand import models, shifts
from withstand.config.schema import Config
from withstand.experiments import train
from withstand.experiments.robustness import evaluate_shift
from withstand.experiments.train import train_and_test
from withstand.session import usage
from withstand.session.fitting import start_tracker
from withstand.session.setup import Setup

USES = (*train.USES, "shift", "evaluation")


def run(config: Config, overrides: list[str]) -> int:
    usage.refuse_freezing(config)
    setup = Setup.of(config, overrides)
    shift = shifts.load(config.shift, setup.dataset)  # checked before hours of training
    classifier = models.build(config)
    tracker = start_tracker(config)
    train_and_test(setup, classifier, tracker)
    tracker.finish(evaluate_shift(setup, classifier, shift, tracker))
    return 0
