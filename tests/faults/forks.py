"""Commands in children of a process that has imported everything: each within limits of time and memory."""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 20  # of the processor; by the clock, three times as many
MEMORY = 3 << 30  # bytes beside what this process has


@dataclass(frozen=True)
class Ended:
    """How a command ended; a negative code is a signal's."""

    code: int
    said: str
    seconds: float

    @property
    def error(self) -> str:
        """The one line of a refusal; empty where there is none, or more than one."""
        lines = [line for line in self.said.splitlines() if line.startswith("error: ")]
        return lines[0] if len(lines) == 1 and "Traceback" not in self.said else ""


def ready() -> None:
    """Import what commands import, so that a child has it."""
    import timm  # noqa: F401
    import torch

    import withstand.experiments.study  # noqa: F401

    torch.set_num_threads(1)


def run(words: Sequence[str], folder: Path, patch: Sequence[str] = ()) -> Ended:
    """Run a command in a folder.

    Args:
        patch: ``module:name`` of what takes long and is not what is tested: it does nothing.
    """
    started = time.monotonic()
    sys.stdout.flush()
    with tempfile.TemporaryFile() as said:
        process = os.fork()
        if not process:
            _child(words, folder, patch, said.fileno())
        status = _wait(process, started)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    return Ended(os.waitstatus_to_exitcode(status), text, time.monotonic() - started)


def _wait(process: int, started: float) -> int:
    while True:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return status
        if time.monotonic() - started > 3 * SECONDS:
            os.kill(process, signal.SIGKILL)
            return os.waitpid(process, 0)[1]
        time.sleep(0.005)


def _child(words: Sequence[str], folder: Path, patch: Sequence[str], said: int) -> None:
    code = 1
    try:
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(folder)
        os.environ["WITHSTAND_CACHE"] = str(folder / "cache")
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for place in patch:
            module, _, name = place.partition(":")
            setattr(sys.modules[module], name, lambda *_, **__: "<svg></svg>")
        from withstand.cli import main

        # As a terminal gives it: what cannot be written there must not end the command.
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.argv = ["main.py", *words]
        code = main()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
