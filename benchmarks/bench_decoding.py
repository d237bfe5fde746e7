"""Decoding photographs, and the memory that it takes: beside torchvision's ImageFolder with Pillow.

They are of 224 pixels, as sets that were made for one size are; of 320 by 256, whose middle is kept; of sizes of their
own, as photographs of many cameras are, and of 500 by 375, about what ImageNet's are, which are resized to 256 first.
They lie in class folders and are links to few, so that 50,000 need no 50,000 files of their own. ImageFolder ends with
batches of uint8 tensors that nobody keeps. Ours does so, too, as for images that are seen once; and, as for a data set,
it ends with an array on the disk and its digest. Memory is the peak of a process that does the latter and nothing else.
"""

from __future__ import annotations

import os
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
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, PILToTensor, Resize

from benchmarks.bench_corruptions_224 import SIZE, photographs, spread
from benchmarks.frame import Contest, Options, contest, peak
from withstand.images import photographs as ours
from withstand.images.listing import listed
from withstand.images.preprocessing import Geometry
from withstand.images.shown import shown

COUNTS, QUICK = (5_000, 50_000), (20, 40)
TIMED, BLOCK = 3_000, 256
Shape = tuple[int, int] | None
SHAPES: dict[Shape, int] = {(SIZE, SIZE): SIZE, (320, 256): 256, None: 256, (500, 375): 256}
"""Width and height of a photograph, and the short side that it is resized to before its middle is kept."""
OWN = (280, 640), (280, 500)
"""Widths and heights, from and to, where each has a size of its own."""


def run(options: Options) -> list[Contest]:
    counts = QUICK if options.quick else COUNTS
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        found = []
        for shape in SHAPES:
            place = root / _called(shape)
            _write(options, place / "source", 4 if options.quick else 400, shape)
            timed = _linked(place, min(TIMED, counts[0]))
            found += [_rates(options, timed, cores[:n], shape) for n in sorted({1, len(cores)})]
        peaks = {n: _peak(_linked(place, n)) for n in counts}
    notes = {f"peak_mib_of_{n}": round(held / 2**20) for n, held in peaks.items()}
    notes["peak_over_that_of_the_fewest"] = round(peaks[counts[1]] / peaks[counts[0]], 3)
    return [*found[:-1], replace(found[-1], notes=found[-1].notes | notes)]


def _called(shape: Shape) -> str:
    return "×".join(map(str, shape) if shape else (f"({first}–{last})" for first, last in OWN))


def _write(options: Options, folder: Path, n: int, shape: Shape) -> None:
    """Photographs of a shape, from those there are; squares of drawn shapes, stretched, where there are none."""
    own = np.stack([np.random.default_rng(0).integers(*span, n) for span in OWN], 1)
    folder.mkdir(parents=True)
    real = options.data / "imagenet-1k-samples"
    files = spread(listed(real), n) if real.is_dir() else []
    pictures = map(Image.open, files) if files else map(Image.fromarray, photographs(options, n))
    for i, picture in enumerate(pictures):
        shaped = picture.convert("RGB").resize(shape or own[i].tolist(), Image.Resampling.BICUBIC)
        shaped.save(folder / f"{i}.jpg", quality=90)


def _linked(root: Path, n: int) -> Path:
    """``n`` images in 10 classes, hard links to those there are."""
    folder, source = root / f"of_{n}", sorted((root / "source").iterdir())
    for i in range(0 if folder.is_dir() else n):
        place = folder / f"class{i % 10}"
        place.mkdir(parents=True, exist_ok=True)
        os.link(source[i % len(source)], place / f"{i}.jpg")
    return folder


def _decode(folder: Path, cache: Path, form: Geometry) -> int:
    shutil.rmtree(cache, ignore_errors=True)
    return len(ours.decoded(listed(folder), folder, form, cache, "benchmark").images)


def _seen(folder: Path, form: Geometry) -> int:
    files = listed(folder)
    parts = (files[start : start + BLOCK] for start in range(0, len(files), BLOCK))
    return sum(len(shown(part, (SIZE, SIZE), form)) for part in parts)


def _rates(options: Options, folder: Path, cores: list[int], shape: Shape) -> Contest:
    """On one core ImageFolder decodes where it is asked; on several in as many workers, started before the clock.

    On one core the processor's time counts, so that other work on the machine does not.
    """
    every = sorted(os.sched_getaffinity(0))
    workers = len(cores) if len(cores) > 1 else 0
    form = Geometry(SIZE, SHAPES[shape])
    resize = Resize(form.resize, InterpolationMode.BICUBIC)
    images = ImageFolder(str(folder), Compose([resize, CenterCrop(SIZE), PILToTensor()]))
    loader = DataLoader(images, 64, num_workers=workers, persistent_workers=workers > 0)
    os.sched_setaffinity(0, cores)
    torch.set_num_threads(len(cores))
    try:
        turns = contest(
            f"JPEGs of {_called(shape)} to uint8 of {SIZE}, {len(cores)} core{'s' * (len(cores) > 1)}",
            {
                f"ImageFolder, {workers} workers": lambda: sum(len(batch) for batch, _ in loader),
                "withstand": partial(_seen, folder, form),
                "withstand, hashed and written": partial(_decode, folder, folder.parent / "cache", form),
            },
            amount=len(images),
            turns=1 if options.quick else 5,
            clock=time.perf_counter if workers else time.process_time,
        )
    finally:
        os.sched_setaffinity(0, every)
    first = ours.decoded(listed(folder)[:8], folder, form, folder.parent / "few", "few").images
    theirs = np.stack([images[i][0].permute(1, 2, 0).numpy() for i in range(8)])
    assert np.array_equal(first, theirs), "the two sides differ"
    assert np.array_equal(shown(listed(folder)[:8], (SIZE, SIZE), form), theirs), "the two sides differ"
    return turns


def _peak(folder: Path) -> int:
    """Bytes of a process of its own that decodes the folder."""
    code = f"from benchmarks.bench_decoding import decode_alone; decode_alone({str(folder)!r})"
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    return int(done.stdout.split()[-1])


def decode_alone(folder: str) -> None:
    _decode(Path(folder), Path(folder).parent / "cache", Geometry(SIZE, max(SHAPES.values())))
    print(peak())
