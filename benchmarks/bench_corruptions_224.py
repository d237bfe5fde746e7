"""The nineteen corruptions at ImageNet's size: each on one core, and all of them on every core.

The other side is the package `imagecorruptions`, one image at a time, and on several cores one process a core. Both
keep what they make. On one core the processor's seconds are counted, so that a busy machine counts for neither.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks import published
from benchmarks.frame import Contest, Options, contest
from withstand.base.errors import UserError
from withstand.corruptions import CORRUPTIONS, SEVERITIES, corrupt, frost
from withstand.datasets import shapes
from withstand.engines import device
from withstand.images.listing import listed
from withstand.images.photographs import squared
from withstand.images.preprocessing import Geometry

SIZE, PEER = 224, "imagecorruptions"
PHOTOGRAPHS = 1000


def run(options: Options) -> list[Contest]:
    if not published.INSTALLED:
        raise UserError(f"the peer is not installed; {frost.COMMAND}")
    pictures = photographs(options, 2 if options.quick else 24)
    names = [n for n in CORRUPTIONS if not options.quick or n in ("defocus_blur", "jpeg_compression")]
    torch.set_num_threads(1)
    found = [_on_one_core(options, name, pictures) for name in names]
    device.set_threads(0)
    return [*found, _on_all(options, names, pictures)]


def photographs(options: Options, n: int) -> Any:
    """uint8 n×224×224×3, the middle of photographs spread over those there are."""
    files = (
        listed(options.data / "imagenet-1k-samples")
        if (options.data / "imagenet-1k-samples").is_dir()
        else []
    )
    if not files:
        return shapes.draw(np.arange(n), seed=0, size=SIZE).images
    return np.stack(
        [
            np.asarray(squared(Image.open(file).convert("RGB"), Geometry(SIZE, SIZE)))
            for file in spread(files, n)
        ]
    )


def spread(files: Sequence[Path], n: int) -> Sequence[Path]:
    """``n`` of them, or all there are."""
    return files[:: max(1, len(files) // n)][:n]


def _made(one: Callable[..., Any], name: str, images: Any) -> list[Any]:
    return [one(image, severity, name) for severity in SEVERITIES for image in images]


def _ours(name: str, images: Any) -> list[Any]:
    return [corrupt(images, name, severity, preset="imagenet") for severity in SEVERITIES]


def _on_one_core(options: Options, name: str, pictures: Any) -> Contest:
    """Both on the same images, but for glass blur, of which the peer does one."""
    few = 1 if name == "glass_blur" else len(pictures) // 2
    one = published.corrupt()
    turns = contest(
        f"{name}, severities 1 to 5, {SIZE} pixels, one core",
        {PEER: lambda: _made(one, name, pictures[:few]), "withstand": lambda: _ours(name, pictures)},
        amount=len(pictures) * len(SEVERITIES),
        turns=1 if options.quick else 5,
        clock=time.process_time,
        seconds_are="the processor's",
    )
    scaled = [seconds * len(pictures) / few for seconds in turns.seconds[PEER]]
    return _with_times(replace(turns, seconds={**turns.seconds, PEER: scaled}))


def _with_times(turns: Contest) -> Contest:
    each = {f"{name}, ms an image": round(1e3 / turns.rate(name), 2) for name in turns.seconds}
    return replace(turns, notes=turns.notes | each)


def _on_all(options: Options, names: list[str], pictures: Any) -> Contest:
    """All of them: ours in one process on all cores; the peer in a process a core, each with one image."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:

        def theirs() -> None:
            for done in [pool.submit(_all_of, names, pictures[:1]) for _ in range(cores)]:
                done.result()

        turns = contest(
            f"all {len(names)}, severities 1 to 5, {SIZE} pixels, {cores} cores",
            {f"{PEER}, a process a core": theirs, "withstand": lambda: [_ours(n, pictures) for n in names]},
            amount=len(pictures) * len(SEVERITIES) * len(names),
            turns=1 if options.quick else 3,
        )
    peer = next(iter(turns.seconds))
    scaled = [seconds * len(pictures) / cores for seconds in turns.seconds[peer]]
    turns = replace(turns, seconds={**turns.seconds, peer: scaled})
    cells = PHOTOGRAPHS * len(SEVERITIES) * len(names)
    times = {
        f"{name}, s for {PHOTOGRAPHS:,} photographs": round(cells / turns.rate(name))
        for name in turns.seconds
    }
    return replace(turns, notes=turns.notes | times)


def _all_of(names: list[str], images: Any) -> None:
    one = published.corrupt()
    for name in names:
        _made(one, name, images)
