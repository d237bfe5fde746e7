"""A classifier: a network, how images are made ready for it, and where its weights came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from withstand.images.preprocessing import Preprocessing
from withstand.models.checkpoints import State
from withstand.models.loading import Head

WHOLE = Head(fresh=False, outputs=None)
FRESH = Head(fresh=True, outputs=None)


@dataclass
class Classifier:
    """A network, how images are made ready for it, and where its weights came from."""

    network: nn.Module
    preprocessing: Preprocessing
    origin: str | None  # the pretrained weights in words; None: from scratch
    head: Head = WHOLE  # what became of the classifier layer of those weights

    @torch.inference_mode()
    def logits(self, images: Tensor) -> Tensor:
        """float32 N×K for uint8 N×H×W×3, in evaluation mode: the plain way, which every engine agrees with."""
        return self.network.eval()(self.preprocessing(images)).float()

    def facts(self) -> dict[str, Any]:
        """All that its answers depend on beside the images and the arithmetic, as JSON values."""
        return {"weights": self.digest(), "preprocessing": self.preprocessing.facts()}

    @property
    def fresh_head(self) -> bool:
        """Whether the classifier layer was left as it was drawn."""
        return self.head.fresh

    def digest(self) -> str:
        """SHA-256 of every weight and buffer, by name."""
        return digest(self.network.state_dict())


def digest(state: State) -> str:
    """SHA-256 of a state dict's names, types, shapes and bytes; the same on every device."""
    sha = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        plain = tensor.detach().cpu().contiguous()
        sha.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
        sha.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()
