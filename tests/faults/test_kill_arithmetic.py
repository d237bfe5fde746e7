"""Killed and started again where the measurement of the machine says now this, now that: the same weights."""

import json

import pytest
import torch
from tests.faults.running import ROOT, finish, kill

RUN = "checkpoints/small_cnn_shapes"
WORDS = [
    "experiment=train",
    "model=small_cnn",
    "dataset=shapes",
    "threads=1",
    "device=cpu",
    "dataset.n_train=400",
    "dataset.n_test=40",
    "train.epochs=6",
]
PROGRAM = f"""
import random, sys
sys.path.insert(0, {str(ROOT / "src")!r})
from withstand.engines import device
from withstand.cli import main
device._cpu_is_faster_in_bfloat16 = lambda: SAID
sys.exit(main(sys.argv[1:]))
"""
SAID = {"float32": "False", "bfloat16": "True", "either": "random.random() < 0.5"}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The command line on machines whose measurement says always one thing, or either by chance."""
    folder = tmp_path_factory.mktemp("programs")
    for name, said in SAID.items():
        (folder / f"{name}.py").write_text(PROGRAM.replace("SAID", said))
    return {name: folder / f"{name}.py" for name in SAID}


@pytest.fixture(scope="module")
def whole(programs, tmp_path_factory):
    """The weights of a run that was left alone, in each arithmetic, and the seconds it took."""
    found, seconds = {}, 0.0
    for dtype in ("float32", "bfloat16"):
        folder = tmp_path_factory.mktemp(dtype)
        seconds = finish(WORDS, folder, programs[dtype])
        found[dtype] = torch.load(folder / RUN / "checkpoint.pth", weights_only=True)["network"]
    return found, seconds


@pytest.mark.parametrize("repeat", range(2))
def test_the_weights_are_those_of_the_arithmetic_it_began_with(whole, programs, tmp_path, repeat):
    expected, seconds = whole
    for moment in (0.6, 0.8):
        kill(WORDS, tmp_path, seconds, moment, programs["either"])
    finish(WORDS, tmp_path, programs["either"])
    record = json.loads((tmp_path / RUN / "provenance.json").read_text())
    ours = torch.load(tmp_path / RUN / "checkpoint.pth", weights_only=True)
    theirs = expected[ours["dtype"]]
    assert record["trained_in"] == ours["dtype"] == record["arithmetic"]["cpu"]
    assert all(torch.equal(ours["network"][name], theirs[name]) for name in theirs)
