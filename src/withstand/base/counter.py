"""Random numbers by counter: what an image draws depends on its own id, never on its neighbours or their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea & Flood, 2014): every input bit moves every output bit."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def renamed(ids: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Other ids, as different as the given ones: int64, 0 or more; another seed gives others."""
    with np.errstate(over="ignore"):
        each = _mix(ids.astype(np.uint64) * _GOLDEN ^ np.uint64(seed % 2**64))
    return (each >> np.uint64(1)).astype(np.int64)


def uniforms(seed: int, ids: NDArray[np.int64], count: int, stream: int = 0) -> NDArray[np.float32]:
    """``count`` numbers in [0, 1) for each id.

    Args:
        seed: of the whole run.
        ids: int64 N.
        count: numbers wanted for each.
        stream: another stream gives other numbers for the same seed and id.

    Returns:
        float32 N×count, the same for the same (seed, id, stream), whatever else is asked for.
    """
    with np.errstate(over="ignore"):
        start = _mix(np.array([seed], np.uint64) * _GOLDEN + np.uint64(stream))
        each = _mix(start + _mix(ids.astype(np.uint64) * _GOLDEN + np.uint64(1)))
        draws = _mix(each[:, None] + np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN)
    return ((draws >> np.uint64(40)).astype(np.float32)) * np.float32(2**-24)
