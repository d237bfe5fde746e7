"""A fine-tuning killed at any moment goes on with the same command and ends with the same bytes."""

import json
import random
import shutil

import pytest
import torch
from tests.faults.running import REPEATS, Start, finish, place, run

from withstand.cli import main
from withstand.session.usage import used

RUN = "checkpoints/small_cnn_shapes"
WORDS = [
    "model=small_cnn",
    "model.image_size=16",
    "dataset=shapes",
    "dataset.size=16",
    "threads=1",
    "dataset.n_train=64",
    "dataset.n_test=60",
    "shift.severities=[2]",
    "shift.corruptions=[fog,shot_noise]",
]
TUNE = ["experiment=finetune", "train.epochs=3", "finetune.images_per_epoch=64", *WORDS]
KILLS = [("*/finetune/grouped/checkpoint.pth", 2), ("*/finetune/grouped/predictions/*", 2)]
"""In training, and once it has gone on from there, in the test."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with experiment 1's model in it."""
    folder = tmp_path_factory.mktemp("trained")
    words = ["experiment=train", "train.epochs=1", f"paths.checkpoints={folder / 'checkpoints'}"]
    assert main([*words, *used("train", WORDS)]) == 0
    return folder


@pytest.fixture(scope="module")
def runs(trained, tmp_path_factory):
    """A fine-tuning that was left alone, the files that it wrote, and the folder of one that was killed twice."""
    folders = [
        shutil.copytree(trained, tmp_path_factory.mktemp(name) / "run") for name in ("whole", "killed")
    ]
    written, *_ = run(Start(TUNE, folders[0]), *(Start(TUNE, folders[1], kill) for kill in KILLS))
    return folders[0] / RUN, written, folders[1]


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_killed_in_training_and_in_the_test_then_at_random_moments(trained, runs, tmp_path, repeat):
    finished, written, folder = runs
    if repeat:
        folder = shutil.copytree(trained, tmp_path / "run")
        run(Start(TUNE, folder, place(written, random.randrange(len(written)))))
    finish(TUNE, folder)
    again = folder / RUN
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
