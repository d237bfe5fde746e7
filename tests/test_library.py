"""The package as a library: light, free of torch, and old runs gain a new metric without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import withstand
from withstand.analysis.hypotheses.claim import read
from withstand.base.errors import UserError
from withstand.results.metrics import METRICS, Metric, calibration, probabilities, risk_coverage
from withstand.results.store import Cell, Predictions, Store

FOG = withstand.Condition("corruption", "fog", 3)


def left_by_an_evaluation(root: Path, model: str = "old") -> None:
    draw, store, cells = np.random.default_rng(len(model)), Store(root / model / "predictions"), []
    labels = draw.integers(4, size=50)
    for condition in (withstand.CLEAN, FOG):
        logits = draw.normal(size=(50, 4)).astype(np.float32)
        cell = Cell(condition, {"weights": model})
        store.write(cell, Predictions(np.arange(50), labels, logits))
        cells.append({**vars(condition), "file": cell.file})
    summary = {"model": model, "dataset": "shapes", "cells": cells}
    (root / model / "summary.json").write_text(json.dumps(summary))


def test_import_is_light_and_nothing_after_the_store_imports_torch(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    left_by_an_evaluation(tmp_path)
    code = (
        "import sys, withstand\n"
        "assert not {'numpy', 'pandas', 'torch', 'hydra'} & set(sys.modules), 'import alone'\n"
        f"runs = withstand.load_runs({str(tmp_path)!r})\n"
        "print(len(runs.frame()), len(withstand.compare(runs).frame()))\n"
        "withstand.hypotheses.answer(runs, withstand.hypotheses.load())\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows, means = map(int, done.stdout.split())
    assert rows == 2 and means > 2 * len(METRICS)


def test_the_help_waits_for_nothing_heavy(environment: dict[str, str]) -> None:
    code = (
        "import sys; from withstand.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert "withstand.help" in loaded
    assert not {"torch", "pandas", "matplotlib", "scipy.special", "scipy.optimize", "sklearn", "ray"} & loaded


def test_an_old_run_gains_a_new_metric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left_by_an_evaluation(tmp_path)
    added = Metric(lambda read: probabilities(read).max(axis=1), "Confidence", "higher", high=1)
    monkeypatch.setitem(METRICS, "confidence", added)
    (run,) = withstand.load_runs(tmp_path)
    expected = probabilities(run.predictions(FOG)).max(axis=1).mean()
    found = withstand.compare([run]).accuracy("old", "corrupted", "confidence")
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert found.low < found.value < found.high and found.n == 50
    frame = run.frame()
    assert frame.loc[frame.variant == "fog", "confidence"].item() == pytest.approx(expected, abs=1e-6)


def test_a_misspelt_metric_and_attribute_say_so(tmp_path: Path) -> None:
    left_by_an_evaluation(tmp_path)
    (run,) = withstand.load_runs(tmp_path)
    with pytest.raises(UserError, match=r"unknown metric 'topp1'.*'top1'"):
        run.scores.values("topp1")
    with pytest.raises(AttributeError, match="no attribute 'load_rnus'"):
        withstand.load_rnus  # noqa: B018
    assert {"load_runs", "compare", "hypotheses"} <= set(dir(withstand))


def test_a_misspelt_data_set_says_so(tmp_path: Path) -> None:
    left_by_an_evaluation(tmp_path)
    with pytest.raises(UserError, match=r"there is no run on 'shape' in .*; did you mean 'shapes'"):
        withstand.load_runs(tmp_path, dataset="shape")
    assert len(withstand.load_runs(tmp_path, dataset="shapes")) == 1


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        ("{of: corruption, over: noisy}", "unknown group 'noisy'; did you mean 'noise'"),
        ("{of: corruption, over: fog, minus: cleen}", "unknown group 'cleen'; did you mean 'clean'"),
        ("{of: background, over: mixed_rnd}", "unknown group 'mixed_rnd'; did you mean 'mixed_rand'"),
    ],
)
def test_a_misspelt_group_of_a_claim_says_so(tmp_path: Path, measure: str, message: str) -> None:
    claim = tmp_path / "mine.yaml"
    claim.write_text(f"claim: Mine\nmeasure: {measure}\nmore: {{family: cnn}}\n", encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read(claim)


def test_figures_of_a_comparison_are_those_of_the_predictions(tmp_path: Path) -> None:
    for model in ("old", "older"):
        left_by_an_evaluation(tmp_path, model)
    runs = withstand.load_runs(tmp_path)
    # Labels were drawn apart: images that differ are not compared.
    assert len(withstand.compare(runs).left_out) == 1
    one = withstand.compare(runs[:1])
    right = {c: runs[0].scores.of("top1", [c])[:, 0] for c in (withstand.CLEAN, FOG)}
    clean, fog = right[withstand.CLEAN].mean(), right[FOG].mean()
    assert one.drop("old").value == pytest.approx(clean - fog)
    assert one.relative_drop("old").value == pytest.approx(1 - fog / clean)
    assert one.mce("old", baseline="old", group="corrupted").value == 1
    with pytest.raises(UserError, match="no group 'benchmark'"):  # one corruption is not the benchmark's 15
        one.mce("old", baseline="old")
    assert one.effective_robustness("old", ["old"]).value == pytest.approx(0, abs=1e-9)
    same = one.agreement("old", "old")
    assert (same.alike.value, same.overlap.value) == (1, 1)
    assert same.consistency.value == pytest.approx(1)
    assert np.isfinite([same.alike.low, same.consistency.high, same.overlap.high]).all()
    by_class = one.by_class("old", "corrupted")
    assert sum(c.n for c in by_class) == 50
    assert sum(c.n * c.value for c in by_class) == pytest.approx(50 * fog)


@pytest.mark.parametrize(("metric", "of"), [("ece", calibration), ("aurc", risk_coverage)])
def test_a_metric_of_the_set_is_made_anew_of_a_class(tmp_path: Path, metric: str, of: object) -> None:
    left_by_an_evaluation(tmp_path)
    (run,) = withstand.load_runs(tmp_path)
    found = withstand.compare([run]).by_class("old", "fog", metric)
    read = run.predictions(FOG)
    for label, one in enumerate(found):
        rows = np.flatnonzero(read.labels == label)
        assert one.value == pytest.approx(of(read.take(rows)).mean(), abs=1e-6)  # type: ignore[operator]
        assert one.n == len(rows)
        assert 0 <= one.low <= one.value <= one.high <= 1


def test_an_answer_that_is_not_a_number_is_wrong_counted_and_no_image_unseen(tmp_path: Path) -> None:
    left_by_an_evaluation(tmp_path)
    (run,) = withstand.load_runs(tmp_path)
    read = run.predictions(FOG)
    right = int((read.logits.argmax(1) == read.labels).sum())
    broken = read.logits.copy()
    rows = np.flatnonzero(read.logits.argmax(1) == read.labels)[:2]
    broken[rows] = np.nan
    cell = Cell(FOG, {"weights": "old, after an overflow"})
    Store(tmp_path / "old" / "predictions").write(cell, Predictions(read.ids, read.labels, broken))
    summary = json.loads((tmp_path / "old" / "summary.json").read_text())
    summary["cells"][1]["file"] = cell.file
    (tmp_path / "old" / "summary.json").write_text(json.dumps(summary))
    (run,) = withstand.load_runs(tmp_path)
    assert run.scores.broken == {FOG: 2}
    one = withstand.compare([run])
    assert one.accuracy("old", "fog").value == pytest.approx((right - 2) / 50)
    assert one.accuracy("old", "fog", "top5").value == pytest.approx(48 / 50)
    loss = one.accuracy("old", "fog", "nll")
    assert (loss.value, loss.high, loss.n) == (np.inf, np.inf, 50) and 0 < loss.low < np.inf
    assert not one.frame().isna().any().any() and not run.frame().drop(columns="severity").isna().any().any()
