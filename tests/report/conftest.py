"""Run folders as the evaluation leaves them, made of drawn logits instead of a network's."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from withstand.conditions import CLEAN, Condition
from withstand.corruptions.names import CORRUPTIONS, SEVERITIES
from withstand.store import Cell, Predictions, Store

EVERY = tuple(Condition("corruption", name, severity) for name in CORRUPTIONS for severity in SEVERITIES)
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
) -> Path:
    """A run whose logits point at the truth with ``skill``, less so as severity grows, differently by corruption.

    An image has its own difficulty in all conditions and for all models, as real images do.
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
        draw = np.random.default_rng(_digest(model, str(condition)))
        # The same corruption is hard for everybody, and a little harder for some.
        hard = _digest(condition.variant) % 100 / 70 + _digest(model, condition.variant) % 100 / 300
        logits = draw.normal(size=(n, classes)).astype(np.float32)
        margin = skill - difficulty - fragility * (condition.severity or 0) * hard
        logits[np.arange(n), labels] += margin.astype(np.float32)
        cell = Cell(condition, {"weights": model, "n": n, "first": first_id})
        store.write(cell, Predictions(ids, labels, logits))
        cells.append({**vars(condition), "file": cell.file})
        if condition == CLEAN:
            right = (logits.argmax(1) == labels).mean()
            test = {"n": n, "loss": 1.0, "top1": 100 * float(right), "top5": 90.0}
    best = max(1, epochs - 1)
    summary = {
        "model": model,
        "dataset": dataset,
        "classes": [f"class {number}" for number in range(classes)],
        "best_epoch": best,
        "epochs": epochs,
        "val_top1": 71.5,
        "n_train": 7200,
        "n_val": 800,
        "test": test,
        "corruption_source": source,
        "cells": cells,
    }
    config = {
        "seed": 42,
        "model": {
            "cfg_name": model,
            "name": model,
            "title": f"{model} for the tests",
            "pretrained": False,
            "image_size": 32,
        },
        "train": {"epochs": epochs, "optimizer": "sgd", "learning_rate": 0.1, "augment": "crop_flip"},
        "dataset": {"name": dataset},
    }
    provenance = {
        "config": config,
        "command": f"python main.py model={model} dataset={dataset}",
        "seed": 42,
        "versions": {"withstand": "0.1.0", "python": "3.11.2", "torch": "2.15.0"},
        "device": "cpu (2 cores)",
        "precision": "float32",
        "weights_digest": hashlib.sha256(model.encode()).hexdigest(),
        "git_revision": "5cadc98aa001",
        "parameters": 1_234_567,
        "image_size": 32,
        "pretrained": None,
        "seconds": {"train": 71.3, "evaluate": 20.25},
        "images_per_second": {"train": 180.0, "evaluate": 1300.0},
        "threads": 2,
        "made": "2026-01-02T03:04:05+00:00",
    }
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


def _digest(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest()[:4], "big")


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """``write_run`` into ``tmp_path / "checkpoints"``."""

    def make(model: str, **settings: Any) -> Path:
        return write_run(tmp_path / "checkpoints", model, **settings)

    return make
