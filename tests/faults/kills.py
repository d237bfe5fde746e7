"""Every experiment killed (-9) before, in the middle of and after each thing that it writes; then started again.

The same command must go on and end with what a run left alone has, tensor by tensor and byte by byte, and nothing else.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.faults import forked, trees
from tests.faults.forked import Tell
from tests.faults.scenes import SCENES, Scene, prepared
from tests.faults.table import Row

MODES = ("before", "middle", "after")
_WRITES = {"os.rename": 1, "os.remove": 0, "os.mkdir": 0, "os.rmdir": 0, "os.link": 1, "os.truncate": 0}
"""What changes a folder, and which argument says where."""


def hook(at: int = -1, mode: str = "before") -> Callable[[Tell], None]:
    """Tells everything that is written in the folder, and dies at the ``at``-th of these."""

    def prepare(tell: Tell) -> None:
        here, seen, dying = f"{os.getcwd()}{os.sep}", 0, False

        def heard(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal seen, dying
            if dying and event != "os.kill":
                os.kill(os.getpid(), signal.SIGKILL)
            place = _written(event, arguments)
            if place is None or not os.path.abspath(place).startswith(here):
                return
            tell(f"{event} {os.path.relpath(place)}")
            seen += 1
            if seen - 1 != at:
                return
            if mode == "after":
                dying = True
                return
            if mode == "middle" and event == "os.rename" and os.path.isfile(arguments[0]):
                os.truncate(arguments[0], os.stat(arguments[0]).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(heard)

    return prepare


def _written(event: str, arguments: tuple[Any, ...]) -> str | None:
    if event in _WRITES:
        place = arguments[_WRITES[event]]
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR):
        place = arguments[0]
    else:
        return None
    return os.fsdecode(place) if isinstance(place, str | bytes | os.PathLike) else None


def tried(scene: Scene, root: Path, count: int, draw: random.Random, row: Row) -> None:
    """Kill one experiment ``count`` times, in starts of their own."""
    with prepared(scene, root) as first:
        alone = root / f"{scene.name}-alone"
        shutil.copytree(first, alone)
        ended = forked.run(scene.words, alone, hook())
        assert not ended.wrong(0), (scene.name, ended)
        expected = trees.held(alone)
        places = [(at, mode) for at in range(len(ended.told)) for mode in MODES]
        for at, mode in sorted(draw.sample(places, min(count, len(places)))):
            folder = root / scene.name
            shutil.copytree(first, folder)
            what, wrong = _killed(scene, folder, at, mode, expected)
            where = f"{mode} {ended.told[at]}"
            row.add(what, f"{where}: {wrong}" if wrong else "", f"kills --only {scene.name} --at {at} {mode}")
            shutil.rmtree(folder)
        shutil.rmtree(alone)


def _killed(scene: Scene, folder: Path, at: int, mode: str, expected: dict[str, str]) -> tuple[str, str]:
    killed = forked.run(scene.words, folder, hook(at, mode))
    if killed.code != -signal.SIGKILL and (wrong := killed.wrong(0)):
        return "failed", wrong
    again = forked.run(scene.words, folder)
    if wrong := again.wrong(0):
        return "failed", f"started again, {wrong}"
    found = trees.held(folder)
    wrong = trees.unlike(expected, found) or ", ".join(trees.leftovers(folder))
    return ("went on and ended the same" if killed.code else "ended before"), wrong


def main(words: Sequence[str]) -> int:
    """``--count`` kills in all, spread over the experiments; ``--only`` one, ``--at`` one place in it."""
    asked = argparse.ArgumentParser("kills")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--count", type=int, default=400)
    asked.add_argument("--only", default="")
    asked.add_argument("--at", nargs=2)
    given = asked.parse_args(words)
    forked.ready()
    draw, row = random.Random(given.seed), Row("kills", "kills")
    scenes = [scene for scene in SCENES if not given.only or scene.name in given.only.split(",")]
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        os.environ["WITHSTAND_CACHE"] = f"{place}/cache"
        for number, scene in enumerate(scenes):
            share = given.count // len(scenes) + (number < given.count % len(scenes))
            if given.at:
                draw = _Only((int(given.at[0]), given.at[1]))
            tried(scene, Path(place), share, draw, row)
    return row.end()


class _Only(random.Random):
    """Draws one place."""

    def __new__(cls, place: tuple[int, str]) -> _Only:
        return super().__new__(cls)

    def __init__(self, place: tuple[int, str]) -> None:
        super().__init__()
        self.place = place

    def sample(self, places: Any, count: int, *, counts: Any = None) -> list[Any]:
        return [self.place]
