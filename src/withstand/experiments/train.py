"""Experiment 1: train, keep the best epoch by validation top-1, test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from withstand import datasets, models, trackers
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.engines import device
from withstand.experiments import identity, usage
from withstand.experiments.setup import Setup
from withstand.experiments.tested import write_test
from withstand.images.imageset import ImageSet
from withstand.models import Classifier
from withstand.models.checkpoints import read_state
from withstand.models.loading import load
from withstand.results import provenance
from withstand.trackers import Tracker
from withstand.training.loop import Examples, train
from withstand.training.progress import Progress

USES = ("model", "tracker", *usage.TRAINING, *usage.ENGINE)


def run(config: Config, overrides: list[str]) -> int:
    usage.refuse_freezing(config)
    setup = Setup.of(config, overrides)
    classifier = models.build(config)
    tracker = start_tracker(config)
    train_and_test(setup, classifier, tracker)
    tracker.finish({})
    return 0


def start_tracker(config: Config, kind: str = "") -> Tracker:
    """The tracker that the configuration names, told what the run is; ``kind`` follows its name, e.g. a protocol's."""
    tags = [config.model.cfg_name, config.dataset.label, *([kind] if kind else []), *config.tracker.tags]
    return trackers.start(
        config.tracker.name,
        project=config.tracker.project,
        run=f"{config.run_name}_{kind}" if kind else config.run_name,
        tags=tags,
        config=provenance.record(config, [])["config"],
        folder=config.run_folder,
    )


def train_and_test(setup: Setup, classifier: Classifier, tracker: Tracker) -> Classifier:
    """Train ``classifier`` or go on where an earlier run stopped, and test its best epoch."""
    identity.claim(setup.config, setup.dataset, setup.folder, given=False)
    train_set, val_set = datasets.split(setup.dataset.train, setup.config.train.validation, setup.config.seed)
    work = (
        f"{setup.config.run_name}: {len(train_set):,} images to train on, {len(val_set):,} to validate,"
        f" {len(setup.dataset.test):,} to test"
    )
    fit(setup, classifier, train_set, val_set, tracker, work)
    write_test(setup, classifier, len(train_set), len(val_set))
    return classifier


def fit(
    setup: Setup,
    classifier: Classifier,
    examples: ImageSet | Examples,
    val_set: ImageSet,
    tracker: Tracker,
    work: str,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Train ``classifier`` in ``setup.folder``, or go on there; it ends with the weights of the best epoch.

    Args:
        work: how much there is to do, in words; the epochs are added.
        more: what the weights depend on beside the settings of every training (JSON values).

    Raises:
        UserError: the folder holds a run with other settings, or one of more epochs.
    """
    config, folder = setup.config, setup.folder
    folder.open(config, more)
    progress = Progress.load(folder)
    done = progress.epoch if progress else 0
    if done > config.train.epochs and not config.overwrite:
        raise UserError(
            f"{folder.path} is trained for {done} epochs, more than train.epochs={config.train.epochs}; add"
            " overwrite=true to train it anew"
        )
    if done > config.train.epochs:
        progress, done = None, 0
    folder.update("provenance.json", {"classes": list(val_set.classes)})
    say(f"{work}; {config.train.epochs} epochs, {done} done")

    def after_epoch(state: Progress) -> None:
        state.save(folder)
        row = state.history[-1]
        say(
            f"  epoch {state.epoch}/{config.train.epochs}: loss {row['train_loss']:.4f}, train top-1"
            f" {row['train_top1']:.2f}%, validation top-1 {row['val_top1']:.2f}%, {row['seconds']:.1f} s"
        )
        tracker.log(state.epoch, {k: v for k, v in row.items() if k != "epoch"})

    if done < config.train.epochs:
        dtype = setup.dtype(config.train.dtype)
        if progress and progress.dtype not in ("", device.name(dtype)):
            say(f"  goes on in {progress.dtype}, as it began, not in {device.name(dtype)}")
            dtype = device.choose_dtype(progress.dtype, setup.device)
        train(
            classifier,
            examples,
            val_set,
            config.train,
            seed=config.seed,
            device=setup.device,
            dtype=dtype,
            eval_batch_size=config.evaluation.batch_size,
            resume=progress,
            after_epoch=after_epoch,
        )
    load(classifier.network, read_state(folder.best), str(folder.best))
