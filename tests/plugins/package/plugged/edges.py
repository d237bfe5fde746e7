"""A source of classifiers: ``edges:K`` says one of K classes by the brightness of the middle of an image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from withstand.config.schema import Config
from withstand.images.preprocessing import Scaled
from withstand.models import Classifier

ABOUT = "the brightness of the middle: edges:K for K classes"


class Middle(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.register_buffer("levels", torch.linspace(0, 1, classes))

    def forward(self, images: Tensor) -> Tensor:
        height, width = images.shape[2] // 2, images.shape[3] // 2
        return -((images[:, :, height, width].mean(1, keepdim=True) - self.levels) ** 2)


def from_config(config: Config, outputs: int | None) -> Classifier:
    return Classifier(Middle(int(config.model.name)), Scaled(), "edges", rewritable=False)
