"""Commands in children of this process, which has imported everything: a start costs what the work does."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

LIMIT = 120.0
"""Seconds after which a command hangs."""

HANGS = 1000
"""Its code then."""


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: its exit code; below zero, the signal that ended it.
        said: what it wrote on its output; ``complained``: on the other one.
        told: what ``prepare`` had it tell.
    """

    words: Sequence[str]
    code: int
    said: str
    complained: str
    told: Sequence[str]

    def wrong(self, *codes: int) -> str:
        """What may never be, in words; empty where it ended as it should: with one of ``codes``, and 2 in one line."""
        if "Traceback" in self.said + self.complained:
            return f"a traceback: {self.complained.strip().splitlines()[-1][:300]}"
        if self.code == HANGS:
            return f"it hangs: {self.said[-200:]!r}"
        if self.code not in codes:
            return f"it ended with {self.code}: {self.complained.strip()[:300]}"
        lines = self.complained.strip().splitlines()
        if self.code == 2 and not (len(lines) == 1 and lines[0].startswith("error: ")):
            return f"it ended with 2 and not in one line: {self.complained.strip()[:400]!r}"
        return ""


@dataclass(frozen=True)
class Started:
    """A command at work."""

    words: Sequence[str]
    process: int
    files: tuple[Path, Path, Path]
    since: float

    def ended(self, limit: float = LIMIT) -> Ended:
        """Wait for its end, or end it."""
        code = _waited(self.process, self.since + limit)
        said, complained, told = (file.read_text("utf-8", "replace") for file in self.files)
        for file in self.files:
            file.unlink()
        return Ended(self.words, code, said, complained, told.splitlines())


Tell = Callable[[str], None]


def start(words: Sequence[str], folder: Path, prepare: Callable[[Tell], None] | None = None) -> Started:
    """Start the command line in ``folder``; ``prepare`` is called in the child first, and may tell lines."""
    files = tuple(Path(tempfile.mkstemp(prefix="faults-")[1]) for _ in range(3))
    sys.stdout.flush()
    process = os.fork()
    if not process:
        _work(words, folder, files, prepare)
    return Started(words, process, (files[0], files[1], files[2]), time.monotonic())


def run(
    words: Sequence[str],
    folder: Path,
    prepare: Callable[[Tell], None] | None = None,
    limit: float = LIMIT,
) -> Ended:
    """Start it and wait."""
    return start(words, folder, prepare).ended(limit)


def _work(
    words: Sequence[str], folder: Path, files: Sequence[Path], prepare: Callable[[Tell], None] | None
) -> NoReturn:
    code = 1
    try:
        for number, file in enumerate(files[:2], start=1):
            os.dup2(os.open(file, os.O_WRONLY | os.O_APPEND), number)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)
        told = os.open(files[2], os.O_WRONLY | os.O_APPEND)
        from withstand.cli import main

        os.chdir(folder)
        if prepare is not None:
            prepare(lambda line: (os.write(told, f"{line}\n".encode()), None)[1])
        code = main(list(words))
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _waited(process: int, until: float) -> int:
    pause = 0.002
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return HANGS
        time.sleep(pause)
        pause = min(0.05, pause * 1.5)


def ready() -> None:
    """Import everything that a command could, and compute nothing: what has started no thread can be forked."""
    import matplotlib

    matplotlib.use("agg")
    import timm  # noqa: F401
    import torch
    import torch._dynamo  # noqa: F401

    from withstand.base import plugins

    torch.set_num_threads(1)
    for kind in ("experiments", "sections", "sources", "shifts", "datasets", "metrics"):
        for name in plugins.names(kind):
            with contextlib.suppress(Exception):
                plugins.load(kind, name)
