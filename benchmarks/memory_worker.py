"""`python -m benchmarks.memory_worker FILE FOLDER`: evaluate a memory-mapped file, and say how much memory that took.

A process of its own, as a peak is one of a whole process. The rows are shown in conditions of 10,000, as CIFAR-10-C's
are, and each condition's predictions go to the store, as in experiment 2.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.frame import peak
from withstand import models
from withstand.config.composing import compose
from withstand.config.schema import ShiftConfig
from withstand.engines import device as devices
from withstand.engines.predictor import Predictor
from withstand.evaluation.cells import Cells
from withstand.images.imageset import ImageSet
from withstand.models import Classifier
from withstand.results.conditions import Condition
from withstand.results.store import Cell, Store
from withstand.shifts.corruption.shift import Corruption

CONDITION = 10_000  # rows


def main(file: Path, folder: Path) -> None:
    devices.set_threads(0)
    classifier = models.build(compose(["model=small_cnn", "dataset=shapes"]))
    predictor = Predictor.of(classifier, torch.device("cpu"), torch.float32, 0)
    store, whole = Store(folder), np.load(file, mmap_mode="r")
    predictor(_condition(whole, 0, 256))
    peaks, started = {"after_start": peak()}, time.perf_counter()
    if whole.shape[1] == 32:
        for start in range(0, len(whole), CONDITION):
            cell = Cell(Condition("corruption", "mapped", start // CONDITION), {})
            store.write(cell, predictor(_condition(whole, start, CONDITION)))
        images = len(whole)
    else:
        images = _corrupted(classifier, predictor, _condition(whole, 0, len(whole)), store)
    peaks["peak"] = peak()
    print(json.dumps({"seconds": time.perf_counter() - started, "images": images, "bytes": peaks}))


def _corrupted(classifier: Classifier, predictor: Predictor, test: ImageSet, store: Store) -> int:
    """Clean and under one corruption, as experiment 2 evaluates them; gives how many images were predicted."""
    settings = ShiftConfig(source="made", corruptions=["contrast"], severities=[3])
    shift = Corruption.of(settings, "mapped", test)
    return Cells.of(classifier, predictor, test, [shift], store).fill("memory").images


def _condition(whole: np.ndarray, start: int, rows: int) -> ImageSet:
    images = whole[start : start + rows]
    ids = np.arange(len(images), dtype=np.int64)
    return ImageSet(images, ids % 10, ids, tuple("abcdefghij"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
