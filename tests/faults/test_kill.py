"""Killed at any moment, the same command goes on and ends with the same bytes."""

import json
import random

import pytest
import torch
from tests.faults.running import REPEATS, Start, finish, place, run

RUN = "checkpoints/small_cnn_shapes"
WORDS = [
    "model=small_cnn",
    "model.image_size=16",
    "dataset=shapes",
    "dataset.size=16",
    "dataset.n_train=100",
    "dataset.n_test=30",
    "threads=1",
    "train.epochs=3",
    "shift.severities=[1,3]",
    "shift.corruptions=[shot_noise,glass_blur,snow,elastic_transform]",
]
KILLS = [("*/checkpoint.pth", 2), ("*/predictions/*", 4)]
"""In training, and once it has gone on from there, in the evaluation."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run that was left alone, the files that it wrote, and the folder of one that was killed twice."""
    folders = [tmp_path_factory.mktemp(name) for name in ("whole", "killed")]
    written, *_ = run(Start(WORDS, folders[0]), *(Start(WORDS, folders[1], kill) for kill in KILLS))
    return folders[0] / RUN, written, folders[1]


def check(finished, again):
    ours, theirs = (torch.load(f / "best_model.pth", weights_only=True) for f in (again, finished))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    last, expected = (torch.load(f / "checkpoint.pth", weights_only=True) for f in (again, finished))
    assert all(torch.equal(last["network"][name], expected["network"][name]) for name in expected["network"])
    assert (again / "robustness_results.csv").read_text() == (finished / "robustness_results.csv").read_text()
    summaries = [json.loads((f / "summary.json").read_text()) for f in (again, finished)]
    assert summaries[0] == summaries[1]
    files = [sorted(str(p.relative_to(f)) for p in f.rglob("*")) for f in (again, finished)]
    assert files[0] == files[1], "and no half-written file is left"


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_killed_in_training_and_in_the_evaluation_then_at_random_moments(runs, tmp_path, repeat):
    finished, written, folder = runs
    if repeat:
        folder = tmp_path
        run(Start(WORDS, folder, place(written, random.randrange(len(written)))))
    finish(WORDS, folder)
    check(finished, folder / RUN)
