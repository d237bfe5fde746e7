"""The only place where a trained network meets images: image set in, predictions out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from withstand.data.imageset import ImageSet
from withstand.device import autocast
from withstand.models import Classifier
from withstand.preprocess import Preprocessing
from withstand.store import Predictions


@dataclass(frozen=True)
class Predictor:
    """A classifier made ready for evaluation: eval mode, one type of arithmetic, one batch size, one device."""

    network: nn.Module
    preprocessing: Preprocessing
    device: torch.device
    dtype: torch.dtype
    batch_size: int

    @classmethod
    def of(
        cls, classifier: Classifier, device: torch.device, dtype: torch.dtype, batch_size: int
    ) -> Predictor:
        """A copy of the classifier, so that training may go on with the original."""
        network = copy.deepcopy(classifier.network).eval().requires_grad_(False)
        network = network.to(device).to(memory_format=torch.channels_last)
        return cls(network, classifier.preprocessing, device, dtype, batch_size)

    @torch.inference_mode()
    def logits(self, images: Tensor) -> Tensor:
        """float32 N×K for uint8 N×H×W×3 on the device."""
        with autocast(self.device, self.dtype):
            return cast(Tensor, self.network(self.preprocessing(images))).float()

    def __call__(self, images: ImageSet) -> Predictions:
        """Predictions of the whole image set, in its order."""
        parts = [self.logits(batch).cpu().numpy() for batch in self._batches(images)]
        logits = np.concatenate(parts) if parts else np.empty((0, len(images.classes)), np.float32)
        return Predictions(ids=images.ids, labels=images.labels, logits=logits)

    def _batches(self, images: ImageSet) -> Iterator[Tensor]:
        for start in range(0, len(images), self.batch_size):
            # A copy, since a memory-mapped array is read-only and torch has no read-only tensors.
            yield torch.from_numpy(images.images[start : start + self.batch_size].copy()).to(self.device)
