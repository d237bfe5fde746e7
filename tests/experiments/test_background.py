"""Experiment 4 end to end: every protocol, killed and gone on with, by the command line and by the study's door."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from src.eval_background_robustness import main as door
from tests.faults.running import Start, finish
from tests.faults.running import run as start

from withstand import experiments, models
from withstand.analysis.backgrounds import reliance
from withstand.base.errors import UserError
from withstand.config.composing import compose, config_folder
from withstand.datasets.worlds import load
from withstand.engines import planning
from withstand.engines.predictor import Predictor
from withstand.images.imageset import ImageSet
from withstand.results.reading import load_run, load_runs
from withstand.session.usage import used
from withstand.training import frozen
from withstand.training.loop import train

WORDS = [
    "model=small_cnn",
    "dataset=shapes",
    "dataset.size=16",
    "model.image_size=16",
    "dataset.n_train=200",
    "dataset.n_test=60",
    "threads=1",
    "train.epochs=1",
    "background.folds=2",
]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*words):
    words = ["experiment=background", *WORDS, *words]
    assert experiments.run(compose(words), words) == 0
    return Path("checkpoints/small_cnn_shapes")


def outcome(folder, protocol):
    return next(one for one in reliance.reliances(load_run(folder)) if one.protocol == protocol)


def test_grouped_then_published_in_one_folder_and_one_report():
    folder = run()
    grouped = outcome(folder, "grouped")
    assert all(len(one) == 60 for one in grouped.predictions.values())
    assert len(grouped.predictions) == 8 and set(grouped.gaps) == {"bg_gap", "study_gap"}
    assert reliance.leaked(grouped.record) == ""
    run("background.protocol=published")
    published = outcome(folder, "published")
    assert [len(published.predictions[v]) for v in ("original", "mixed_rand")] == [6, 60]
    assert "80% of the pictures" in reliance.leaked(published.record)
    table = pd.read_csv(folder / "background_results.csv")
    assert set(table.protocol) == {"grouped", "published"}
    row = table[
        (table.protocol == "grouped") & (table.measure == "top1") & (table.variant == "only_fg")
    ].iloc[0]
    assert (
        row.percent == pytest.approx(100 * grouped.accuracy["only_fg"].value)
        and row.low < row.percent < row.high
    )
    words = ["experiment=report", "dataset=shapes"]
    assert experiments.run(compose(words), words) == 0
    page = Path("reports/shapes/report.md").read_text(encoding="utf-8")
    assert "Reliance on backgrounds" in page and "it leaks: 80%" in page and "top-5 says little" in page
    assert "No predictions to compare" not in page
    assert len(load_runs("checkpoints")) == 1


def test_trained_needs_experiment_1_and_trains_nothing():
    with pytest.raises(UserError, match="there is no trained model"):
        run("background.protocol=trained")
    words = ["experiment=train", *used("train", WORDS)]
    experiments.run(compose(words), words)
    before = Path("checkpoints/small_cnn_shapes/best_model.pth").read_bytes()
    summary = json.loads(Path("checkpoints/small_cnn_shapes/summary.json").read_text(encoding="utf-8"))
    folder = run("background.protocol=trained")
    assert (folder / "best_model.pth").read_bytes() == before
    after = json.loads((folder / "summary.json").read_text())
    assert {key: after[key] for key in summary} == summary  # what experiment 1 wrote stays
    assert len(outcome(folder, "trained").predictions["original"]) == 60


def test_other_foregrounds_are_another_run():
    """What another seed or correlation draws stands in no table beside these."""
    folder = run()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for word in ("dataset.correlation=1", "seed=7"):
        with pytest.raises(UserError, match="is another run: it is a run on other images"):
            run(word, "background.protocol=published")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_zero_shot_needs_pretrained_outputs():
    Path("map.json").write_text(json.dumps({str(n): "circle" for n in range(1000)}), encoding="utf-8")
    with pytest.raises(UserError, match="have none for them"):
        run("background.protocol=zero_shot", "background.map=map.json")


def test_nothing_is_computed_twice(monkeypatch):
    run()

    def never(*_, **__):
        raise AssertionError("computed again")

    monkeypatch.setattr(Predictor, "logits", never)
    run()


def test_an_engine_is_chosen_once_for_all_that_is_tested(monkeypatch):
    """And every fold runs with it, also where it goes on after a kill."""
    totals, fast = [], planning.Plan("eager", "bfloat16", 16)

    def choose(classifier, device, settings, sample, total):
        if settings.backend != "auto":
            return planning.default(device, settings, classifier.preprocessing.image_size), None
        assert len(sample) == 60, "there are images to try it on"
        totals.append(total)
        return fast, planning.Trial(fast, 1.0, 0.0, 0.0, 1.0, 0.0, 60)

    monkeypatch.setattr(planning, "choose", choose)
    folder = run()
    assert totals == [8 * 60], "once, for eight variants of 60 foregrounds"
    made = json.loads((folder / "provenance.json").read_text())["background"]["grouped"]
    assert made["precision"] == "bfloat16"
    tested = [f for f in (folder / "predictions").iterdir() if f.name.startswith("background")]
    facts = [json.loads(pq.read_schema(file).metadata[b"withstand"]) for file in tested]
    assert len(facts) == 16 and {one["dtype"] for one in facts} == {"bfloat16"}
    kept = {file: file.read_bytes() for file in tested}
    for file in tested[::3]:
        file.unlink()
    run()
    assert {f: f.read_bytes() for f in kept} == kept


def test_frozen_features_train_the_head_as_the_whole_network_would():
    """Against the plain way: every weight but the head's fixed, features computed anew in every step."""
    config = compose(
        [*WORDS, "train.freeze=backbone", "train.augment=none", "train.epochs=2", "train.dtype=float32"]
    )
    images = load(config).of("original")
    whole, plain = models.build(config), models.build(config)
    cpu = torch.device("cpu")
    shown = frozen.features(whole, images, cpu, torch.float32, 32)
    arguments = {"seed": 5, "device": cpu, "dtype": torch.float32, "eval_batch_size": 32, "resume": None}
    assert [*train(frozen.head_of(whole), shown, shown, config.train, **arguments)]

    class Fixed(torch.nn.Module):
        """The network in evaluation mode but for its head, whatever mode it is set to."""

        def __init__(self, network):
            super().__init__()
            self.network = network
            for name, weight in network.named_parameters():
                weight.requires_grad_(name.startswith("fc"))

        def train(self, mode=True):
            self.network.eval()
            return self

        def forward(self, batch):
            return self.network(batch)

        def parameters(self, recurse=True):
            return self.network.get_classifier().parameters(recurse)

    assert [*train(replace(plain, network=Fixed(plain.network)), images, images, config.train, **arguments)]
    for name, weight in whole.network.state_dict().items():
        assert torch.allclose(weight, plain.network.state_dict()[name], atol=1e-5), name
    head = models.build(config).network.get_classifier().weight
    assert not torch.allclose(whole.network.get_classifier().weight, head, atol=1e-3)  # it was trained


def test_features_are_kept_and_augmentation_is_refused():
    folder = run("train.freeze=backbone", "train.augment=none")
    assert len(list((folder / "background" / "features").iterdir())) == 1
    assert outcome(folder, "grouped").record["frozen"]
    with pytest.raises(UserError, match=r"add train\.augment=none"):
        compose([*WORDS, "train.freeze=backbone"])


def test_features_are_no_images():
    with pytest.raises(ValueError, match="float32 N×D"):
        frozen.Features(
            np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2, np.int64), np.zeros(2, np.int64), ("a",)
        )
    assert issubclass(frozen.Features, ImageSet)


def test_the_studys_door():
    with initialize_config_dir(version_base=None, config_dir=str(config_folder().resolve())):
        study = hydra_compose(config_name="config", overrides=["model=resnet50_pretrained_in9"])
        assert (study.dataset.name, study.train.schedule, study.train.epochs, study.train.batch_size) == (
            "imagenet9",
            "cosine",
            5,
            64,
        )
        door(hydra_compose(config_name="config", overrides=[f"++{w}" if "." in w else w for w in WORDS]))
    assert outcome(Path("checkpoints/small_cnn_shapes"), "grouped")


def test_killed_it_goes_on_to_the_same_results(tmp_path):
    words = ["experiment=background", *WORDS, "train.epochs=3", "dataset.n_test=100"]
    whole, broken, moved = (tmp_path / name for name in ("whole", "broken", "moved"))
    whole.mkdir()
    broken.mkdir()
    # In the middle of the second fold's training: the first fold is trained and tested.
    start(Start(words, whole), Start(words, broken, ("*/fold-2-of-2/checkpoint.pth", 2)))
    run_of = Path("checkpoints/small_cnn_shapes")
    assert (broken / run_of / "background/grouped/fold-2-of-2/checkpoint.pth").is_file()
    assert not (broken / run_of / "summary.json").exists()
    broken.rename(moved)
    finish(words, moved)
    ours, theirs = (folder / run_of / "background_results.csv" for folder in (moved, whole))
    assert ours.read_text() == theirs.read_text()
