"""Train a classifier in a run's folder, or resume there: the one way from settings to the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from withstand import trackers
from withstand.base.console import say
from withstand.base.crew import Piece, crew
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.engines import device
from withstand.engines.macs import macs
from withstand.images.imageset import ImageSet
from withstand.models import Classifier
from withstand.models.checkpoints import read_state
from withstand.models.loading import load
from withstand.results import provenance
from withstand.results.folder import RunFolder
from withstand.session.setup import Setup
from withstand.trackers import Tracker
from withstand.training.loop import Examples, Training
from withstand.training.progress import Progress

_BACK_AND_FORTH = 3  # times the work of a look at an image, to learn from it


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


def fit(
    setup: Setup,
    classifier: Classifier,
    examples: ImageSet | Examples,
    val_set: ImageSet,
    tracker: Tracker,
    work: str,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Train ``classifier`` in ``setup.folder``, or resume there; it ends with the weights of the best epoch.

    Args:
        work: how much there is to do, in words; the epochs are added.
        more: what the weights depend on beside the settings of every training (JSON values).

    Raises:
        UserError: the folder holds a run with other settings, or one of more epochs.
    """
    config, folder = setup.config, setup.folder
    folder.open(config, more)
    progress = _progress(config, folder)
    done = progress.epoch if progress else 0
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
        training = Training(
            title=config.run_name,
            classifier=classifier,
            train_set=examples,
            val_set=val_set,
            settings=config.train,
            seed=config.seed,
            device=setup.device,
            dtype=_dtype(setup, progress),
            eval_batch_size=config.evaluation.batch_size,
            place=folder.checkpoint,
        )
        shown = len(examples) * (config.train.epochs - done)
        piece = Piece(f"{folder.path.name}, training,", progress, _weight(classifier, shown), shown)
        for _, state in crew().do(training, [piece]):
            after_epoch(state)
    load(classifier.network, read_state(folder.best), str(folder.best))


def _weight(classifier: Classifier, shown: int) -> float:
    """Of a training that shows so many images, where somebody weighs it against others."""
    return 1.0 if crew().block is None else float(_BACK_AND_FORTH * shown * (macs(classifier) or 1))


def _dtype(setup: Setup, progress: Progress | None) -> torch.dtype:
    """The arithmetic that a resumed training keeps, whatever the settings now say; else theirs."""
    dtype = setup.dtype(setup.config.train.dtype)
    if progress is None or progress.dtype in ("", device.name(dtype)):
        return dtype
    say(f"  continues in {progress.dtype}, as it began, not in {device.name(dtype)}")
    return device.choose_dtype(progress.dtype, setup.device)


def _progress(config: Config, folder: RunFolder) -> Progress | None:
    """Where an earlier start stopped; None where the training begins.

    Raises:
        UserError: it went on for more epochs than are asked for.
    """
    progress = Progress.load(folder)
    if progress is None or progress.epoch <= config.train.epochs:
        return progress
    if not config.overwrite:
        raise UserError(
            f"{folder.path} is trained for {progress.epoch} epochs, more than train.epochs={config.train.epochs}; add"
            " overwrite=true to train it anew"
        )
    return None
