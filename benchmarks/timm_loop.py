"""timm's way to validate, as a peer: its loader, transforms and meters, in the loop that its script runs.

Written here from timm's public functions, with the options of its script. Two things differ, so that the work is
the same: the images come from an array in memory, which timm's readers do not know, and the logits are kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from timm.data import create_loader
from timm.utils import AverageMeter, accuracy
from torch import nn

from benchmarks.usual import Photographs, Tuning


def loader(
    pictures: Photographs, size: int, mean: Any, std: Any, tuning: Tuning, device: torch.device
) -> Any:
    """As timm's script makes it: bytes collated, converted and normalised on the device by its prefetcher.

    Args:
        pictures: their ``transform`` is replaced by timm's own: shorter side to ``size``, nothing cropped.
    """
    return create_loader(
        pictures,
        input_size=(3, size, size),
        batch_size=tuning.batch_size,
        interpolation="bilinear",
        mean=mean,
        std=std,
        num_workers=tuning.workers,
        persistent_workers=tuning.workers > 0,  # timm until 1.0.2x asks for it without workers, too
        crop_pct=1.0,
        pin_memory=device.type == "cuda",
        img_dtype=torch.float32,
        device=device,
    )


def validate(network: nn.Module, batches: Any, tuning: Tuning, device: torch.device) -> NDArray[np.float32]:
    """Loss, top-1 and top-5 over all batches, metered one by one as timm's script does; gives the logits."""
    network.eval()
    criterion = nn.CrossEntropyLoss().to(device)
    losses, top1, top5 = AverageMeter(), AverageMeter(), AverageMeter()
    parts = []
    with torch.inference_mode():
        for images, labels in batches:
            if tuning.channels_last:
                images = images.contiguous(memory_format=torch.channels_last)
            with torch.autocast(device.type, tuning.dtype, enabled=tuning.dtype != torch.float32):
                logits = network(images)
                loss = criterion(logits, labels)
            first, fifth = accuracy(logits.detach(), labels, topk=(1, 5))
            losses.update(loss.item(), len(images))
            top1.update(first.item(), len(images))
            top5.update(fifth.item(), len(images))
            parts.append(logits.float().cpu().numpy())
    return np.concatenate(parts)
