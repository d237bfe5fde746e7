"""Memory: the peak of evaluating 10,000, 100,000 and 950,000 memory-mapped images, which should be one and the same.

small_cnn on the CPU, a process each: images of 32×32 as they are, and 2,000 and 12,000 of 224×224, clean and under a
corruption that is made on the fly. The files are made in a temporary folder (2.9 GB for the largest) and deleted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.frame import Contest, Options
from benchmarks.inputs import images
from withstand.images import npy

ROOT = Path(__file__).resolve().parents[1]
ROWS = {32: (10_000, 100_000, 950_000), 224: (2_000, 12_000)}
QUICK = {32: (100, 300), 224: (20,)}
MIB = 2**20


def run(options: Options) -> list[Contest]:
    found: list[Contest] = []
    for side, counts in (QUICK if options.quick else ROWS).items():
        fewest = _evaluate(options, counts[0], side)
        for rows in counts:
            found.append(fewest if rows == counts[0] else _evaluate(options, rows, side))
            growth = found[-1].notes["peak_mib"] / fewest.notes["peak_mib"]
            found[-1].notes["peak_over_that_of_the_fewest"] = round(growth, 3)
    return found


def _evaluate(options: Options, rows: int, side: int) -> Contest:
    with tempfile.TemporaryDirectory(prefix="withstand-memory-") as name:
        file = Path(name) / "images.npy"
        npy.write(file, _blocks(options, rows, side), np.dtype(np.uint8), (rows, side, side, 3))
        words = [sys.executable, "-m", "benchmarks.memory_worker", str(file), str(Path(name) / "predictions")]
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        answer = subprocess.run(
            words,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        told, size = json.loads(answer.stdout.splitlines()[-1]), file.stat().st_size
    assert told["images"] == rows * (1 if side == 32 else 2)
    notes = {
        "file_mib": round(size / MIB, 1),
        "after_start_mib": round(told["bytes"]["after_start"] / MIB, 1),
        "peak_mib": round(told["bytes"]["peak"] / MIB, 1),
    }
    return Contest(
        f"{rows:,} memory-mapped images, small_cnn"
        if side == 32
        else f"{rows:,} memory-mapped images of {side}×{side}, clean and under contrast made on the fly, small_cnn",
        "images",
        told["images"],
        "withstand",
        {"withstand": [told["seconds"]]},
        notes,
    )


def _blocks(options: Options, rows: int, side: int) -> Iterator[NDArray[np.uint8]]:
    """Real images where there are some, again and again; every row is written, so that no page is empty."""
    some = np.array(images(options, min(rows, 10_000 if side == 32 else 500)).images)
    some = some.repeat(side // 32, axis=1).repeat(side // 32, axis=2)
    for start in range(0, rows, len(some)):
        yield some[: rows - start]
