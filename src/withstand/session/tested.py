"""The end of experiment 1: the clean test images, and the record of how training went."""

from __future__ import annotations

from typing import Any

import numpy as np

from withstand.base import json_file
from withstand.base.console import say
from withstand.evaluation.cells import Cells
from withstand.models import Classifier
from withstand.report import curves
from withstand.results import history, metrics, records
from withstand.results.conditions import CLEAN
from withstand.results.folder import RunFolder
from withstand.results.store import Predictions
from withstand.session.setup import Setup
from withstand.training.progress import Progress

TABLE = "robustness_results.csv"
"""Experiment 2's, which holds for one training."""


def write_test(setup: Setup, classifier: Classifier, n_train: int, n_val: int) -> None:
    """Predict the clean test images and write down how training went."""
    config, folder, test = setup.config, setup.folder, setup.dataset.test
    state = Progress.load(folder)
    assert state is not None
    epochs = history.columns(state.history)
    curves.save(epochs, config.run_name, folder.path / "curves.png")
    predictor = setup.predictor(classifier)
    cells = Cells.of(classifier, predictor, test, [], folder.store)
    cells.fill("test")
    predictions = folder.store.read(cells.cells[CLEAN])
    result = {
        "n": len(predictions),
        "loss": metrics.nll(predictions),
        "top1": round(100 * metrics.top1(predictions), 6),
        "top5": round(100 * metrics.top5(predictions), 6),
    }
    seconds = float(epochs["seconds"].sum())
    (clean,) = cells.files()
    about = {
        **setup.summary,
        "best_epoch": int(state.best["epoch"]),
        "epochs": state.epoch,
        "val_top1": state.best["val_top1"],
        "n_train": n_train,
        "n_val": n_val,
        "test": result,
    }
    before = _still_right(folder, classifier, predictions, clean)
    # Not merged: what is not right any more goes.
    json_file.write(folder.path / "summary.json", before | about)
    folder.update(
        "provenance.json",
        setup.record(classifier, config.train.dtype)
        | ({"trained_in": state.dtype} if state.dtype else {})
        | {
            "seconds": {"train": seconds},
            "images_per_second": {"train": n_train * state.epoch / seconds},
        },
    )
    say(
        f"  best epoch {state.best['epoch']:.0f}; test: loss {result['loss']:.4f}, top-1 {result['top1']:.2f}%,"
        f" top-5 {result['top5']:.2f}% of {result['n']:,} images"
    )


def _still_right(
    folder: RunFolder, classifier: Classifier, predictions: Predictions, clean: dict[str, Any]
) -> dict[str, Any]:
    """What the summary has from other experiments, as far as it is of these weights and these images."""
    before = folder.summary()
    record = json_file.record(folder.path / "provenance.json", records.Provenance)
    weights = classifier.digest()
    backgrounds = record.get("background", {})
    if (
        "trained" in before.get("background", {})
        and backgrounds.get("trained", {}).get("weights_digest") != weights
    ):
        kept = {name: one for name, one in before["background"].items() if name != "trained"}
        before["background"] = kept
    if record.get("weights_digest") == weights and _same_images(folder, before, predictions):
        return before
    stale = folder.path / TABLE
    if stale.is_file():
        stale.unlink()
        say(f"  {stale} was of other weights or images and is removed; experiment=robustness makes it again")
    return before | {"corruption_source": None, "sample": None, "cells": [clean]}


def _same_images(folder: RunFolder, before: dict[str, Any], predictions: Predictions) -> bool:
    files = [c["file"] for c in before.get("cells", []) if c["shift"] == CLEAN.shift]
    there = bool(files) and (folder.store.root / files[0]).is_file()
    return there and np.array_equal(folder.store.read(files[0]).ids, predictions.ids)
