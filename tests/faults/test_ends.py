"""How a command ends that is told to, or whose output nobody takes: one line, and nothing half-written."""

import os
import signal
import subprocess
import sys

import pytest
from tests.faults import trees
from tests.faults.running import ROOT
from tests.faults.scenes import TRAIN

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and /dev/full")
LONG = [*TRAIN, "train.epochs=10000"]


def started(environment, folder, **how):
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), *LONG],
        cwd=folder,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def test_terminated_it_says_how_to_go_on_and_a_closed_output_is_one_line(environment, tmp_path):
    with started(environment, tmp_path, stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            if "epoch 1/" in line:
                process.send_signal(signal.SIGTERM)
                break
        _, said = process.communicate()
    assert (process.returncode, said) == (143, "stopped; give the same command again to resume\n")
    assert trees.leftovers(tmp_path) == [] and not list(tmp_path.rglob(".lock"))
    with started(environment, tmp_path, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 2 and said.startswith("error: cannot write the output: Broken pipe;")
    assert said.count("\n") == 1 and trees.leftovers(tmp_path) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_output_is_one_line(environment, tmp_path):
    with (
        open("/dev/full", "w", encoding="utf-8") as full,
        started(environment, tmp_path, stdout=full) as process,
    ):
        said = process.stderr.read()
    assert process.returncode == 2
    assert (
        said.startswith("error: cannot write the output: No space left on device;") and said.count("\n") == 1
    )


IN_A_CALLBACK = """
import os, signal, sys, time, weakref
from withstand import cli
class Thing:
    pass
def command(words):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    thing = Thing()
    watched = weakref.ref(thing, lambda _: os.kill(os.getpid(), int(sys.argv[1])) or sum(range(1000)))
    del thing
    for _ in range(500):
        time.sleep(0.01)
    return 0
cli._run = command
sys.exit(cli.main([]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_where_python_drops_what_is_raised_is_heard_all_the_same(number, code):
    words = [sys.executable, "-c", IN_A_CALLBACK, str(int(number))]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (code, "stopped; give the same command again to resume\n")
