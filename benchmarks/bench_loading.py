"""Loading and preprocessing: stored bytes to normalised 224×224 and 32×32 batches.

No network is run. Both sides give the same float32 batches on the device, which is checked first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks import usual
from benchmarks.frame import Contest, Options, contest
from benchmarks.inputs import images
from withstand.engines import device
from withstand.engines.planning import batch_size
from withstand.images.preprocessing import Preprocessing

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)


def run(options: Options) -> list[Contest]:
    chosen = device.choose(options.device)
    device.set_threads(0)
    return [_size(options, chosen, size) for size in (224, 32)]


def _size(options: Options, chosen: torch.device, size: int) -> Contest:
    test = images(options, 64 if options.quick else 2048)
    ready = Preprocessing(size, "bilinear", MEAN, STD)
    pictures = usual.Photographs(test.images, test.labels, usual.transform(size, MEAN, STD))

    batch = batch_size(chosen, size)

    def ours() -> list[torch.Tensor]:
        """As the predictor does it; the sum of a batch stands for its use, so that neither side holds them all."""
        buffer = torch.empty(batch, size, size, 3, device=chosen)
        parts = torch.from_numpy(np.array(test.images)).to(chosen).split(batch)
        return [ready(part, out=buffer).sum().cpu() for part in parts]

    def theirs(batches: Any) -> list[torch.Tensor]:
        return [batch.to(chosen).sum().cpu() for batch, _ in batches]

    plain = usual.loader(pictures, usual.Tuning(), chosen)
    workers = usual.loader(pictures, usual.Tuning(workers=2), chosen)  # started once, as in a long run
    usual_batch = next(iter(plain))[0]
    largest = (ready(torch.from_numpy(np.array(test.images[:64]))) - usual_batch).abs().max().item()
    assert largest < 1e-4, f"the two sides differ by {largest}"
    return contest(
        f"uint8 32×32 to normalised float32 {size}×{size}",
        {
            "usual script": lambda: theirs(plain),
            "usual script, 2 workers": lambda: theirs(workers),
            "withstand": ours,
        },
        amount=len(test),
        turns=1 if options.quick else 5,
        largest_difference=largest,
    )
