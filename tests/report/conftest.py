"""Run folders as the evaluation leaves them, made of drawn logits instead of a network's."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from withstand import report
from withstand.analysis.comparison import compare
from withstand.corruptions.names import BENCHMARK, SEVERITIES
from withstand.images.imageset import ImageSet
from withstand.report.section import Context
from withstand.report.style import looks
from withstand.results import thumbnails
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_runs
from withstand.results.runs import Runs, names
from withstand.results.store import Cell, Predictions, Store

SHOWN = (
    *BENCHMARK,
    "gaussian_blur",
    "saturate",
    "spatter",
    "speckle_noise",
)  # CIFAR-10-C's, whatever else there is
EVERY = tuple(Condition("corruption", name, severity) for name in SHOWN for severity in SEVERITIES)
SOME = (CLEAN, *(one for one in EVERY if one.severity in (1, 3)))  # enough for most tests, and sooner made
MakeRun = Callable[..., Path]


def write_run(
    root: Path,
    model: str,
    *,
    dataset: str = "shapes",
    n: int = 60,
    first_id: int = 0,
    classes: int = 10,
    skill: float = 2.0,
    fragility: float = 0.45,
    conditions: Iterable[Condition] = (CLEAN, *EVERY),
    epochs: int = 4,
    source: str | None = "made from the test images (withstand 0.1.0, seed 42)",
    folder: str | None = None,
    sheet: bool = True,
    sample: int | None = None,
    seed: int = 42,
    model_config: dict[str, Any] | None = None,
    made: dict[str, Any] | None = None,
    names: Iterable[str] = (),
    shift: dict[str, Any] | None = None,
) -> Path:
    """A run whose logits point at the truth with ``skill``, less so as severity grows, differently by corruption.

    An image has its own difficulty in all conditions and for all models, as real images do. ``model_config`` and
    ``made`` change what the record says of the model and of how it was made; ``names`` are those of the classes, and
    ``shift`` is what the corrupted images depend on.
    """
    conditions = tuple(conditions)
    path = root / (folder or f"{model}_{dataset}")
    ids = np.arange(first_id, first_id + n)
    difficulty = np.random.default_rng(7).normal(size=100_000)[ids]
    labels = np.random.default_rng(8).integers(classes, size=100_000)[ids]
    store = Store(path / "predictions")
    cells = []
    test: dict[str, Any] | None = None
    for condition in conditions:
        draw = np.random.default_rng([_digest(model, str(condition)), seed])
        # The same corruption is hard for everybody, and a little harder for some.
        hard = _digest(condition.variant) % 100 / 70 + _digest(model, condition.variant) % 100 / 300
        logits = draw.normal(size=(n, classes)).astype(np.float32)
        margin = skill - difficulty - fragility * (condition.severity or 0) * hard
        logits[np.arange(n), labels] += margin.astype(np.float32)
        known = {"weights": model, "n": n, "first": first_id, "seed": seed}
        if shift is not None:
            known |= {"images": "the same", "shift": {} if condition == CLEAN else shift}
        cell = Cell(condition, known)
        seen = np.arange(n) if sample is None or condition == CLEAN else np.sort(draw.permutation(n)[:sample])
        store.write(cell, Predictions(ids[seen], labels[seen], logits[seen]))
        cells.append({**vars(condition), "file": cell.file})
        if condition == CLEAN:
            right = (logits.argmax(1) == labels).mean()
            test = {"n": n, "loss": 1.0, "top1": 100 * float(right), "top5": 90.0}
    best = max(1, epochs - 1)
    summary = {
        "model": model,
        "dataset": dataset,
        "classes": [*names] or [f"class {number}" for number in range(classes)],
        "best_epoch": best,
        "epochs": epochs,
        "val_top1": 71.5,
        "n_train": 7200,
        "n_val": 800,
        "test": test,
        "corruption_source": source,
        "cells": cells,
    }
    if sample is not None:
        shifted = len(conditions) - 1
        counts = {"rounds": sample, "evaluated": sample * shifted, "of": n * shifted}
        reached = {
            "precision": 5.0,
            "seed": 42,
            "value": 0.5,
            "low": 0.45,
            "high": 0.55,
            "steps": [[sample, 5.0]],
        }
        summary["sample"] = counts | reached
    config = {
        "seed": seed,
        "model": {
            "cfg_name": model,
            "name": model,
            "title": f"{model} for the tests",
            "family": "cnn" if "cnn" in model or "resnet" in model else "transformer",
            "pretrained": False,
            "image_size": 32,
        }
        | (model_config or {}),
        "train": {"epochs": epochs, "optimizer": "sgd", "learning_rate": 0.1, "augment": "crop_flip"},
        "dataset": {"name": dataset},
    }
    provenance = {
        "config": config,
        "command": f"python main.py model={model} dataset={dataset}",
        "seed": seed,
        "versions": {"withstand": "0.1.0", "python": "3.11.2", "torch": "2.15.0"},
        "device": "cpu (2 cores)",
        "precision": "float32",
        "weights_digest": hashlib.sha256(f"{model} {seed} {skill}".encode()).hexdigest(),
        "git_revision": "5cadc98aa001",
        "parameters": 1_234_567,
        "image_size": 32,
        "pretrained": None,
        "seconds": {"train": 71.3, "evaluate": 20.25},
        "images_per_second": {"train": 180.0, "evaluate": 1300.0},
        "threads": 2,
        "made": "2026-01-02T03:04:05+00:00",
    } | (made or {})
    if sheet:
        _leave_thumbnails(path, ids, labels, tuple(summary["classes"]), conditions)
    (path / "summary.json").write_text(json.dumps(summary))
    (path / "provenance.json").write_text(json.dumps(provenance))
    with (path / "history.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        parts = [f"{part}_{key}" for part in ("train", "val") for key in ("loss", "top1", "top5")]
        writer.writerow(["epoch", *parts, "learning_rate", "seconds"])
        for epoch in range(1, epochs + 1):
            loss = 2.3 / epoch**0.5
            top1 = 30 + 42 * (1 - 0.7**epoch)
            turned = 8 * max(0, epoch - best)
            numbers = [loss, top1 + 3, 95, loss + 0.1 + turned / 20, top1 - turned, 94]
            writer.writerow([epoch, *(round(number, 4) for number in numbers), 0.1, 12.5])
    return path


def _leave_thumbnails(
    path: Path, ids: Any, labels: Any, classes: tuple[str, ...], conditions: Iterable[Condition]
) -> None:
    """Images of noise: what an image shows matters to nothing here, which image it is does."""
    images = np.stack(
        [np.random.default_rng([1, one]).integers(256, size=(8, 8, 3), dtype=np.uint8) for one in ids]
    )
    whole = ImageSet(images, labels, ids, classes)
    chosen = whole.take(thumbnails.choose(ids))
    kept = thumbnails.make(
        chosen,
        [condition for condition in conditions if condition != CLEAN],
        lambda condition: replace(chosen, images=255 - chosen.images),
    )
    thumbnails.save(kept, path / thumbnails.FILE)


def _digest(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest()[:4], "big")


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """``write_run`` into ``tmp_path / "checkpoints"``."""

    def make(model: str, **settings: Any) -> Path:
        return write_run(tmp_path / "checkpoints", model, **settings)

    return make


@pytest.fixture(scope="session")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Two models under all 95 conditions, for tests that only read them."""
    root = tmp_path_factory.mktemp("checkpoints")
    write_run(root, "small_cnn", skill=3.0)
    write_run(root, "small_vit", skill=1.5)
    return load_runs(root)


@pytest.fixture(scope="session")
def page(two_runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``report.html`` of ``two_runs``, with its files beside it, for tests that only read it."""
    return report.write(two_runs, tmp_path_factory.mktemp("report"))


MakeContext = Callable[..., Context]


@pytest.fixture
def make_context(tmp_path: Path) -> MakeContext:
    """What sections are made from: runs of the models named, each with its settings, and those that all share."""

    def make(models: dict[str, dict[str, Any]], root: str = "checkpoints", **shared: Any) -> Context:
        for model, settings in models.items():
            write_run(tmp_path / root, model, **{"conditions": SOME, **shared, **settings})
        runs = [one for one in load_runs(tmp_path / root) if one.model in models]
        return Context(dict(zip(names(runs), runs, strict=True)), compare(runs), looks(names(runs)))

    return make
