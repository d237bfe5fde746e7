"""A small network and images for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

FEW: dict[str, Any] = {"shifts": {"corruption": {"corruptions": ["contrast", "fog"], "severities": [1, 5]}}}


PLAIN: dict[str, Any] = {"shifts": (), "device": "cpu"}


class Net(nn.Module):
    """Three classes by the mean of a colour; ``calls`` counts the images it has seen."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(gain * torch.eye(3))
        self._calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self._calls += len(x)
        return x.mean((2, 3)) @ self.weight


@pytest.fixture
def images() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 60)
    pixels = draw.integers(0, 200, (60, 16, 16, 3))
    pixels[np.arange(60), :, :, labels] += draw.integers(-10, 56, (60, 1, 1))
    return pixels.clip(0, 255).astype(np.uint8), labels
