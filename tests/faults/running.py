"""Runs in a process of their own, to be killed or left alone."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start(words: list[str], folder: Path, program: Path = ROOT / "main.py") -> subprocess.Popen[str]:
    """``program`` with these words, in ``folder``, on one thread."""
    return subprocess.Popen(
        [sys.executable, str(program), *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def finish(words: list[str], folder: Path, program: Path = ROOT / "main.py") -> float:
    """Run to the end, which must be a good one; gives the seconds it took."""
    started = time.monotonic()
    process = start(words, folder, program)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    return time.monotonic() - started


def kill(
    words: list[str], folder: Path, seconds: float, moment: float, program: Path = ROOT / "main.py"
) -> None:
    """Start, and kill -9 at about that share of ``seconds``."""
    process = start(words, folder, program)
    time.sleep(seconds * (moment + random.uniform(-0.1, 0.1)))
    process.send_signal(signal.SIGKILL)
    process.communicate()
