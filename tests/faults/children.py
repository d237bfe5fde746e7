"""The command line in children of this process, each killed where it is asked for: ``running.run`` starts this.

A kill comes at a file and not after some seconds, so that a slow machine kills at the same places as a fast one: what a
run goes on from is what its files hold, and between two files they hold the same.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import timm  # noqa: F401
import torch._dynamo  # noqa: F401

import withstand.experiments.study  # noqa: F401
from withstand.cli import main
from withstand.engines import device


def child(start: dict[str, Any], tell: int) -> int:
    """Run the words; every file that is put in place is told."""
    pattern, left = start["kill"] or ("", 0)

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if event != "os.rename":
            return
        source, target = Path(os.fsdecode(arguments[0])).absolute(), os.fsdecode(arguments[1])
        target = os.path.relpath(target)
        if target.startswith(os.pardir):  # the cache
            return
        if fnmatchcase(target, pattern):
            left -= 1
            if not left:
                os.truncate(source, source.stat().st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
        os.write(tell, f"{target}\n".encode())

    sys.addaudithook(heard)
    os.chdir(start["folder"])
    if start["bfloat16"] is not None:
        device._cpu_is_faster_in_bfloat16 = lambda: start["bfloat16"]  # type: ignore[assignment]
    return main(start["words"])


def alone(start: dict[str, Any]) -> list[str]:
    """Run it in a child; gives the files that were put in place."""
    hear, tell = os.pipe()
    process = os.fork()
    if not process:
        code = 1
        try:
            os.close(hear)
            code = child(start, tell)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(tell)
    with os.fdopen(hear, encoding="utf-8") as file:
        written = file.read().splitlines()
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert code == (-signal.SIGKILL if start["kill"] else 0), (code, start, written)
    return written


if __name__ == "__main__":
    found = [alone(start) for start in json.loads(sys.argv[1])]
    print(json.dumps(found))
