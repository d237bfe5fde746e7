"""Killed at any moment, the same command goes on and ends with the same bytes."""

import json

import pytest
import torch
from tests.faults.running import finish, kill

RUN = "checkpoints/small_cnn_shapes"
WORDS = [
    "model=small_cnn",
    "dataset=shapes",
    "threads=1",
    "dataset.n_train=400",
    "dataset.n_test=40",
    "train.epochs=4",
    "shift.severities=[1,3]",
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that was left alone, and the seconds it took."""
    folder = tmp_path_factory.mktemp("whole")
    return folder / RUN, finish(WORDS, folder)


@pytest.mark.parametrize("moment", [0.45, 0.65, 0.85])
def test_killed_at_a_random_moment(whole, tmp_path, moment):
    finished, seconds = whole
    kill(WORDS, tmp_path, seconds, moment)
    finish(WORDS, tmp_path)
    again = tmp_path / RUN
    ours, theirs = (torch.load(f / "best_model.pth", weights_only=True) for f in (again, finished))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    last, expected = (torch.load(f / "checkpoint.pth", weights_only=True) for f in (again, finished))
    assert all(torch.equal(last["network"][name], expected["network"][name]) for name in expected["network"])
    assert (again / "robustness_results.csv").read_text() == (finished / "robustness_results.csv").read_text()
    summaries = [json.loads((f / "summary.json").read_text()) for f in (again, finished)]
    assert summaries[0] == summaries[1]
