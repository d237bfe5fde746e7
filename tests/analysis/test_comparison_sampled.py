"""A sample beside a whole run: paired on what both saw, and marked."""

import json
from pathlib import Path

import numpy as np
import pytest

import withstand
from withstand.results.store import Cell, Predictions, Store
from withstand.statistics import sequential

SOME = tuple(
    withstand.Condition("corruption", v, s) for v in ("fog", "snow", "contrast") for s in (1, 2, 3, 4)
)
N = 600


def run(root: Path, model: str, right: np.ndarray, rounds: int | None, seed: int = 0) -> withstand.Run:
    """``right``: N×C; a sample of ``rounds`` images a condition, or the whole."""
    store, cells = Store(root / model / "predictions"), []
    for column, condition in enumerate(SOME):
        rows = np.arange(N) if rounds is None else sequential.order(str(condition), N, seed)[:rounds]
        good = right[rows, column] > 0
        logits = np.stack([good, ~good], axis=1).astype(np.float32)
        cell = Cell(condition, {"weights": model})
        store.write(cell, Predictions(rows, np.zeros(len(rows), np.int64), logits), part=rounds is not None)
        cells.append({**vars(condition), "file": cell.file if rounds is None else cell.part})
    summary = {"model": model, "dataset": "d", "cells": cells, "corruption_source": "made"}
    if rounds is not None:
        names = ("precision", "rounds", "evaluated", "of", "seed", "value", "low", "high", "steps")
        told = (1.0, rounds, rounds * 12, N * 12, seed, 0.5, 0.4, 0.6, [[rounds, 1.0]])
        summary["sample"] = dict(zip(names, told, strict=True))
    (root / model / "summary.json").write_text(json.dumps(summary))
    return withstand.load_run(root / model)


@pytest.fixture
def worlds() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    hard = draw.normal(size=(N, 1))
    return tuple((draw.normal(size=(N, 12)) * 0.3 + up > hard).astype(float) for up in (0.5, 0.3))  # type: ignore[return-value]


def test_a_sample_is_paired_with_a_whole_run_on_what_both_saw(
    tmp_path: Path, worlds: tuple[np.ndarray, np.ndarray]
) -> None:
    a, b = worlds
    whole, part = run(tmp_path, "whole", a, None), run(tmp_path, "part", b, 120)
    found = withstand.compare([whole, part])
    assert set(found.names) == {"whole", "part"} and found.sampled == ("part",)
    assert len(found.ids) == N
    assert found.accuracy("whole", "corrupted").value == pytest.approx(a.mean())
    seen = [sequential.order(str(c), N)[:120] for c in SOME]
    expected = np.mean([a[rows, c].mean() - b[rows, c].mean() for c, rows in enumerate(seen)])
    (pair,) = found.pairs
    assert pair.better == "whole" and pair.difference.value == pytest.approx(expected)
    assert pair.difference.excludes_zero and pair.p < 0.01
    # One condition has as many images as it was shown.
    one = withstand.compare([part]).accuracy("part", "fog")
    assert one.value == pytest.approx(np.mean([b[rows, c].mean() for c, rows in enumerate(seen[:4])]))
    assert one.half_width > withstand.compare([part]).accuracy("part", "corrupted").half_width


def test_two_samples_pair_and_samples_of_other_images_do_not(
    tmp_path: Path, worlds: tuple[np.ndarray, np.ndarray]
) -> None:
    a, b = worlds
    small, large = run(tmp_path, "small", a, 80), run(tmp_path, "large", b, 200)
    found = withstand.compare([small, large])
    assert set(found.names) == {"small", "large"} == set(found.sampled)
    rows = [sequential.order(str(c), N)[:80] for c in SOME]
    expected = np.mean([a[r, c].mean() - b[r, c].mean() for c, r in enumerate(rows)])
    assert abs(found.pairs[0].difference.value) == pytest.approx(abs(expected))
    other = run(tmp_path, "other", a, 100, seed=1)
    assert "sample of other images" in withstand.compare([large, other]).left_out[0].reason


def test_metrics_of_the_set_are_of_what_was_seen(
    tmp_path: Path, worlds: tuple[np.ndarray, np.ndarray]
) -> None:
    part = run(tmp_path, "part", worlds[0], 120)
    each = [withstand.metrics.calibration(part.predictions(c)).mean() for c in SOME]
    found = withstand.compare([part]).accuracy("part", "corrupted", "ece")
    assert found.value == pytest.approx(np.mean(each), abs=1e-6)
