"""A few of each kind of fault, in a process of its own; the whole: ``python -m tests.faults all``."""

import os
import subprocess
import sys

import pytest
from tests.faults.running import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="starts are forks")


@pytest.mark.parametrize(
    "words",
    [
        "kills --count 8 --seed 5 --only train,robustness,corrupt,make_backgrounds",
        "shared --count 4 --seed 5",
        "disks --count 4 --seed 5 --only evaluate,corrupt",
        "settings --count 16 --seed 5",
    ],
)
def test_nothing_is_lost_and_nothing_is_left(words, environment):
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", *words.split()],
        cwd=ROOT,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
