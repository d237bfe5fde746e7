"""Experiment 2: a trained classifier under every corruption and severity."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import numpy as np

from withstand.base import atomic
from withstand.base.console import progress, say
from withstand.config.schema import Config
from withstand.corruptions import frost
from withstand.engines.predictor import Predictor
from withstand.evaluation.sampling import complete, evaluate_sample
from withstand.experiments import side_by_side
from withstand.experiments.begun import update_json
from withstand.experiments.setup import CellFacts, Setup
from withstand.experiments.tested import TABLE
from withstand.experiments.train import start_tracker
from withstand.models import Classifier
from withstand.results import metrics, thumbnails
from withstand.results.conditions import CLEAN, Condition
from withstand.results.sample import Sample
from withstand.results.store import Cell
from withstand.shifts.corruption.shift import Corruption
from withstand.statistics import sequential
from withstand.trackers import Tracker

COLUMNS = ("model", "corruption", "severity", "top1_acc", "top5_acc")

USES = ("model", "shift", "evaluation", "tracker")


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
    predicted, sample = 0, None
    if CLEAN in missing:
        folder.store.write(cells[CLEAN], predictor(test))
        predicted += len(test)
    shifted = {c: cell for c, cell in cells.items() if c != CLEAN}
    if config.evaluation.precision is not None and any(c in shifted for c in missing):
        before = folder.summary().get("sample")

        def note(sample: Sample) -> None:
            _record(setup, classifier, predictor, shift, cells, sample)

        sample, more = evaluate_sample(
            folder.store, predictor, shift, test, shifted, config.evaluation.precision, before, note
        )
        predicted += more
        say(f"  {sample}; ± {100 * sample.mean.half_width:.2f} points of what all of them would give")
    else:
        with progress("corruptions", len(cells), len(cells) - len(missing)) as bar:
            left = {c: cells[c] for c in missing if c != CLEAN}
            if config.evaluation.devices:
                predicted += side_by_side.predict(setup, classifier, predictor, left, bar)
                left = {}
            for condition in left:
                more = complete(folder.store, cells[condition], predictor, shift, test)
                predicted += more
                bar.advance(images=more, note=str(condition))
    seconds = time.perf_counter() - started
    if missing or not (folder.path / thumbnails.FILE).is_file():
        _leave_thumbnails(setup, shift)
    rows = [_row(setup, condition, cell, sample) for condition, cell in shifted.items()]
    folder.write_csv(TABLE, COLUMNS + (("images",) if sample else ()), rows)
    _record(setup, classifier, predictor, shift, cells, sample)
    for cell in cells.values():
        folder.store.forget_part(cell)
    if predicted:
        times = {"seconds": {"evaluate": seconds}, "images_per_second": {"evaluate": predicted / seconds}}
        update_json(folder, "provenance.json", times)
    final = {f"mean_{m}": float(np.mean([row[f"{m}_acc"] for row in rows])) for m in ("top1", "top5")}
    say(
        f"  mean over {len(rows)} corrupted conditions: top-1 {final['mean_top1']:.2f}%,"
        f" top-5 {final['mean_top5']:.2f}%" + (f" ({sample})" if sample else "")
    )
    tracker.log(config.train.epochs, {f"corrupted/{key}": value for key, value in final.items()})
    return final


def _leave_thumbnails(setup: Setup, shift: Corruption) -> None:
    chosen = setup.dataset.test.take(thumbnails.choose(setup.dataset.test.ids))
    kept = thumbnails.make(chosen, shift.conditions(), shift.over(chosen).images)
    thumbnails.save(kept, setup.folder.path / thumbnails.FILE)


def _row(setup: Setup, condition: Condition, cell: Cell, sample: Sample | None) -> dict[str, Any]:
    predictions = setup.folder.store.part(cell)
    assert predictions is not None
    if sample:  # every condition counts with equally many, even if an earlier evaluation saw more of some
        order = sequential.order(str(condition), len(setup.dataset.test), sample.seed)[: sample.rounds]
        predictions = predictions.take(
            np.flatnonzero(np.isin(predictions.ids, setup.dataset.test.ids[order]))
        )
    row = {
        "model": setup.config.model.cfg_name,
        "corruption": condition.variant,
        "severity": condition.severity,
        "top1_acc": round(100 * metrics.top1(predictions), 6),
        "top5_acc": round(100 * metrics.top5(predictions), 6),
    }
    return row | {"images": len(predictions)} if sample else row


def _record(
    setup: Setup,
    classifier: Classifier,
    predictor: Predictor,
    shift: Corruption,
    cells: dict[Condition, Cell],
    sample: Sample | None,
) -> None:
    """Which cells belong to this run, and whether they are a sample."""
    config, folder = setup.config, setup.folder
    files = [
        {**vars(c), "file": cell.file if cell in folder.store else cell.part} for c, cell in cells.items()
    ]
    about = {
        "model": config.model.cfg_name,
        "dataset": setup.dataset.name,
        "classes": list(setup.dataset.classes),
        "corruption_source": shift.source,
        "cells": files,
    }
    update_json(folder, "summary.json", about)
    # Not merged: an earlier sample is replaced, or gone once everything is there.
    atomic.write_json(
        folder.path / "summary.json", folder.summary() | {"sample": asdict(sample) if sample else None}
    )
    update_json(folder, "provenance.json", setup.record(classifier, predictor.precision))
    update_json(folder, "provenance.json", {"engine": predictor.facts()})
