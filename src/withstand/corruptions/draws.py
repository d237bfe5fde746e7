"""Random draws by counter, on any device: what an image gets depends on (seed, id, corruption, severity) alone."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field

import torch
from torch import Tensor

_GOLDEN = -7046029254386353131  # 2^64 / golden ratio, as a signed 64-bit number
_FIRST = -4658895280553007687  # the two multipliers of SplitMix64's finaliser
_SECOND = -7723592293110705685


def _shifted(x: Tensor, bits: int) -> Tensor:
    """Logical right shift; torch's own keeps the sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def _mix(x: Tensor) -> Tensor:
    """SplitMix64's finaliser (Steele, Lea & Flood, 2014), in int64 arithmetic that wraps."""
    x = (x ^ _shifted(x, 30)) * _FIRST
    x = (x ^ _shifted(x, 27)) * _SECOND
    return x ^ _shifted(x, 31)


@dataclass
class Draws:
    """The stream of draws of each image in a batch; each call goes on where the last one stopped.

    Attributes:
        ids: int64 N on the device.
        seed, corruption, severity: the rest of what the draws depend on.
    """

    ids: Tensor
    seed: int
    corruption: str
    severity: int
    _used: int = field(default=0, init=False)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """float32 N×shape, uniform between ``low`` and ``high``; never exactly ``high``."""
        count = math.prod(shape)
        bits = _shifted(self._words(count), 40).to(torch.float32)
        return ((bits + 0.5) * 2**-24 * (high - low) + low).view(-1, *shape)

    def normal(self, *shape: int) -> Tensor:
        """float32 N×shape, standard normal (Box & Muller, 1958): two normals from each 64-bit word."""
        count = math.prod(shape)
        words = self._words((count + 1) // 2)
        radius = (_shifted(words, 40).to(torch.float32) + 0.5).mul_(2**-24).log_().mul_(-2).sqrt_()
        angle = (words & 0xFFFFFF).to(torch.float32).mul_(2 * math.pi / 2**24)
        pair = torch.cat([radius * angle.cos(), radius * angle.sin()], 1)
        return pair[:, :count].reshape(-1, *shape)

    def integers(self, high: int, *shape: int) -> Tensor:
        """int64 N×shape, each of 0 … high-1 as likely."""
        return (self.uniform(*shape) * high).long().clamp_(max=high - 1)

    def _words(self, count: int) -> Tensor:
        """int64 N×count: 64 random bits each."""
        place = zlib.crc32(f"{self.corruption}/{self.severity}".encode())
        start = _mix(torch.tensor([self.seed], dtype=torch.int64, device=self.ids.device) * _GOLDEN + place)
        each = _mix(start + _mix(self.ids * _GOLDEN + 1))
        index = torch.arange(self._used + 1, self._used + count + 1, device=self.ids.device)
        self._used += count
        return _mix(each[:, None] + index * _GOLDEN)
