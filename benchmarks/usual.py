"""The script that most people would write for this work, in plain torch and torchvision: the peer of every benchmark.

Two tunings, so that nobody can say that a straw man was beaten: as tutorials have it (DataLoader in the same process,
float32, batches of 64), and with the knobs that a careful user turns (workers, bfloat16 or TF32, channels_last, larger
batches, pinned memory).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms


@dataclass(frozen=True)
class Tuning:
    """How the usual script is set up."""

    batch_size: int = 64
    workers: int = 0
    dtype: torch.dtype = torch.float32
    channels_last: bool = False


class Photographs(Dataset[tuple[torch.Tensor, int]]):
    """As ``torchvision.datasets.CIFAR10`` does it: an array, and a Pillow image for each item."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64], transform: Any) -> None:
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


def transform(size: int, mean: Iterable[float], std: Iterable[float], augment: bool = False) -> Any:
    """Crop and flip for training, Pillow's resize where the size differs, to a tensor, normalised."""
    steps: list[Any] = [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip()]
    steps = steps if augment else []
    if size != 32:
        steps.append(transforms.Resize((size, size)))
    return transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize(list(mean), list(std))])


def loader(dataset: Photographs, tuning: Tuning, device: torch.device, shuffle: bool = False) -> Any:
    return DataLoader(
        dataset,
        tuning.batch_size,
        shuffle=shuffle,
        num_workers=tuning.workers,
        persistent_workers=tuning.workers > 0,
        pin_memory=device.type == "cuda",
    )


def prepare(network: nn.Module, tuning: Tuning, device: torch.device) -> nn.Module:
    network = network.to(device)
    return network.to(memory_format=torch.channels_last) if tuning.channels_last else network


def evaluate(network: nn.Module, batches: Any, tuning: Tuning, device: torch.device) -> NDArray[np.float32]:
    """The logits of every image: what a robustness script needs of an evaluation."""
    network.eval()
    parts = []
    with (
        torch.no_grad(),
        torch.autocast(device.type, tuning.dtype, enabled=tuning.dtype != torch.float32),
    ):
        for images, _ in batches:
            images = images.to(device, non_blocking=True)
            if tuning.channels_last:
                images = images.contiguous(memory_format=torch.channels_last)
            parts.append(network(images).float().cpu().numpy())
    return np.concatenate(parts)


def train_epoch(
    network: nn.Module, batches: Any, optimizer: torch.optim.Optimizer, tuning: Tuning, device: torch.device
) -> float:
    """One epoch of cross entropy; gives its mean loss, which is read after every step, as tutorials do."""
    network.train()
    total = 0.0
    for images, labels in batches:
        images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
        if tuning.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        optimizer.zero_grad()
        with torch.autocast(device.type, tuning.dtype, enabled=tuning.dtype != torch.float32):
            loss = nn.functional.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    return total / len(batches.dataset)
