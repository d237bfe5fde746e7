"""The training mix: pairs of image and corruption, made in batches as training shows them.

Only a chunk of corrupted images exists at a time, as bytes, however long the epoch is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from withstand.conditions import Condition
from withstand.corruptions import corrupt
from withstand.data.imageset import ImageSet
from withstand.protocols import Pairs, some
from withstand.shifts.corruption import Corruption
from withstand.train import batch_starts

_CHUNK = 16_384  # images made at once: 50 MB at 32 pixels, and a hundred of each condition


@dataclass(frozen=True, eq=False)
class Mix:
    """Corrupted training images (``withstand.train.Examples``).

    An epoch shows ``per_epoch`` pairs drawn without replacement from (seed, epoch), all of them where there are fewer.
    What it shows does not depend on the size of batch or chunk, nor on what was shown before.

    Attributes:
        shift: over the pool of images that ``pairs`` number.
        fresh: whether each epoch draws its corruptions anew, rather than showing the same corrupted image again.
    """

    shift: Corruption
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
        shift = replace(self.shift, seed=self.shift.seed * 1_000_003 + epoch) if self.fresh else self.shift
        order, starts = self.order(epoch), batch_starts(len(self), batch_size)
        together = max(1, _CHUNK // batch_size)
        for first in range(0, len(starts), together):
            chunk = starts[first : first + together]
            pairs = order[chunk[0] : chunk[-1] + batch_size]
            images, labels = make(shift, self.conditions, pairs, self.device)
            for start in range(0, len(labels), batch_size):
                yield images[start : start + batch_size], labels[start : start + batch_size]


def make(
    shift: Corruption, conditions: Sequence[Condition], pairs: Pairs, device: torch.device
) -> tuple[Tensor, Tensor]:
    """The corrupted images of some pairs in their order, uint8 P×H×W×3, and their labels, int64 P, on the device."""
    rows, numbers = np.divmod(pairs, len(conditions))
    images = torch.empty((len(pairs), *shift.test.images.shape[1:]), dtype=torch.uint8, device=device)
    for number in np.unique(numbers):
        at = np.flatnonzero(numbers == number)
        part = shift.test.take(rows[at])
        images[torch.from_numpy(at).to(device)] = _corrupted(shift, part, conditions[number], device)
    return images, torch.from_numpy(shift.test.labels[rows]).to(device)


def image_set(shift: Corruption, conditions: Sequence[Condition], pairs: Pairs) -> ImageSet:
    """The corrupted images of some pairs as an image set, to validate with."""
    images, _ = make(shift, conditions, pairs, torch.device("cpu"))
    rows = pairs // len(conditions)
    return replace(shift.test.take(rows), images=images.numpy(), masks=None, background=None)


def _corrupted(shift: Corruption, part: ImageSet, condition: Condition, device: torch.device) -> Tensor:
    """Some of the shift's images under a condition: read from its files, else made on the device."""
    assert condition.severity is not None
    if shift.folder is not None:
        return torch.from_numpy(np.array(replace(shift, test=part).images(condition).images)).to(device)
    images = torch.from_numpy(part.images).to(device)
    return corrupt(images, condition.variant, condition.severity, seed=shift.seed, ids=part.ids)
