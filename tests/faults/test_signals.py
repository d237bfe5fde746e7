"""A signal after engines came and went finds the process alive: OpenVINO's Cores leave a thread without its stack."""

import subprocess
import sys

import pytest

from withstand.engines.openvino_engine import available

pytestmark = pytest.mark.skipif(not available(), reason="needs OpenVINO")

# The next engine is built before the last is freed, as a trial does it: first in, first out.
ENGINES = """
import os, signal, torch
from withstand.engines import openvino_engine

heard = []
signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))
layers = [torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 5)]
network, images = torch.nn.Sequential(*layers).eval(), torch.randn(16, 3, 8, 8)
for _ in range(3):
    first = openvino_engine.build(network, DTYPE, 8, images)
    second = openvino_engine.build(network, "float32", 8, images)
    assert first(images).shape == second(images).shape
    del first
    del second
    os.kill(os.getpid(), signal.SIGUSR1)
assert len(heard) == 3
"""

TRIALS = """
import os, signal, numpy, torch
from withstand import datasets, models
from withstand.engines import trials
from withstand.config.composing import compose
from withstand.config.schema import EvaluationConfig
from withstand.engines.engine import Plan

heard = []
signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))
config = compose(["model=small_cnn", "dataset=shapes", "dataset.n_train=1", "dataset.n_test=70"])
classifier, sample = models.build(config), torch.from_numpy(numpy.array(datasets.load(config).test.images))
for _ in range(2):
    usual = Plan("eager", "bfloat16", 32)  # as where that is fast: OpenVINO is then tried in two kinds of arithmetic
    found = trials.tried(classifier, torch.device("cpu"), EvaluationConfig(), usual, sample, 10**9)
    assert sum(trial.plan.backend == "openvino" for trial in found) == 2
    os.kill(os.getpid(), signal.SIGUSR1)
assert len(heard) == 2
"""

PROGRAMS = {"trials": TRIALS, "float32": ENGINES.replace("DTYPE", "'float32'")}
if available("int8"):
    PROGRAMS["int8"] = ENGINES.replace("DTYPE", "'int8'")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_signal_finds_the_process_alive(name, environment, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAMS[name]], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr}"
