"""A run folder is of one classifier on one data set: two of either, in every order, never meet in a row."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import timm
import torch
from PIL import Image

from withstand.cli import main
from withstand.config.composing import compose
from withstand.results import metrics
from withstand.results.reading import load_run, load_runs
from withstand.results.store import Store
from withstand.session.usage import used

SHIFT = ["shift.corruptions=[contrast]", "shift.severities=[1]", "shift.source=made"]
SETTINGS = [
    "threads=1",
    "train.epochs=1",
    "dataset.size=16",
    "model.image_size=16",
    "evaluation.dtype=float32",
]
GIVEN = "experiment=robustness"


def words(*more: str) -> list[str]:
    every = ["model=small_cnn", "dataset=folder", "dataset.num_classes=2", *SETTINGS, *SHIFT, *more]
    kind = next((word.removeprefix("experiment=") for word in more if word.startswith("experiment=")), "")
    return used(kind, every) if kind else every


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders called photos with the same names of files, a third, and two files of weights."""
    root = tmp_path_factory.mktemp("world")
    for seed, place in enumerate(("a/photos", "b/photos", "c/other")):
        draw = np.random.default_rng(seed)
        for split, label, number in itertools.product(("train", "test"), ("cat", "dog"), range(6)):
            (root / place / split / label).mkdir(parents=True, exist_ok=True)
            pixels = draw.integers(0, 256, (16, 16, 3), np.uint8)
            Image.fromarray(pixels).save(root / place / split / label / f"{number}.png")
    config = compose(words())
    for seed in (1, 2):
        torch.manual_seed(seed)
        network = timm.create_model(config.model.name, num_classes=2, **config.model.args)
        torch.save(network.state_dict(), root / f"{seed}.pth")
    return root


def command(world: Path, what: str) -> list[str]:
    kind, place = what.split(" on ")
    folder = f"dataset.folder={world / place}"
    if kind.startswith("given"):
        return words(GIVEN, folder, f"model.weights={world / kind[-1]}.pth")
    return words(f"experiment={kind}", folder)


ACTS = [
    "study on a/photos", "study on b/photos", "study on c/other",
    "given 1 on a/photos", "given 2 on a/photos", "given 1 on b/photos", "given 1 on c/other",
]  # fmt: skip


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def check(folder: Path) -> None:
    """Everything in it that a report reads is of one network on one set of images."""
    run, store = load_run(folder), Store(folder / "predictions")
    facts = [
        json.loads(pq.read_schema(folder / "predictions" / file).metadata[b"withstand"])
        for (file,) in run.files.values()
    ]
    assert len({one["weights"] for one in facts}) == len({one["images"] for one in facts}) == 1
    assert run.provenance["weights_digest"] == facts[0]["weights"]
    cells = {condition.variant: store.read(file) for condition, (file,) in run.files.items()}
    if run.summary.get("test"):
        assert run.summary["test"]["top1"] == pytest.approx(100 * metrics.top1(cells["clean"]), abs=1e-4)
    assert ("test" in run.summary) == (folder / "best_model.pth").is_file()
    if (folder / "robustness_results.csv").is_file():
        (row,) = pd.read_csv(folder / "robustness_results.csv").itertuples()
        assert row.top1_acc == pytest.approx(100 * metrics.top1(cells["contrast"]), abs=1e-4)


@pytest.mark.parametrize("first", ACTS)
def test_no_two_ever_meet(
    world: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    first: str,
) -> None:
    (tmp_path / "first").mkdir()
    monkeypatch.chdir(tmp_path / "first")
    assert main(command(world, first)) == 0
    for number, second in enumerate(ACTS):
        place = shutil.copytree(tmp_path / "first", tmp_path / str(number))
        monkeypatch.chdir(place)
        before = content(place)
        capsys.readouterr()
        code = main(command(world, second))
        told = capsys.readouterr().err
        folders = sorted(Path("checkpoints").iterdir())
        if first == second:
            assert code == 0 and len(folders) == 1
        elif ("other" in first) != ("other" in second):
            assert code == 0 and [f.name for f in folders] == ["small_cnn_other", "small_cnn_photos"]
        else:
            assert code == 2 and told.startswith("error: ") and told.count("\n") == 1, (second, told)
            assert "model.cfg_name=NAME" in told and content(place) == before
            named = [*command(world, second), "model.cfg_name=mine", "dataset.title=mine"]
            assert main(named) == 0, "as it says"
            folders = sorted(Path("checkpoints").iterdir())
            assert folders[0].name == "mine_mine"
        for folder in folders:
            check(folder)


@pytest.mark.parametrize("second", ["given 2 on a/photos", "given 1 on b/photos", "study on a/photos"])
def test_a_run_of_given_weights_is_replaced_where_asked(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command(world, "given 1 on a/photos")) == 0
    assert main([*command(world, second), "overwrite=true"]) == 0
    check(Path("checkpoints/small_cnn_photos"))


def test_a_trained_network_is_not_lost_to_an_evaluation(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command(world, "study on a/photos")) == 0
    before = content(tmp_path)
    for second in ("given 1 on a/photos", "robustness on b/photos"):
        assert main([*command(world, second), "overwrite=true"]) == 2
        assert "to keep both" in capsys.readouterr().err
    assert content(tmp_path) == before
    assert main([*command(world, "study on b/photos"), "overwrite=true"]) == 0, "trained anew"
    check(Path("checkpoints/small_cnn_photos"))


def test_every_experiment_asks_whose_the_folder_is(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command(world, "given 1 on a/photos")) == 0
    before = content(tmp_path)
    for kind in ("train", "study", "robustness", "finetune"):
        for place in ("a/photos", "b/photos"):
            given = [f"model.weights={world}/2.pth"] if kind in ("robustness", "finetune") else []
            assert main([*command(world, f"{kind} on {place}"), *given]) == 2
            assert "is another run" in capsys.readouterr().err, (kind, place)
    assert content(tmp_path) == before


def test_best_model_that_was_put_there_is_not_what_the_results_are_of(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command(world, "study on a/photos")) == 0
    best = Path("checkpoints/small_cnn_photos/best_model.pth")
    best.write_bytes((world / "1.pth").read_bytes())
    assert main(command(world, "robustness on a/photos")) == 2
    assert "its results are of another network" in capsys.readouterr().err


def test_runs_of_one_name_on_other_images_are_never_compared(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two models, each on its own folder called photos: one table would pair images by their names."""
    monkeypatch.chdir(tmp_path)
    assert main(command(world, "given 1 on a/photos")) == 0
    assert main([*command(world, "given 2 on b/photos"), "model.cfg_name=second"]) == 0
    record = Path("checkpoints/second_photos/provenance.json")
    made = json.loads(record.read_text(encoding="utf-8")) | {"made": "2999-01-01T00:00:00+00:00"}
    record.write_text(json.dumps(made), encoding="utf-8")
    runs = load_runs("checkpoints", dataset="photos")
    assert [run.model for run in runs] == ["second"]
    assert "its images are not those of second_photos" in runs.left_out[0].reason
    assert (
        main(
            [
                "experiment=report",
                "dataset=folder",
                f"dataset.folder={world}/b/photos",
                "dataset.num_classes=2",
            ]
        )
        == 0
    )
    assert "small_cnn" in Path("reports/photos/report.md").read_text(encoding="utf-8"), "said to be left out"


def old(folder: Path) -> Path:
    """The run as it was left before data sets had names."""
    (folder / "run.json").unlink()
    for name in ("summary.json", "provenance.json"):
        content = json.loads((folder / name).read_text())
        if name == "summary.json":
            content["dataset"] = "folder"
        else:
            content["config"]["dataset"] |= {"title": "images of your own, a folder a class"}
            del content["config"]["dataset"]["about"]
        (folder / name).write_text(json.dumps(content))
    return folder.rename(folder.with_name("small_cnn_folder"))


@pytest.mark.parametrize("act", ["study on a/photos", "given 1 on a/photos"])
def test_runs_of_before_are_read_and_gone_on_with(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], act: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command(world, act)) == 0
    folder = old(Path("checkpoints/small_cnn_photos"))
    assert [run.folder.name for run in load_runs("checkpoints", dataset="photos")] == ["small_cnn_folder"]
    kept = content(folder / "predictions")
    if act.startswith("given"):
        assert main(command(world, "given 2 on a/photos")) == 2, "of other weights"
        assert main(command(world, "study on a/photos")) == 2
    else:
        assert main(command(world, "given 1 on a/photos")) == 2
    capsys.readouterr()
    assert main(command(world, act)) == 0
    assert "2 conditions × 12 images, 2 done" in capsys.readouterr().out
    assert content(folder / "predictions") == kept and len(list(Path("checkpoints").iterdir())) == 1
    assert main(command(world, "given 1 on c/other")) == 0
    assert len(list(Path("checkpoints").iterdir())) == 2


def test_weights_read_in_another_way_are_another_run_and_no_table_of_the_old_one_stays(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    given, other = command(world, "given 1 on a/photos"), command(world, "given 2 on a/photos")
    assert main([*given, "model.mean=[0.5,0.5,0.5]"]) == 0
    before = content(tmp_path)
    assert main([*given, "model.mean=[0.1,0.1,0.1]"]) == 2
    assert "made ready in another way" in " ".join(capsys.readouterr().err.split())
    assert content(tmp_path) == before
    assert main([*given, "model.mean=[0.5,0.5,0.5]"]) == 0, "the same goes on"
    old = tmp_path / "checkpoints" / "small_cnn_photos" / "cue_conflict_results.csv"
    old.write_text("of other weights")
    assert main([*other, "model.mean=[0.1,0.1,0.1]", "overwrite=true"]) == 0
    assert not old.exists() and old.with_name("robustness_results.csv").is_file()


def test_a_trained_network_is_read_as_it_was_evaluated_before(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    trained = command(world, "study on a/photos")
    assert main(trained) == 0 and main(trained) == 0
    evaluated = command(world, "robustness on a/photos")
    assert main(evaluated) == 0
    capsys.readouterr()
    assert main([*evaluated, "model.mean=[0.1,0.1,0.1]"]) == 2
    assert "made ready in another way" in " ".join(capsys.readouterr().err.split())
