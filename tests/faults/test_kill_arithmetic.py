"""Killed and started again where the measurement of the machine says now this, now that: the same weights."""

import json
import random

import pytest
import torch
from tests.faults.running import REPEATS, ROOT, Start, finish, place, run

RUN = "checkpoints/small_cnn_shapes"
WORDS = [
    "experiment=train",
    "model=small_cnn",
    "model.image_size=16",
    "dataset=shapes",
    "dataset.size=16",
    "threads=1",
    "device=cpu",
    "dataset.n_train=60",
    "dataset.n_test=20",
    "train.epochs=4",
]
PROGRAM = f"""
import sys
sys.path.insert(0, {str(ROOT / "src")!r})
from withstand.engines import device
from withstand.cli import main
device._cpu_is_faster_in_bfloat16 = lambda: SAID
sys.exit(main(sys.argv[1:]))
"""
KILLS = [("*/checkpoint.pth", 2), ("*/checkpoint.pth", 2)]
"""In the second epoch, and once it has gone on, in the third."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The weights in each arithmetic of runs left alone, the files of one, and the folder of one killed twice."""
    alone = {said: tmp_path_factory.mktemp(str(said)) for said in (False, True)}
    killed = tmp_path_factory.mktemp("killed")
    written, *_ = run(
        *(Start(WORDS, folder, bfloat16=said) for said, folder in alone.items()),
        *(Start(WORDS, killed, kill, bfloat16=not turn) for turn, kill in enumerate(KILLS)),
    )
    found = [torch.load(folder / RUN / "checkpoint.pth", weights_only=True) for folder in alone.values()]
    assert [state["dtype"] for state in found] == ["float32", "bfloat16"]
    return {state["dtype"]: state["network"] for state in found}, written, killed


@pytest.mark.parametrize("repeat", range(REPEATS))
def test_the_weights_are_those_of_the_arithmetic_it_began_with(runs, tmp_path, repeat):
    """The first start measures the one thing, all after it the other."""
    expected, written, folder = runs
    first = repeat % 2 == 0
    if repeat:
        folder = tmp_path
        run(Start(WORDS, folder, place(written, random.randrange(len(written))), first))
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("SAID", str(not first)))
    finish(WORDS, folder, program)
    record = json.loads((folder / RUN / "provenance.json").read_text())
    ours = torch.load(folder / RUN / "checkpoint.pth", weights_only=True)
    theirs = expected[ours["dtype"]]
    assert repeat or ours["dtype"] == "bfloat16"
    assert record["trained_in"] == ours["dtype"] == record["arithmetic"]["cpu"]
    assert all(torch.equal(ours["network"][name], theirs[name]) for name in theirs)
