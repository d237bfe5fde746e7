"""The training mix: pairs of image and corruption, made in batches as training shows them.

Only a chunk of corrupted images exists at a time, as bytes, however long the epoch is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from withstand.images.imageset import ImageSet
from withstand.results.conditions import Condition
from withstand.shifts.corruption.sources import Made, Origin
from withstand.training.loop import batch_starts
from withstand.training.protocols import Pairs, some

_CHUNK = 16_384  # images made at once: 50 MB at 32 pixels, and a hundred of each condition


@dataclass(frozen=True, eq=False)
class Mix:
    """Corrupted training images (``withstand.training.loop.Examples``).

    An epoch shows ``per_epoch`` pairs drawn without replacement from (seed, epoch), all of them where there are fewer.
    What it shows does not depend on the size of batch or chunk, nor on what was shown before.

    Attributes:
        origin: corrupts the images of ``pool``, which ``pairs`` number.
        fresh: whether each epoch draws its corruptions anew, rather than showing the same corrupted image again.
    """

    origin: Origin
    pool: ImageSet
    conditions: Sequence[Condition]
    pairs: Pairs
    per_epoch: int
    seed: int
    device: torch.device
    fresh: bool = False

    def __len__(self) -> int:
        return min(self.per_epoch, len(self.pairs))

    def order(self, epoch: int) -> Pairs:
        """The pairs of an epoch (from 1) in the order in which they are shown."""
        return some(self.pairs, self.per_epoch, [self.seed, 3, epoch])

    def batches(
        self, epoch: int, batch_size: int, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """See ``Examples.batches``; the order is this mix's own, so ``generator`` is left as it is."""
        origin = self.origin
        if self.fresh and isinstance(origin, Made):
            origin = replace(origin, seed=origin.seed * 1_000_003 + epoch)
        order, starts = self.order(epoch), batch_starts(len(self), batch_size)
        together = max(1, _CHUNK // batch_size)
        for first in range(0, len(starts), together):
            chunk = starts[first : first + together]
            pairs = order[chunk[0] : chunk[-1] + batch_size]
            images, labels = make(origin, self.pool, self.conditions, pairs, self.device)
            for start in range(0, len(labels), batch_size):
                yield images[start : start + batch_size], labels[start : start + batch_size]


def make(
    origin: Origin, pool: ImageSet, conditions: Sequence[Condition], pairs: Pairs, device: torch.device
) -> tuple[Tensor, Tensor]:
    """The corrupted images of some pairs in their order, uint8 P×H×W×3, and their labels, int64 P, on the device."""
    rows, numbers = np.divmod(pairs, len(conditions))
    images = torch.empty((len(pairs), *pool.images.shape[1:]), dtype=torch.uint8, device=device)
    for number in np.unique(numbers):
        at = np.flatnonzero(numbers == number)
        condition = conditions[number]
        assert condition.severity is not None
        whole = origin.images(condition.variant, condition.severity)
        images[torch.from_numpy(at).to(device)] = whole.read(rows[at], device)
    return images, torch.from_numpy(pool.labels[rows]).to(device)


def image_set(origin: Origin, pool: ImageSet, conditions: Sequence[Condition], pairs: Pairs) -> ImageSet:
    """The corrupted images of some pairs as an image set, to validate with."""
    images, _ = make(origin, pool, conditions, pairs, torch.device("cpu"))
    part = pool.take(pairs // len(conditions))
    return replace(part, images=images.numpy(), masks=None, background=None)
