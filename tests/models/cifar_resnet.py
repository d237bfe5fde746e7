"""The CIFAR ResNets of He et al. (2016), section 4.2, with shortcuts of option A: for weights that are not timm's."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from withstand import Preprocessing

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Block(nn.Module):
    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.step = 1 if inside == outside else 2
        self.conv1 = nn.Conv2d(inside, outside, 3, self.step, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.more = (outside - inside) // 2

    def forward(self, x: Tensor) -> Tensor:
        found = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
        short = pad(x[:, :, :: self.step, :: self.step], (0, 0, 0, 0, self.more, self.more))
        return relu(found + short)


class ResNet(nn.Module):
    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        widths = [16, 16, 32, 64]
        stages = [
            nn.Sequential(*(Block(a if n == 0 else b, b) for n in range(blocks))) for a, b in pairwise(widths)
        ]
        self.layer1, self.layer2, self.layer3 = stages
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(relu(self.bn1(self.conv1(x))))))
        return self.linear(torch.flatten(x.mean((2, 3)), 1))


def resnet(blocks: int = 3) -> tuple[nn.Module, Preprocessing]:
    """20 layers by 3 blocks a stage, 56 by 9."""
    return ResNet(blocks), Preprocessing(32, "bilinear", MEAN, STD)
