"""Every experiment on two nodes gives what this process alone gives, bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import withstand

pytest.importorskip("ray", reason="Ray is not installed")

from tests.cluster.conftest import costs, predicted
from tests.faults.scenes import pictures

from withstand.cli import main
from withstand.results.conditions import Condition
from withstand.results.store import Cell, Store

SMALL = [
    "model=small_cnn",
    "model.image_size=16",
    "dataset=shapes",
    "dataset.size=16",
    "dataset.n_train=64",
    "dataset.n_test=200",
    "threads=1",
]
SHIFT = ["shift.corruptions=[contrast,frost,gaussian_noise]", "shift.severities=[1,5]"]
STUDY = ["experiment=study", *SMALL, *SHIFT, "train.epochs=2"]
TUNING = ["experiment=finetune", *SMALL, *SHIFT, "finetune.test=0.5", "train.epochs=1"]
FOLDS = ["experiment=background", *SMALL, "background.folds=2", "train.epochs=2", "suffix=-b"]
SAMPLE = [*STUDY, "suffix=-s", "evaluation.precision=4"]

pytestmark = pytest.mark.xdist_group("cluster")  # one cluster, in one process of the tests


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything by this process."""
    root = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert [main(words) for words in (STUDY, TUNING, FOLDS, SAMPLE)] == [0, 0, 0, 0]
    return root / "checkpoints"


@pytest.fixture
def shared(two_nodes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return ["cluster=ray", f"cluster.address={two_nodes.address}", "cluster.images_per_piece=64"]


def test_a_study_and_a_fine_tuning(alone, shared, tmp_path):
    run, theirs = tmp_path / "checkpoints/small_cnn_shapes", alone / "small_cnn_shapes"
    assert main([*STUDY, *shared]) == 0
    spent = costs(run)
    assert spent["pieces"] == 2 + 3 + 6 * 4, "a training, a test, and 200 images in batches of 64 six times"
    assert spent["again"] == 0 and len(spent["nodes"]) == 1 and spent["device_seconds"]["cpu"] > 0
    assert main([*TUNING, *shared]) == 0
    assert len(predicted(run)) == 7 + 14 and predicted(run) == predicted(theirs)
    table = "robustness_results.csv"
    assert (run / table).read_text() == (theirs / table).read_text()

    # As a driver leaves it that is killed while pieces of one cell are there.
    whole = next((run / "predictions").glob("corruption-frost-5.*.parquet"))
    store, (*_, key, _) = Store(whole.parent), whole.name.split(".")
    found, facts = store.read(whole.name), store.facts(whole.name)
    facts.pop("condition")
    cell = Cell(Condition("corruption", "frost", 5), facts)
    assert cell.key == key
    whole.unlink()
    store.add(cell, found.take(np.arange(64, 128)))
    store.add(cell, found.take(np.arange(192, 200)))
    assert main(["experiment=robustness", *SMALL, *SHIFT, *shared]) == 0
    assert costs(run)["pieces"] == 2
    assert predicted(run) == predicted(theirs)
    assert not [*run.rglob("*.pieces")], "pieces go when the cell is whole"


def test_folds_and_a_sample_side_by_side(alone, shared, tmp_path):
    assert main([*FOLDS, *shared]) == 0
    assert main([*SAMPLE, *shared]) == 0
    for name in ("small_cnn_shapes-b", "small_cnn_shapes-s"):
        mine = tmp_path / "checkpoints" / name
        assert predicted(mine) == predicted(alone / name) != {}
    table = "small_cnn_shapes-s/robustness_results.csv"
    assert (tmp_path / "checkpoints" / table).read_text() == (alone / table).read_text()


def test_corrupted_images_are_written(shared, tmp_path, monkeypatch):
    """What comes back is files, in their order."""
    monkeypatch.setattr("withstand.shifts.corruption.writing._SENT", 64 * 16 * 16 * 3)
    words = ["experiment=corrupt", *SMALL[2:], *SHIFT]
    assert main([*words, "shift.written=one"]) == 0
    assert main([*words, "shift.written=two", *shared]) == 0
    one, two = (json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("one", "two"))
    assert one["files"] == two["files"] and len(one["files"]) == 6


def test_objects_are_cut_out(shared, tmp_path):
    """Of real photographs there would be more; each is cut by itself, wherever that is."""
    pictures(tmp_path)
    words = ["experiment=make_backgrounds", "make_backgrounds.images=images", "make_backgrounds.masks=masks"]
    words += ["make_backgrounds.size=16", "threads=1"]
    assert main([*words, "make_backgrounds.to=one"]) == 0
    assert main([*words, "make_backgrounds.to=two", *shared]) == 0
    one, two = (
        {str(path.relative_to(tmp_path / to)): path.read_bytes() for path in (tmp_path / to).rglob("*.JPEG")}
        for to in ("one", "two")
    )
    assert one == two and len(one) == 8 * 8  # as many variants


def test_a_sweep_is_one_command_and_a_report(shared, tmp_path, capsys):
    words = [*STUDY, "models=[small_cnn]", "seeds=[3,4]", "dataset.n_test=64", *shared]
    words = [word for word in words if word != "model=small_cnn" and not word.startswith("model.")]
    assert main(words) == 0
    names = {one.name for one in (tmp_path / "checkpoints").iterdir()}
    assert names == {f"small_cnn_shapes{s}" for s in ("", "-seed4")}
    assert "report: reports/shapes/report.html" in capsys.readouterr().out
    each = [Store(one / "predictions") for one in sorted((tmp_path / "checkpoints").iterdir())]
    images = {
        store.facts(file.name)["images"] for store in each for file in store.root.glob("corruption*.parquet")
    }
    assert len(images) == 1, "all trainings are shown the same images"


def test_evaluate_in_python_takes_a_module_of_ones_own(two_nodes):
    images = np.random.default_rng(0).integers(0, 256, (130, 8, 8, 3), np.uint8)
    labels = np.arange(130) % 4

    class Own(torch.nn.Module):
        def forward(self, x):
            return x.flatten(1)[:, :4]

    settings = {"corruption": {"corruptions": ["contrast"], "severities": [1, 5]}}
    alone = withstand.evaluate(Own(), images, labels, shifts=settings, batch_size=32)
    with withstand.on_cluster(two_nodes.address, device="cpu", images_per_piece=32):
        shared = withstand.evaluate(Own(), images, labels, shifts=settings, batch_size=32)
    assert str(alone) == str(shared)
    (cost,) = [json.loads((Path(shared.run.folder) / "provenance.json").read_text())["cluster"]]
    assert cost["pieces"] == 3 * 5
