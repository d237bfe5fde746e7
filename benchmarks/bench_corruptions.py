"""The nineteen corruptions: all 95 cells of the same images, in batches and one image at a time.

The other side is `per_image.py`, the usual code on OpenCV, scikit-image, SciPy and Pillow; tests/corruptions shows
that both make the same images from the same draws. On a GPU ours runs there; the loop stays on the processor.
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks import per_image
from benchmarks.frame import Contest, Options, contest, peak
from benchmarks.inputs import images
from withstand.corruptions import CORRUPTIONS, SEVERITIES, corrupt, frost
from withstand.corruptions.constants import constants
from withstand.engines import device

WHOLE = 10_000  # images of CIFAR-10-C at one severity


def run(options: Options) -> list[Contest]:
    chosen = device.choose(options.device)
    device.set_threads(0)
    names = [n for n in CORRUPTIONS if n != "frost" or frost.textures_available()]
    found = [_one(options, chosen, name) for name in names]
    if not options.quick:
        seconds = sum(each.seconds["withstand"][0] / each.amount * WHOLE * len(SEVERITIES) for each in found)
        found[-1].notes["seconds_for_all_of_cifar_10_c"] = round(seconds, 1)
        found[-1].notes["peak_memory_mb"] = round(peak() / 2**20)
    return found


def _one(options: Options, chosen: torch.device, name: str) -> Contest:
    """All five severities: ours on every image, the loop on the first of them, at a rate an image."""
    test = images(options, 8 if options.quick else 2000)
    few = 2 if options.quick else 20
    pictures = torch.from_numpy(np.array(test.images)).to(chosen)
    generator = per_image.Generator(0)

    def ours() -> None:
        for severity in SEVERITIES:
            corrupt(pictures, name, severity)
        if chosen.type == "cuda":
            torch.cuda.synchronize(chosen)

    def loop() -> None:
        for severity in SEVERITIES:
            values = constants("cifar", name, severity, 32, 32)
            for image in test.images[:few]:
                np.asarray(getattr(per_image, name)(image, generator, **values)).astype(np.uint8)

    turns = contest(
        f"{name}, severities 1 to 5",
        {"one image at a time": loop, "withstand": ours},
        amount=len(test) * len(SEVERITIES),
        turns=1 if options.quick else 3,
        device=device.describe(chosen),
    )
    # The loop did `few` of the images; what it would take for all of them is in proportion.
    scaled = [seconds * len(test) / few for seconds in turns.seconds["one image at a time"]]
    turns.seconds["one image at a time"][:] = scaled
    ours_us = min(turns.seconds["withstand"]) / turns.amount * 1e6
    return Contest(
        turns.work,
        turns.unit,
        turns.amount,
        turns.ours,
        turns.seconds,
        turns.notes | {"microseconds_an_image": round(ours_us, 1), "images_of_the_loop": few},
    )
