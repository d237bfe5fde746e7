"""Experiment 2: a trained classifier under every corruption and severity."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from withstand import metrics, thumbnails
from withstand.conditions import CLEAN, Condition
from withstand.config import Config
from withstand.console import progress, say
from withstand.corruptions import frost
from withstand.experiments.setup import CellFacts, Setup, update_json
from withstand.experiments.train import start_tracker
from withstand.models import Classifier
from withstand.predict import Predictor
from withstand.shifts.corruption import Corruption
from withstand.store import Cell
from withstand.trackers import Tracker

COLUMNS = ("model", "corruption", "severity", "top1_acc", "top5_acc")


def run(config: Config, overrides: list[str]) -> int:
    setup = Setup.of(config, overrides)
    shift = Corruption.of(config.shift, setup.dataset.name, setup.dataset.test)
    classifier = setup.trained()
    tracker = start_tracker(config)
    tracker.finish(evaluate_corruptions(setup, classifier, shift, tracker))
    return 0


def evaluate_corruptions(
    setup: Setup, classifier: Classifier, shift: Corruption, tracker: Tracker
) -> dict[str, float]:
    """Predict every condition that the store does not hold, then write the study's table; gives the final figures."""
    config, folder, test = setup.config, setup.folder, setup.dataset.test
    predictor = setup.predictor(classifier, total=(1 + len(shift.conditions())) * len(test))
    facts = CellFacts.of(classifier, predictor, test)
    cells = {c: facts.cell(c, **shift.facts()) for c in shift.conditions()}
    cells = {CLEAN: facts.cell(CLEAN)} | cells
    missing = [c for c, cell in cells.items() if cell not in folder.store]
    say(
        f"{config.run_name}: {len(cells)} conditions × {len(test):,} images, {len(cells) - len(missing)} done;"
        f" corruptions: {shift.source}"
    )
    if config.shift.corruptions in ("all", "benchmark") and "frost" not in shift.corruptions:
        say(f"  frost is left out: its published textures are not here; get them with: {frost.COMMAND}")
    started = time.perf_counter()
    with progress("corruptions", len(cells), len(cells) - len(missing)) as bar:
        for condition in missing:
            images = test if condition == CLEAN else shift.images(condition)
            folder.store.write(cells[condition], predictor(images))
            bar.advance(images=len(test), note=str(condition))
    seconds = time.perf_counter() - started
    if missing or not (folder.path / thumbnails.FILE).is_file():
        _leave_thumbnails(setup, shift)
    rows = [_row(setup, condition, cell) for condition, cell in cells.items() if condition != CLEAN]
    folder.write_csv("robustness_results.csv", COLUMNS, rows)
    _record(setup, classifier, predictor, shift, cells, len(missing) * len(test), seconds)
    final = {f"mean_{m}": float(np.mean([row[f"{m}_acc"] for row in rows])) for m in ("top1", "top5")}
    say(
        f"  mean over {len(rows)} corrupted conditions: top-1 {final['mean_top1']:.2f}%,"
        f" top-5 {final['mean_top5']:.2f}%"
    )
    tracker.log(config.train.epochs, {f"corrupted/{key}": value for key, value in final.items()})
    return final


def _leave_thumbnails(setup: Setup, shift: Corruption) -> None:
    chosen = setup.dataset.test.take(thumbnails.choose(setup.dataset.test.ids))
    kept = thumbnails.make(chosen, shift.conditions(), shift.over(chosen).images)
    thumbnails.save(kept, setup.folder.path / thumbnails.FILE)


def _row(setup: Setup, condition: Condition, cell: Cell) -> dict[str, Any]:
    predictions = setup.folder.store.read(cell)
    return {
        "model": setup.config.model.cfg_name,
        "corruption": condition.variant,
        "severity": condition.severity,
        "top1_acc": round(100 * metrics.top1(predictions), 6),
        "top5_acc": round(100 * metrics.top5(predictions), 6),
    }


def _record(
    setup: Setup,
    classifier: Classifier,
    predictor: Predictor,
    shift: Corruption,
    cells: dict[Condition, Cell],
    images: int,
    seconds: float,
) -> None:
    """Which cells belong to this run, and what they took; a run that only found them done keeps the old times."""
    files = [
        {"shift": c.shift, "variant": c.variant, "severity": c.severity, "file": cell.file}
        for c, cell in cells.items()
    ]
    config, folder = setup.config, setup.folder
    about = {
        "model": config.model.cfg_name,
        "dataset": setup.dataset.name,
        "classes": list(setup.dataset.classes),
    }
    update_json(folder, "summary.json", about | {"corruption_source": shift.source, "cells": files})
    update_json(folder, "provenance.json", setup.record(classifier, predictor.precision))
    update_json(folder, "provenance.json", {"engine": predictor.facts()})
    if images:
        times = {"seconds": {"evaluate": seconds}, "images_per_second": {"evaluate": images / seconds}}
        update_json(folder, "provenance.json", times)
