"""Disks that are too small: one line, nothing half-written; and with room, the same command goes on.

Where this is root, a disk of its own (tmpfs) of every size from none to what is needed; elsewhere, and as well, a limit
on the size of files; and a limit on memory.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.faults import forked, trees
from tests.faults.forked import Tell
from tests.faults.scenes import SCENES, Scene, prepared
from tests.faults.table import Row

WAYS = ("disk", "file", "memory")
_MOST = 64 << 20
_ADDRESSES = 1 << 30


def main(words: Sequence[str]) -> int:
    """``--count`` sizes in all, spread over the experiments."""
    asked = argparse.ArgumentParser("disks")
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--count", type=int, default=60)
    asked.add_argument("--only", default="")
    asked.add_argument("--at", nargs=2, help="one way and size")
    given = asked.parse_args(words)
    forked.ready()
    draw, row = random.Random(given.seed), Row("disk sizes", "disks")
    scenes = [scene for scene in SCENES if not given.only or scene.name in given.only.split(",")]
    draw.shuffle(scenes)
    with tempfile.TemporaryDirectory(prefix="disks-") as place:
        os.environ["WITHSTAND_CACHE"] = f"{place}/cache"
        for number, scene in enumerate(scenes):
            share = given.count // len(scenes) + (number < given.count % len(scenes))
            _tried(scene, Path(place), share, draw, row, given.at)
    return row.end()


def _tried(
    scene: Scene, root: Path, count: int, draw: random.Random, row: Row, at: Sequence[str] | None
) -> None:
    with prepared(scene, root) as first:
        alone = root / "alone"
        shutil.copytree(first, alone)
        forked.run(scene.words, alone)
        expected = trees.held(alone)
        before, needed = _size(first), _size(alone)
        largest = max(file.stat().st_size for file in alone.rglob("*") if file.is_file())
        for number in range(count):
            way = _way(number, draw)
            size = {
                "disk": before + int((needed - before + 65536) * draw.random() ** 2),
                "file": 4096 + int(largest * draw.random() ** 2),  # the words themselves have room
                "memory": int(_ADDRESSES * draw.random()),
            }[way]
            if at:
                way, size = at[0], int(at[1])
            what, wrong = _limited(scene, first, root, way, size, expected)
            row.add(f"{way}: {what}", wrong, f"disks --only {scene.name} --count 1 --at {way} {size}")
        shutil.rmtree(alone)


def _way(number: int, draw: random.Random) -> str:
    ways = [way for way in WAYS if way != "disk" or _may_mount()]
    return ways[number % len(ways)] if number < len(ways) else draw.choice(ways[:2])


def _may_mount() -> bool:
    return os.geteuid() == 0 and shutil.which("mount") is not None


def _size(folder: Path) -> int:
    """Bytes that a disk needs for a folder, in pages."""
    return sum(-(-max(file.lstat().st_size, 1) // 4096) * 4096 for file in folder.rglob("*"))


def _limited(
    scene: Scene, first: Path, root: Path, way: str, size: int, expected: dict[str, str]
) -> tuple[str, str]:
    with _disk(root / "small", size if way == "disk" else None) as (folder, enlarge):
        try:
            shutil.copytree(first, folder, dirs_exist_ok=True)
        except (OSError, shutil.Error):
            return "no room to begin", ""
        ended = forked.run(scene.words, folder, _limits(way, size))
        if wrong := ended.wrong(0, 2):
            return "failed", wrong
        if left := trees.leftovers(folder):
            return "failed", f"left {left}"
        enlarge()
        again = forked.run(scene.words, folder)
        wrong = again.wrong(0) or trees.unlike(expected, trees.held(folder))
        return ("one line, then went on" if ended.code else "enough"), wrong


@contextmanager
def _disk(place: Path, size: int | None) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A folder, on a disk of its own where it has a size, and what makes that larger."""
    place.mkdir()
    if size is not None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={max(size, 4096)}", "tmpfs", place], check=True)

    def enlarge() -> None:
        if size is not None:
            subprocess.run(["mount", "-o", f"remount,size={_MOST}", place], check=True)

    try:
        yield place, enlarge
    finally:
        if size is not None:
            subprocess.run(["umount", place], check=True)
        shutil.rmtree(place)


def _limits(way: str, size: int) -> Callable[[Tell], None]:
    def prepare(tell: Tell) -> None:
        if way == "file":
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        if way == "memory":
            used = int(Path("/proc/self/statm").read_text("utf-8").split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + size, used + size))

    return prepare
