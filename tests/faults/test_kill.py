"""Killed at any moment, the same command goes on and ends with the same bytes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
WORDS = [
    "model=small_cnn",
    "dataset=shapes",
    "threads=1",
    "dataset.n_train=400",
    "dataset.n_test=40",
    "train.epochs=4",
    "shift.severities=[1,3]",
]


def start(folder):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *WORDS],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )


def finish(folder):
    process = start(folder)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return folder / "checkpoints" / "small_cnn_shapes"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that was left alone, and the seconds from its first sign of life to its end."""
    folder = tmp_path_factory.mktemp("whole")
    started = time.monotonic()
    return finish(folder), time.monotonic() - started


@pytest.mark.parametrize("moment", [0.45, 0.65, 0.85])
def test_killed_at_a_random_moment(whole, tmp_path, moment):
    finished, seconds = whole
    process = start(tmp_path)
    time.sleep(seconds * (moment + random.uniform(-0.1, 0.1)))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    again = finish(tmp_path)
    ours, theirs = (torch.load(f / "best_model.pth", weights_only=True) for f in (again, finished))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    last, expected = (torch.load(f / "checkpoint.pth", weights_only=True) for f in (again, finished))
    assert all(torch.equal(last["network"][name], expected["network"][name]) for name in expected["network"])
    assert (again / "robustness_results.csv").read_text() == (finished / "robustness_results.csv").read_text()
    summaries = [json.loads((f / "summary.json").read_text()) for f in (again, finished)]
    assert summaries[0] == summaries[1]
