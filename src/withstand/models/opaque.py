"""Networks in files that run as they are: what they read, and batches of the one size that some were made for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from withstand.base.errors import UserError
from withstand.config.schema import ModelConfig
from withstand.images.preprocessing import Preprocessing


class Batched(nn.Module):
    """A function from float32 N×3×S×S to N×K; one of batches of a fixed size has the last of them filled up.

    Attributes:
        batch: the size; 0: any.
    """

    def __init__(self, run: Callable[[Tensor], Tensor], batch: int) -> None:
        super().__init__()
        self.run, self.batch = run, batch

    def forward(self, images: Tensor) -> Tensor:
        """float32 N×K."""
        if not self.batch:
            return self.run(images).float()
        parts = []
        for part in images.split(self.batch):
            short = self.batch - len(part)
            whole = torch.cat([part, part[-1:].expand(short, *part.shape[1:])]) if short else part
            parts.append(self.run(whole.contiguous())[: len(part)].float())
        return torch.cat(parts)


def preprocessing(model: ModelConfig, size: int) -> Preprocessing:
    """What the settings say: such a file says nothing of it but the size.

    Raises:
        UserError: they do not say how to normalise.
    """
    if not (model.mean and model.std):
        raise UserError(
            f"{model.name} does not say how images are made ready for it; give model.mean=[…] and model.std=[…] of"
            " values between 0 and 1 (ImageNet's: [0.485,0.456,0.406] and [0.229,0.224,0.225]; as they are: [0,0,0] and"
            " [1,1,1]), and where photographs are cropped, model.crop=0.875; in Python, preprocess=Preprocessing(…)"
        )
    way = model.interpolation or "bilinear"
    return Preprocessing(
        model.image_size or size, way, tuple(model.mean), tuple(model.std), model.crop or 1.0
    )


def file_of(model: ModelConfig) -> Path:
    """The file that is named.

    Raises:
        UserError: it is not there, or weights are given for it.
    """
    file = Path(model.name)
    if not file.is_file():
        raise UserError(f"there is no file {file}")
    if model.weights:
        raise UserError(f"{file} has its own weights; leave model.weights out")
    return file


def digest_of(*files: Path) -> str:
    """SHA-256 of some files."""
    sha = hashlib.sha256()
    for one in files:
        with one.open("rb") as stream:
            while block := stream.read(2**20):
                sha.update(block)
    return sha.hexdigest()
