"""The command line as a user meets it: help, mistakes, and the small runs that end well."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from withstand.cli import main
from withstand.config.composing import choices
from withstand.session.usage import used

ROOT = Path(__file__).resolve().parents[1]
SMALL = ["dataset=shapes", "dataset.n_train=120", "dataset.n_test=20", "train.epochs=1", "threads=1"]


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys, *words):
    """The one line that the words end in."""
    assert main(words) == 2
    told = capsys.readouterr().err.strip()
    assert "\n" not in told and told.startswith("error: "), told
    return told


def test_help_names_everything_there_is(capsys):
    assert main(["--help"]) == 0
    page = capsys.readouterr().out
    for group in ("experiment", "model", "dataset", "shift", "tracker"):
        assert all(name in page for name in choices(group))
    assert page.count("\n  python main.py ") >= 5
    assert 'pip install "withstand[wandb]"' in page


def test_version_and_configuration_are_printed(capsys):
    assert main(["--version"]) == 0
    assert main(["--cfg", "model=resnet50", "train.epochs=3"]) == 0
    assert "epochs: 3" in capsys.readouterr().out


def test_mistakes_leave_nothing_behind(capsys, there):
    assert "did you mean 'small_cnn'" in refused(capsys, "model=smal_cnn", *SMALL)
    assert "train.epochs=-1" in refused(capsys, "model=small_cnn", *SMALL, "train.epochs=-1")
    assert "more than the 120 images" in refused(capsys, "model=small_cnn", *SMALL, "dataset.train_limit=121")
    assert "unknown 'fogg'; did you mean 'fog'?" in refused(
        capsys, "model=small_cnn", *SMALL, "shift.corruptions=[fogg]"
    )
    assert "no trained model" in refused(
        capsys, "experiment=robustness", "model=small_cnn", *used("robustness", SMALL)
    )
    assert "there is no folder checkpoints" in refused(capsys, "experiment=report", "dataset=shapes")
    assert "unknown tracker 'mlflow'" in refused(capsys, "model=small_cnn", *SMALL, "tracker=mlflow")
    assert os.listdir(there) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there(capsys, there):
    assert "no CUDA device" in refused(capsys, "model=small_cnn", *SMALL, "device=cuda")
    assert "is not a device" in refused(capsys, "model=small_cnn", *SMALL, "train.device=gpu")


def test_a_folder_that_cannot_be_written(capsys, there):
    (there / "checkpoints").write_text("a file where the folder should be")
    assert "cannot write checkpoints" in refused(capsys, "model=small_cnn", *SMALL)
    # And before data is looked for, which could be a download.
    assert "cannot write checkpoints" in refused(capsys, "model=small_cnn", "dataset=cifar10")


def test_weights_of_another_architecture(capsys, there):
    torch.save(timm.create_model("resnet18", num_classes=10).state_dict(), there / "other.pth")
    told = refused(capsys, "model=small_cnn", *SMALL, "model.weights=other.pth")
    assert "other.pth holds weights of another architecture" in told
    assert os.listdir(there) == ["other.pth"]


def test_a_truncated_batch_file(capsys, there):
    folder = there / "data" / "cifar10" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    content = pickle.dumps({b"data": np.zeros((10, 3072), np.uint8), b"labels": [0] * 10})
    (folder / "data_batch_1").write_bytes(content[:100])
    told = refused(capsys, "model=small_cnn", "dataset=cifar10")
    assert "data_batch_1" in told and "damaged" in told


def test_a_small_run_and_everything_it_writes(capsys, there):
    words = ["model=small_cnn", *SMALL, "shift.corruptions=[fog,contrast]", "shift.severities=[1,5]"]
    assert main(words) == 0
    assert "corruptions: made from the test images" in capsys.readouterr().out
    folder = there / "checkpoints" / "small_cnn_shapes"
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "best_model.pth",
        "model_config.yaml",
        "data_config.yaml",
        "robustness_results.csv",
        "history.csv",
        "curves.png",
        "summary.json",
        "provenance.json",
    }
    table = (folder / "robustness_results.csv").read_text().splitlines()
    assert table[0] == "model,corruption,severity,top1_acc,top5_acc"
    assert [line.split(",")[:3] for line in table[1:]] == [
        ["small_cnn", c, s] for c in ("fog", "contrast") for s in ("1", "5")
    ]
    record = json.loads((folder / "provenance.json").read_text())
    assert record["seed"] == 42 and record["precision"] and len(record["weights_digest"]) == 64
    assert record["config"]["train"]["epochs"] == 1

    written = {path: path.stat().st_mtime_ns for path in (folder / "predictions").iterdir()}
    assert len(written) == 5
    assert main(words) == 0, "a second time"
    assert "5 conditions × 20 images, 5 done" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in (folder / "predictions").iterdir()} == written

    assert "train.learning_rate was 0.002, now 0.1" in refused(capsys, *words, "train.learning_rate=0.1")
    assert main([*words, "train.learning_rate=0.1", "overwrite=true"]) == 0


def test_the_weights_give_the_same_accuracy_outside_withstand(there):
    words = [
        "experiment=train",
        "model=small_cnn",
        *SMALL,
        "dataset.n_test=60",
        "train.epochs=2",
        "evaluation.dtype=float32",
    ]
    assert main(words) == 0
    from withstand import datasets
    from withstand.config.composing import compose

    config = compose(words)
    test = datasets.load(config).test
    network = timm.create_model(config.model.name, num_classes=10, **config.model.args)
    network.load_state_dict(torch.load(config.run_folder / "best_model.pth", weights_only=True))
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (config.dataset.mean, config.dataset.std))
    images = (torch.from_numpy(test.images).permute(0, 3, 1, 2) / 255 - mean) / std
    with torch.no_grad():
        told = network.eval()(images).argmax(1).numpy()
    expected = json.loads((config.run_folder / "summary.json").read_text())["test"]["top1"]
    assert 100 * (told == test.labels).mean() == pytest.approx(expected, abs=1e-4)


def test_the_studys_import_doors(there):
    program = (
        "from src.train import main\nfrom src import eval_robustness\n"
        "from hydra import initialize_config_dir, compose\nimport os\n"
        "with initialize_config_dir(version_base=None, config_dir=os.path.abspath('./configs')):\n"
        "    cfg = compose(config_name='config', overrides=['model=small_cnn', 'dataset=shapes', 'train.epochs=1',"
        " 'dataset.n_train=120', 'dataset.n_test=20', 'shift.severities=[2]', 'threads=1',"
        f" 'shift.corruptions=[fog,contrast]', 'paths.checkpoints={there}'])\n"
        "    main(cfg)\n    eval_robustness.main(cfg)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=200)
    assert (there / "small_cnn_shapes" / "robustness_results.csv").is_file()
