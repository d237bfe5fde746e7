"""Tasks are done once each, by this process or its copy; what the copy cannot do is done here, and said here."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from withstand.base import beside


def test_without_a_copy_all_is_done_here_in_its_order(monkeypatch):
    monkeypatch.setattr(beside, "_copied", lambda: None)
    begun = []
    tasks = [lambda number=number: begun.append(number) or number**2 for number in range(300)]
    assert beside.shared(tasks) == [number**2 for number in range(300)]
    assert sorted(begun) == list(range(300)) and begun[0] == 254, (
        "the last that a byte can name is begun first"
    )
    assert beside.shared([]) == []


def test_no_copy_is_made_beside_torch_or_threads():
    import threading

    import torch  # noqa: F401

    assert beside._copied() is None
    assert threading.active_count() >= 1


def run(script):
    """What a process of its own says, with two cores."""
    begin = "import os, sys, time\nfrom withstand.base import beside\nbeside.cores = lambda: 2\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", begin + textwrap.dedent(script)],
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.split(), done.stderr, done.returncode


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux alone")


def test_both_have_a_part_of_the_work():
    said, error, code = run(
        """
        def task(number):
            time.sleep(0.05)
            return number, os.getpid() == here
        here = os.getpid()
        found = beside.shared([lambda n=n: task(n) for n in range(12)])
        print([n for n, _ in found] == list(range(12)), len({own for _, own in found}))
        """
    )
    assert (said, error, code) == (["True", "2"], "", 0)


@pytest.mark.parametrize(
    "fails",
    [
        "raise ValueError",
        "os.kill(os.getpid(), 9)",
        "os._exit(0)",
        "return lambda: None  # which cannot be pickled",
        "sys.exit()",
    ],
)
def test_what_the_copy_cannot_do_is_done_here(fails):
    said, error, code = run(
        f"""
        here = os.getpid()
        def task(number):
            time.sleep(0.02)
            if os.getpid() != here and number % 2:
                {fails}
            return number
        print(beside.shared([lambda n=n: task(n) for n in range(10)]) == list(range(10)))
        """
    )
    assert (said, error, code) == (["True"], "", 0)


def test_who_hears_of_no_child_has_its_work_all_the_same():
    said, error, code = run(
        """
        import signal
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        here = os.getpid()
        found = beside.shared([lambda n=n: (time.sleep(0.05), n, os.getpid() == here) for n in range(8)])
        print([n for _, n, _ in found] == list(range(8)), len({own for _, _, own in found}))
        """
    )
    assert (said, error, code) == (["True", "2"], "", 0)


def test_an_error_is_raised_here_and_the_copy_goes():
    said, _, code = run(
        """
        here = os.getpid()
        def task(number):
            time.sleep(0.02 if os.getpid() == here else 30)
            raise ValueError(number)
        try:
            beside.shared([lambda n=n: task(n) for n in range(4)])
        except ValueError:
            print("raised")
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            print("alone")
        """
    )
    assert (said, code) == (["raised", "alone"], 0)
