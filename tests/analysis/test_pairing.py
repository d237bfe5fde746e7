"""Which runs stand side by side: by the images that their predictions are of, not by the words of their record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import withstand
from withstand.analysis.groups import groups
from withstand.base.errors import UserError
from withstand.corruptions.names import BENCHMARK
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_run
from withstand.results.run import Run
from withstand.results.store import Cell, Predictions, Store

SOME = tuple(Condition("corruption", name, severity) for name in ("fog", "snow") for severity in (1, 3))
MADE = {"corruptions": "withstand 0.1.0", "seed": 42, "preset": "cifar"}
N = 90


def run(
    root: Path,
    model: str,
    *,
    chance: float = 0.7,
    source: str = "made",
    images: str = "d1",
    shift: dict[str, Any] | None = None,
    rounds: int | None = None,
    logits: np.ndarray | None = None,
) -> Run:
    """N images of three classes, the classes one after the other; ``logits`` in the place of drawn ones."""
    store, cells = Store(root / model / "predictions"), []
    draw = np.random.default_rng(list(model.encode()))
    labels = np.arange(N) // (N // 3)
    for condition in (CLEAN, *SOME):
        rows = np.arange(N)
        if rounds is not None and condition != CLEAN:
            rows = rows[:rounds]
        found = draw.normal(size=(N, 3)).astype(np.float32) if logits is None else logits.copy()
        if logits is None:
            found[np.arange(N), labels] += np.where(draw.random(N) < chance, 5, -5)
        own = {} if condition == CLEAN else (MADE if shift is None else shift)
        cell = Cell(condition, {"weights": model, "images": images, "shift": own})
        store.write(cell, Predictions(rows, labels[rows], found[rows]))
        cells.append({**vars(condition), "file": cell.file})
    summary: dict[str, Any] = {"model": model, "dataset": "d", "cells": cells, "corruption_source": source}
    if rounds is not None:
        names = ("precision", "rounds", "evaluated", "of", "seed", "value", "low", "high", "steps")
        summary["sample"] = dict(zip(names, (1.0, rounds, 1, 2, 0, 0.5, 0.4, 0.6, []), strict=True))
    (root / model / "summary.json").write_text(json.dumps(summary))
    return load_run(root / model)


def test_the_same_images_compare_once_made_and_once_read_from_files(tmp_path: Path) -> None:
    made = run(tmp_path, "a", source="made from the test images")
    read = run(tmp_path, "b", source="made by withstand, read from data/corrupted")
    assert withstand.compare([made, read]).names == ("a", "b")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"shift": {"corruptions": "official"}, "source": "official files"}, "its corrupted images are"),
        ({"shift": MADE | {"seed": 1}}, "its corrupted images are"),
        ({"images": "d2"}, "the same ids are other images"),
    ],
)
def test_other_images_do_not_whatever_their_ids(tmp_path: Path, other: dict[str, Any], reason: str) -> None:
    runs = [run(tmp_path, "a"), run(tmp_path, "b"), run(tmp_path, "c", **other)]
    found = withstand.compare(runs)
    assert found.names == ("a", "b")
    assert reason in found.left_out[0].reason


def test_a_mean_over_fourteen_is_not_called_benchmark() -> None:
    every = [Condition("corruption", name, severity) for name in BENCHMARK for severity in (1, 3, 5)]
    assert len(groups(every)["benchmark"]) == 45
    assert "benchmark" not in groups([one for one in every if one.variant != "frost"])
    assert "benchmark" not in groups(every[:-1])


def test_what_is_asked_for_and_not_there_is_one_line(tmp_path: Path) -> None:
    found = withstand.compare([run(tmp_path, "a")])
    with pytest.raises(UserError, match="there is no group 'benchmark'"):
        found.accuracy("a", "benchmark")
    with pytest.raises(UserError, match="did you mean 'corrupted'"):
        found.accuracy("a", "corupted")
    with pytest.raises(UserError, match="there is no run 'b'"):
        found.accuracy("b", "clean")
    with pytest.raises(UserError, match="unknown metric 'top2'"):
        found.accuracy("a", "clean", "top2")


def test_metrics_of_the_set_are_worked_out_in_the_class(tmp_path: Path) -> None:
    one = run(tmp_path, "a")
    found = withstand.compare([one])
    for metric in ("ece", "aurc", "classwise_ece"):
        known = withstand.metrics.METRICS[metric]
        for label, estimate in enumerate(found.by_class("a", "clean", metric)):
            read = one.predictions(CLEAN)
            own = read.take(np.flatnonzero(read.labels == label))
            assert estimate.value == pytest.approx(np.asarray(known.per_image(own)).mean(), abs=1e-6)
            assert estimate.n == 30


def test_a_sample_that_saw_no_image_of_a_class_says_so(tmp_path: Path) -> None:
    found = withstand.compare([run(tmp_path, "a", rounds=40)])
    assert found.accuracy("a", "corrupted").n == 40
    with pytest.raises(UserError, match="a sample that saw no image of class 2"):
        found.by_class("a", "corrupted")


def test_answers_that_are_no_numbers_are_wrong_and_counted(tmp_path: Path) -> None:
    good = np.zeros((N, 3), np.float32)
    good[np.arange(N), np.arange(N) // (N // 3)] = 9
    broken = good.copy()
    broken[:9] = [[np.nan, 1, 2], [np.inf, 0, 0], [-np.inf] * 3] * 3
    a, b = run(tmp_path, "a", logits=broken), run(tmp_path, "b", logits=good)
    assert a.scores.broken == dict.fromkeys((CLEAN, *SOME), 9)
    assert b.scores.broken == {}
    found = withstand.compare([a, b])
    assert found.accuracy("a", "corrupted").value == pytest.approx(0.9)
    assert found.accuracy("a", "corrupted", "top5").value == pytest.approx(0.9)
    loss = found.accuracy("a", "corrupted", "nll")
    assert loss.value == loss.high == np.inf and 0 <= loss.low < np.inf
    (pair,) = found.pairs
    assert (pair.better, pair.ahead) == ("b", True)
