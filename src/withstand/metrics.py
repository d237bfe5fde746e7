"""Metrics: pure functions of logits and labels. A new one applies to every old run without running a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Labels = NDArray[np.int64]


def hits(logits: Logits, labels: Labels, k: int = 1) -> NDArray[np.bool_]:
    """Whether each label is among the ``k`` highest logits; bool N.

    Of equal logits the earlier class counts as higher, so a tie never counts twice.
    """
    own = np.take_along_axis(logits, labels[:, None], axis=1)
    earlier = np.arange(logits.shape[1]) < labels[:, None]
    above = ((logits > own) | ((logits == own) & earlier)).sum(axis=1)
    return above < k


def top_k(logits: Logits, labels: Labels, k: int = 1) -> float:
    """Share of images whose label is among the ``k`` highest logits, 0 to 1."""
    return float(hits(logits, labels, k).mean())


def nll(logits: Logits, labels: Labels) -> float:
    """Mean negative log likelihood of the label under the softmax, in nats."""
    wide = logits.astype(np.float64)
    top = wide.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(wide - top).sum(axis=1))
    return float((log_sum - np.take_along_axis(wide, labels[:, None], axis=1)[:, 0]).mean())
