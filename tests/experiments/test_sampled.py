"""A sampled evaluation: a part of each condition, never done twice, that grows into the whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from withstand.analysis.comparison import compare
from withstand.cli import main
from withstand.engines.predictor import Predictor
from withstand.results.conditions import Condition
from withstand.results.reading import load_run
from withstand.results.store import Cell, Predictions, Store
from withstand.session.usage import used

N = 300
WORDS = [
    "model=small_cnn",
    "model.args.channels=[8,8,8,8]",
    "model.image_size=16",
    "dataset=shapes",
    "dataset.size=16",
    "dataset.n_train=100",
    f"dataset.n_test={N}",
    "shift.corruptions=[contrast,pixelate,brightness,gaussian_noise]",
    "evaluation.backend=eager",
    "evaluation.dtype=float32",
    "threads=1",
    "device=cpu",
]


@pytest.fixture
def predicted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each call of a network was shown."""
    counts: list[int] = []
    plain = Predictor.__call__

    def counting(self: Predictor, images: object) -> object:
        counts.append(len(images))  # type: ignore[arg-type]
        return plain(self, images)  # type: ignore[arg-type]

    monkeypatch.setattr(Predictor, "__call__", counting)
    return counts


def go(*words: str) -> None:
    assert main([*WORDS, *words]) == 0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_sample_is_marked_resumed_and_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, predicted: list[int], dtype: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*used("train", WORDS), "experiment=train", "train.epochs=1", f"train.dtype={dtype}"]) == 0
    predicted.clear()
    folder = tmp_path / "checkpoints" / "small_cnn_shapes"
    go("experiment=robustness", "evaluation.precision=4")
    run = load_run(folder)
    sample = run.sampled
    assert sample is not None and sample.of == 20 * N
    assert sample.mean.half_width <= 0.04
    assert 0 < sample.evaluated < sample.of
    assert sum(predicted) == sample.evaluated  # clean was there
    table = pd.read_csv(folder / "robustness_results.csv")
    assert (table["images"] == sample.rounds).all()
    # The table and comparisons have the mean of what was seen; the sample's value knows the clean answers.
    mean = compare([run]).accuracy("small_cnn", "corrupted").value
    assert table["top1_acc"].mean() == pytest.approx(100 * mean, abs=1e-4)
    assert mean == pytest.approx(sample.value, abs=2 * sample.mean.half_width)
    assert compare([run]).sampled == ("small_cnn",)

    # Again: nothing to do. More precisely: only what is more. After a part is lost: that part.
    predicted.clear()
    go("experiment=robustness", "evaluation.precision=4")
    assert sum(predicted) == 0 and load_run(folder).sampled == sample
    go("experiment=robustness", "evaluation.precision=1.5")
    finer = load_run(folder).sampled
    assert finer is not None and finer.steps[: len(sample.steps)] == sample.steps
    assert sum(predicted) == finer.evaluated - sample.evaluated > 0
    next((folder / "predictions").glob("*contrast-2*.part.parquet")).unlink()
    predicted.clear()
    go("experiment=robustness", "evaluation.precision=1.5")
    again = load_run(folder).sampled
    assert again is not None  # the looks begin anew, so it may end with a few images more, or fewer
    assert sum(predicted) == again.rounds + 19 * max(0, again.rounds - finer.rounds)
    finer = again

    # The whole: what the sample saw is not shown again, nothing is left of the parts, and the interval held.
    predicted.clear()
    go("experiment=robustness")
    whole = load_run(folder)
    assert whole.sampled is None
    assert sum(predicted) == finer.of - finer.evaluated
    assert not list((folder / "predictions").glob("*.part.parquet"))
    assert list(pd.read_csv(folder / "robustness_results.csv").columns)[-1] == "top5_acc"
    assert whole.scores.ids.tolist() == list(whole.predictions(whole.conditions[1]).ids)
    mean = compare([whole]).accuracy("small_cnn", "corrupted").value
    assert abs(mean - finer.value) <= 2 * finer.mean.half_width  # once is not enough for whatever weights
    assert json.loads((folder / "summary.json").read_text())["sample"] is None

    # And it is what an evaluation that never sampled gives.
    kept = {c: whole.predictions(c).logits for c in whole.conditions}
    for file in (folder / "predictions").glob("corruption*"):
        file.unlink()
    go("experiment=robustness")
    fresh = load_run(folder)
    for condition, logits in kept.items():
        np.testing.assert_allclose(fresh.predictions(condition).logits, logits, atol=1e-4)


def test_a_part_is_never_taken_for_the_whole(tmp_path: Path) -> None:
    store, cell = Store(tmp_path), Cell(Condition("corruption", "fog", 3), {"weights": "a"})
    some = Predictions(np.arange(3), np.zeros(3, np.int64), np.zeros((3, 2), np.float32))
    assert store.part(cell) is None
    store.write(cell, some, part=True)
    assert cell not in store
    store.forget_part(cell)  # not while the whole is missing
    assert len(store.part(cell) or ()) == 3
    rest = Predictions(np.arange(3, 6), np.zeros(3, np.int64), np.zeros((3, 2), np.float32))
    store.write(cell, some.join(rest))
    store.forget_part(cell)
    assert cell in store and len(store.part(cell) or ()) == 6
    assert [file.name for file in tmp_path.iterdir()] == [cell.file]


@pytest.mark.parametrize("precision", ["0", "-1", "51"])
def test_a_precision_out_of_range_is_refused(precision: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment=robustness", f"evaluation.precision={precision}"]) == 2
    assert "evaluation.precision" in capsys.readouterr().err
