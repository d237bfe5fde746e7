"""A fine-tuning killed at any moment goes on with the same command and ends with the same bytes."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from withstand.cli import main

ROOT = Path(__file__).resolve().parents[2]
WORDS = [
    "model=small_cnn",
    "dataset=shapes",
    "threads=1",
    "dataset.n_train=64",
    "dataset.n_test=60",
    "shift.severities=[2]",
    "shift.corruptions=[fog,shot_noise]",
]
TUNE = ["experiment=finetune", "train.epochs=3", "finetune.images_per_epoch=96", *WORDS]


def start(folder):
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *TUNE],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def finish(folder):
    process = start(folder)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return folder / "checkpoints" / "small_cnn_shapes"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with experiment 1's model in it."""
    folder = tmp_path_factory.mktemp("trained")
    words = ["experiment=train", "train.epochs=1", f"paths.checkpoints={folder / 'checkpoints'}", *WORDS]
    assert main(words) == 0
    return folder


@pytest.fixture(scope="module")
def whole(trained, tmp_path_factory):
    """A fine-tuning that was left alone, and the seconds it took."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    shutil.copytree(trained, folder)
    started = time.monotonic()
    return finish(folder), time.monotonic() - started


@pytest.mark.parametrize("moment", [0.6, 0.75, 0.9])
def test_killed_at_a_random_moment(trained, whole, tmp_path, moment):
    finished, seconds = whole
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    process = start(folder)
    time.sleep(seconds * (moment + random.uniform(-0.1, 0.1)))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    again = finish(folder)
    for name in ("best_model.pth", "checkpoint.pth"):
        ours, theirs = (
            torch.load(f / "finetune" / "grouped" / name, weights_only=True) for f in (again, finished)
        )
        ours, theirs = (state.get("network", state) for state in (ours, theirs))
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    for name in ("finetune_results.csv", "finetune/grouped/finetune_results.csv"):
        assert (again / name).read_bytes() == (finished / name).read_bytes()
    summaries = [
        json.loads((f / "finetune" / "grouped" / "summary.json").read_text()) for f in (again, finished)
    ]
    assert summaries[0] == summaries[1]
    files = [
        {p.name: p.read_bytes() for p in (f / "finetune/grouped/predictions").iterdir()}
        for f in (again, finished)
    ]
    assert files[0] == files[1] and len(files[0]) == 6
