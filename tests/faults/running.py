"""Runs in processes of their own, to be killed or left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPEATS = int(os.environ.get("WITHSTAND_REPEATS", "1"))


@dataclass(frozen=True)
class Start:
    """One start of the command line.

    Attributes:
        words: what is asked for.
        folder: where it is started.
        kill: the pattern of a file's path and a number: it is killed -9 as it puts such a file in place for the
            number-th time, with the new content half-written. None: it is left alone.
        bfloat16: what it finds when it measures whether bfloat16 is the faster; None: what is true.
    """

    words: Sequence[str]
    folder: Path
    kill: tuple[str, int] | None = None
    bfloat16: bool | None = None


def run(*starts: Start) -> list[list[str]]:
    """Start one after another; gives the files that each put in place, in order.

    Each is a child of one process that has imported everything, so that a start costs little.
    """
    asked = json.dumps([asdict(one) | {"folder": str(one.folder)} for one in starts])
    done = _call("tests/faults/children.py", asked, folder=ROOT)
    written: list[list[str]] = json.loads(done.splitlines()[-1])
    return written


def finish(words: Sequence[str], folder: Path, program: str | Path = "main.py") -> None:
    """Run to the end as a user does, which must be a good one."""
    _call(program, *words, folder=folder)


def _call(program: str | Path, *words: str, folder: Path) -> str:
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH", ""))))
    done = subprocess.run(
        [sys.executable, str(ROOT / program), *words],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path},
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def place(written: Sequence[str], number: int) -> tuple[str, int]:
    """The ``kill`` that comes at the number-th file of those that a run left alone has written."""
    return written[number], list(written[: number + 1]).count(written[number])
