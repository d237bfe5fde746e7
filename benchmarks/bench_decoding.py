"""Decoding photographs of 224 pixels, and the memory that it takes: beside torchvision's ImageFolder with Pillow.

The photographs lie in class folders and are links to few, so that 50,000 need no 50,000 files of their own. Ours ends
with an array on the disk and its digest; ImageFolder ends with batches of uint8 tensors that nobody keeps. Memory is
the peak of a process that does nothing else.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import PILToTensor

from benchmarks.bench_corruptions_224 import SIZE, photographs
from benchmarks.frame import Contest, Options, contest
from withstand.images import photographs as ours
from withstand.images.listing import listed

COUNTS, QUICK = (5_000, 50_000), (20, 40)
TIMED = 3_000


def run(options: Options) -> list[Contest]:
    counts = QUICK if options.quick else COUNTS
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        _write(options, root / "source", 4 if options.quick else 400)
        timed = _linked(root, min(TIMED, counts[0]))
        found = [_rates(options, timed, cores[:n]) for n in sorted({1, len(cores)})]
        peaks = {n: _peak(_linked(root, n)) for n in counts}
    notes = {f"peak_mib_of_{n}": round(peak / 1024) for n, peak in peaks.items()}
    notes["peak_over_that_of_the_fewest"] = round(peaks[counts[1]] / peaks[counts[0]], 3)
    return [*found[:-1], replace(found[-1], notes=found[-1].notes | notes)]


def _write(options: Options, folder: Path, n: int) -> None:
    folder.mkdir()
    for i, image in enumerate(photographs(options, n)):
        Image.fromarray(image).save(folder / f"{i}.jpg", quality=90)


def _linked(root: Path, n: int) -> Path:
    """``n`` images in 10 classes, hard links to those there are."""
    folder, source = root / f"of_{n}", sorted((root / "source").iterdir())
    for i in range(0 if folder.is_dir() else n):
        place = folder / f"class{i % 10}"
        place.mkdir(parents=True, exist_ok=True)
        os.link(source[i % len(source)], place / f"{i}.jpg")
    return folder


def _decode(folder: Path, cache: Path) -> int:
    shutil.rmtree(cache, ignore_errors=True)
    return len(ours.decoded(listed(folder), folder, SIZE, cache, "benchmark").images)


def _rates(options: Options, folder: Path, cores: list[int]) -> Contest:
    """On one core ImageFolder decodes where it is asked; on several in as many workers, started before the clock.

    On one core the processor's time counts, so that other work on the machine does not.
    """
    every = sorted(os.sched_getaffinity(0))
    workers = len(cores) if len(cores) > 1 else 0
    images = ImageFolder(str(folder), PILToTensor())
    loader = DataLoader(images, 64, num_workers=workers, persistent_workers=workers > 0)
    os.sched_setaffinity(0, cores)
    torch.set_num_threads(len(cores))
    try:
        turns = contest(
            f"JPEGs of {SIZE} pixels to uint8, {len(cores)} core{'s' * (len(cores) > 1)}",
            {
                f"ImageFolder, {workers} workers": lambda: sum(len(batch) for batch, _ in loader),
                "withstand": partial(_decode, folder, folder.parent / "cache"),
            },
            amount=len(images),
            turns=1 if options.quick else 5,
            clock=time.perf_counter if workers else time.process_time,
        )
    finally:
        os.sched_setaffinity(0, every)
    first = ours.decoded(listed(folder)[:8], folder, SIZE, folder.parent / "few", "few").images
    theirs = np.stack([images[i][0].permute(1, 2, 0).numpy() for i in range(8)])
    assert np.array_equal(first, theirs), "the two sides differ"
    return turns


def _peak(folder: Path) -> int:
    """KiB of a process of its own that decodes the folder."""
    code = f"from benchmarks.bench_decoding import peak; peak({str(folder)!r})"
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    return int(done.stdout.split()[-1])


def peak(folder: str) -> None:
    _decode(Path(folder), Path(folder).parent / "cache")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
