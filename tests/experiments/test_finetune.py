"""Experiment 3 from the command line: what it writes, what it takes over, and what it refuses."""

import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from src.finetune import main as door

from withstand.analysis.changes import changes
from withstand.cli import main
from withstand.config.composing import config_folder
from withstand.engines import planning
from withstand.engines.engine import Plan
from withstand.engines.trials import Trial
from withstand.results import metrics
from withstand.results.conditions import Condition
from withstand.results.store import Cell, Predictions, Store

WORDS = [
    "model=small_cnn",
    "model.image_size=16",
    "dataset=shapes",
    "dataset.size=16",
    "threads=1",
    "dataset.n_train=64",
    "dataset.n_test=100",
    "shift.severities=[1,3]",
    "shift.corruptions=[fog,shot_noise,contrast]",
]
TUNE = ["experiment=finetune", "train.epochs=1", "finetune.images_per_epoch=96", *WORDS]


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """A folder in which experiments 1 and 2 were run."""
    folder = tmp_path_factory.mktemp("studied")
    assert main([*WORDS, "train.epochs=1", f"paths.checkpoints={folder / 'checkpoints'}"]) == 0
    return folder


@pytest.fixture
def there(studied, tmp_path, monkeypatch):
    """A copy of it, to work in."""
    shutil.copytree(studied / "checkpoints", tmp_path / "checkpoints")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "checkpoints" / "small_cnn_shapes"


def refused(capsys, *words):
    assert main(words) == 2
    told = capsys.readouterr().err.strip()
    assert "\n" not in told and told.startswith("error: "), told
    return told


def test_everything_it_writes(there, capsys):
    assert main(TUNE) == 0
    said = capsys.readouterr().out
    assert "81 source images under 6 conditions to train on, 10 under 6 to test before and after" in said
    assert "leaks" not in said
    folder = there / "finetune" / "grouped"
    names = {
        "best_model.pth",
        "history.csv",
        "curves.png",
        "summary.json",
        "provenance.json",
        "finetune_results.csv",
    }
    assert {path.name for path in folder.iterdir()} >= names
    rows = list(csv.DictReader((there / "finetune_results.csv").read_text().splitlines()))
    assert list(rows[0])[:5] == ["model", "corruption", "severity", "top1_acc", "top5_acc"]
    assert [(row["corruption"], row["severity"]) for row in rows] == [
        (c, s) for c in ("fog", "shot_noise", "contrast") for s in ("1", "3")
    ]
    summary = json.loads((folder / "summary.json").read_text())
    store = Store(folder / "predictions")
    after = {(c["variant"], str(c["severity"])): store.read(c["file"]) for c in summary["cells"]}
    before = {(c["variant"], str(c["severity"])): store.read(c["file"]) for c in summary["before"]}
    for row in rows:
        cell = row["corruption"], row["severity"]
        assert float(row["top1_acc"]) == pytest.approx(100 * metrics.top1(after[cell]))
        assert float(row["before_top5_acc"]) == pytest.approx(100 * metrics.top5(before[cell]))
        gain = 100 * (metrics.top1(after[cell]) - metrics.top1(before[cell]))
        assert float(row["top1_gain"]) == pytest.approx(gain, abs=1e-5)
        assert row["n"] == "10" and row["trained_on"] == "True"
    assert ("clean", "None") in before and ("clean", "None") in after
    tuned = torch.load(folder / "best_model.pth", weights_only=True)
    begun = torch.load(there / "best_model.pth", weights_only=True)
    assert tuned.keys() == begun.keys() and any(not torch.equal(tuned[k], begun[k]) for k in begun)

    written = {path: path.stat().st_mtime_ns for path in (folder / "predictions").iterdir()}
    assert main(TUNE) == 0, "a second time"
    assert "1 epochs, 1 done" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in (folder / "predictions").iterdir()} == written
    assert "finetune.images_per_epoch was 96, now 50" in refused(
        capsys, *TUNE, "finetune.images_per_epoch=50"
    )


def test_predictions_of_experiment_2_are_taken_over(there):
    """They are altered first, to see that it is these that come back."""
    summary = json.loads((there / "summary.json").read_text())
    store = Store(there / "predictions")
    for cell in summary["cells"]:
        whole = store.read(cell["file"])
        sevens = np.eye(10, dtype=np.float32)[np.full(len(whole), 7)]
        _rewrite(store, cell, Predictions(whole.ids, whole.labels, sevens))
    assert main([*TUNE, "finetune.protocol=train_images"]) == 0
    [tuned] = changes(there)
    for condition in tuned.before.conditions:
        assert np.array_equal(tuned.before.predictions(condition).logits.argmax(1), np.full(100, 7))


@pytest.fixture
def asked(there, monkeypatch):
    """For how many images an engine was chosen, each time; what is chosen is no default, and nothing was before."""
    totals, record = [], there / "provenance.json"
    known = json.loads(record.read_text())
    record.write_text(json.dumps({name: known[name] for name in known if name not in ("plans", "engine")}))

    def choose(classifier, device, settings, sample, total):
        if settings.backend != "auto":
            return planning.default(device, settings, classifier.preprocessing.image_size), None
        totals.append(total)
        assert len(sample), "there are images to try it on"
        fast = Plan("eager", "bfloat16", 16)
        return fast, Trial(fast, 1.0, 0.0, 0.0, 1.0, 0.0, len(sample))

    monkeypatch.setattr(planning, "choose", choose)
    return totals


def test_the_engine_of_experiment_2_is_chosen_again_and_its_predictions_are_taken_over(there, asked):
    assert main(["experiment=robustness", *WORDS]) == 0
    assert asked == [7 * 100]
    kept = {f.name.split(".")[0]: f for f in (there / "predictions").iterdir() if "bfloat16" in _dtype(f)}
    assert len(kept) == 7
    words = [*TUNE, "finetune.protocol=train_images"]
    assert main(words) == 0
    assert asked == [7 * 100], "the engine of experiment 2 is on record, and not chosen again"
    folder = there / "finetune" / "train_images"
    [tuned] = changes(there)
    store = Store(there / "predictions")
    for condition in tuned.before.conditions:
        expected = store.read(kept[str(condition).split(".")[0]].name)
        assert np.array_equal(tuned.before.predictions(condition).logits, expected.logits)
    made = json.loads((folder / "provenance.json").read_text())
    assert made["precision"] == "bfloat16" and made["engine"]["rate"] == 1.0
    predictions = {f: f.read_bytes() for f in (folder / "predictions").iterdir()}
    assert {_dtype(f) for f in predictions} == {"bfloat16"}, "before and after are computed alike"

    for file in list(predictions)[::2]:  # as one that was killed would have it
        file.unlink()
    assert main(words) == 0
    assert {f: f.read_bytes() for f in (folder / "predictions").iterdir()} == predictions


def test_without_experiment_2_an_engine_is_chosen_for_what_fine_tuning_tests(there, asked):
    summary = json.loads((there / "summary.json").read_text())
    (there / "summary.json").write_text(json.dumps(summary | {"cells": summary["cells"][:1]}))
    assert main(TUNE) == 0
    assert asked[0] == 2 * 7 * 10


def _dtype(file):
    """The precision that a cell was computed in, from the facts in its file."""
    return json.loads(pq.read_schema(file).metadata[b"withstand"])["dtype"]


def _rewrite(store, cell, predictions):
    """Other numbers under the same facts, as only a test does it."""
    facts = json.loads(pq.read_schema(store.root / cell["file"]).metadata[b"withstand"])
    condition = Condition(cell["shift"], cell["variant"], cell["severity"])
    assert facts.pop("condition") == str(condition)
    store.write(Cell(condition, facts), predictions)


@pytest.mark.parametrize(
    ("words", "leak", "trained", "tested"),
    [
        (["finetune.protocol=published"], {"rows": 0.5, "images": 1.0}, 6, 10),
        (["finetune.protocol=held_out", "finetune.held_out=[noise]"], {"rows": 0.0, "images": 0.0}, 4, 10),
        (["finetune.protocol=train_images"], {"rows": 0.0, "images": 0.0}, 6, 100),
    ],
)
def test_protocols(there, capsys, words, leak, trained, tested):
    assert main([*TUNE, *words]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert ("this protocol leaks: 50% of the test's rows and 100% of its source images" in said) == bool(
        leak["rows"]
    )
    [tuned] = changes(there)
    assert tuned.facts["leak"] == leak
    assert len(tuned.facts["trained"]) == trained and len(tuned.ids) == tested
    assert tuned.facts["shown"]["rows"] <= leak["rows"]
    assert ("unseen" in tuned.groups) == ("held_out" in words[0])
    assert not (there / "finetune_results.csv").exists(), "the study's name is the default protocol's"
    if "held_out" in words[0]:
        assert "under the 2 left out" in said


def test_the_price_of_the_leak_is_told_when_both_are_there(there, capsys):
    assert main(TUNE) == 0
    assert main([*TUNE, "finetune.protocol=published"]) == 0
    assert "the leak inflates accuracy by" in " ".join(capsys.readouterr().out.split())
    assert main(["experiment=report", "dataset=shapes"]) == 0
    page = Path("reports/shapes/report.md").read_text(encoding="utf-8")
    assert "How much the leak inflates accuracy" in page and "Fine-tuning on corrupted images" in page


def test_mistakes_before_any_work(there, capsys, tmp_path, monkeypatch):
    told = refused(capsys, *TUNE, "finetune.protocol=groupd")
    assert "finetune.protocol=groupd is not known; did you mean 'grouped'?" in told
    assert "unknown 'nois'" in refused(
        capsys, *TUNE, "finetune.protocol=held_out", "finetune.held_out=[nois]"
    )
    assert "say what to hold out" in refused(capsys, *TUNE, "finetune.protocol=held_out")
    assert "finetune.images_per_epoch=0 must be 1" in refused(capsys, *TUNE, "finetune.images_per_epoch=0")
    assert "finetune.test=1.0 must lie between" in refused(capsys, *TUNE, "finetune.test=1.0")
    assert not (there / "finetune").exists()
    other = tmp_path / "elsewhere"
    other.mkdir()
    monkeypatch.chdir(other)
    told = refused(capsys, *TUNE)
    assert "train it with `python main.py experiment=train model=small_cnn dataset=shapes`" in told
    assert os.listdir(other) == []


def test_the_studys_import_door_has_the_experiments_own_settings(there):
    with initialize_config_dir(version_base=None, config_dir=str(config_folder().resolve())):
        door(hydra_compose(config_name="config", overrides=WORDS))
    settings = json.loads((there / "finetune" / "grouped" / "training.json").read_text())
    assert settings["train"]["epochs"] == 5 and settings["train"]["schedule"] == "cosine"
    assert (there / "finetune_results.csv").is_file()
