"""A fine-tuning killed at any moment goes on with the same command and ends with the same bytes."""

import json
import shutil

import pytest
import torch
from tests.faults.running import finish, kill

from withstand.cli import main
from withstand.session.usage import used

RUN = "checkpoints/small_cnn_shapes"
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


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with experiment 1's model in it."""
    folder = tmp_path_factory.mktemp("trained")
    words = ["experiment=train", "train.epochs=1", f"paths.checkpoints={folder / 'checkpoints'}"]
    assert main([*words, *used("train", WORDS)]) == 0
    return folder


@pytest.fixture(scope="module")
def whole(trained, tmp_path_factory):
    """A fine-tuning that was left alone, and the seconds it took."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    shutil.copytree(trained, folder)
    return folder / RUN, finish(TUNE, folder)


@pytest.mark.parametrize("moment", [0.6, 0.75, 0.9])
def test_killed_at_a_random_moment(trained, whole, tmp_path, moment):
    finished, seconds = whole
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    kill(TUNE, folder, seconds, moment)
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
