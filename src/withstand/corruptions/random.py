"""Random numbers by counter, in tensors: a pure function of (seed, image id, cell, name of the draw, position).

No generator and no state: what one image draws cannot depend on its batch, its place in it, the process or the device.
The integers behind the numbers are exactly the same on every device.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import torch
from torch import Tensor

_GOLDEN = -0x61C8864680B583EB  # 2^64 / golden ratio, as a signed 64-bit integer


def _shift(x: Tensor, bits: int) -> Tensor:
    """Logical shift to the right; torch's own keeps the sign."""
    width = x.element_size() * 8
    return (x >> bits) & ((1 << (width - bits)) - 1)


def _mix64(x: Tensor) -> Tensor:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, 2014), on int64."""
    x = (x ^ _shift(x, 30)) * -0x40A7B892E31B1A47
    x = (x ^ _shift(x, 27)) * -0x6B2FB644ECCEEE15
    return x ^ _shift(x, 31)


def _mix32(x: Tensor) -> Tensor:
    """A 32-bit finaliser with little bias (C. Wellons, 2018, "lowbias32"), on int32 and in place."""
    for bits, factor in ((16, 0x7FEB352D), (15, -0x7B93_5975), (16, None)):
        shifted = x >> bits
        x.bitwise_xor_(shifted.bitwise_and_((1 << (32 - bits)) - 1))
        if factor is not None:
            x.mul_(factor)
    return x


class Draws:
    """What the images of one batch draw in one cell.

    Args:
        seed: of the whole run.
        ids: int64 N, on the device where the numbers are wanted.
        cell: names the corruption and severity.
    """

    def __init__(self, seed: int, ids: Tensor, cell: str) -> None:
        self.seed, self.ids, self.cell = seed, ids, cell

    def bits(self, name: str | Sequence[str], shape: Sequence[int]) -> Tensor:
        """int32 N×shape, every bit fair; another ``name`` gives other bits. Of several names N×names×shape."""
        several = () if isinstance(name, str) else (len(name),)
        names = torch.tensor([self._number(one) for one in ([name] if isinstance(name, str) else name)])
        keys = _mix64((self.ids * _GOLDEN)[:, None] + names.to(self.ids.device))
        low, high = keys.view(torch.int32).view(*keys.shape, 2, 1).unbind(2)
        counters = torch.arange(math.prod(shape), dtype=torch.int32, device=self.ids.device) * -0x61C88647
        x = _mix32(counters + low)
        return _mix32(x.bitwise_xor_(high)).view(len(self.ids), *several, *shape)

    def _number(self, name: str) -> int:
        digest = hashlib.blake2b(f"{self.seed}/{self.cell}/{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little", signed=True)

    def uniform(
        self, name: str | Sequence[str], shape: Sequence[int], low: float = 0.0, high: float = 1.0
    ) -> Tensor:
        """float32 N×shape in [low, high), in steps of 2^-24 of the range. Of several names N×names×shape."""
        steps = self.bits(name, shape).bitwise_right_shift_(8).bitwise_and_(0xFFFFFF)
        return steps.float().mul_((high - low) * 2.0**-24).add_(low)

    def integers(self, name: str, shape: Sequence[int], low: int, high: int) -> Tensor:
        """int64 N×shape in [low, high), even to within (high - low) / 2^31."""
        steps = _shift(self.bits(name, shape), 1).long()
        return ((steps * (high - low)) >> 31) + low

    def normal(self, name: str, shape: Sequence[int]) -> Tensor:
        """float32 N×shape of the standard normal law, by its inverse distribution function; within ±5.4."""
        steps = self.bits(name, shape).bitwise_right_shift_(8)
        return steps.float().add_(0.5).mul_(2.0**-23).erfinv_().mul_(math.sqrt(2))
