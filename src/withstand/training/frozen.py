"""A frozen backbone: its features are computed once, and only the classifier layer on top is trained.

A linear probe where the layer is linear. Features take the place of images in the one training loop, so a frozen run is
resumed, validated and written down as any other.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from withstand.base import atomic
from withstand.base.console import progress
from withstand.base.errors import UserError
from withstand.engines.predictor import Predictor
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier

_CHUNK = 256  # images between looks at the progress


class Features(ImageSet):
    """An image set whose ``images`` are float32 N×D: what a backbone makes of them."""

    def __post_init__(self) -> None:
        if self.images.dtype != np.float32 or self.images.ndim != 2 or len(self.images) != len(self.labels):
            raise ValueError(f"features must be float32 N×D, not {self.images.dtype} {self.images.shape}")


@dataclass(frozen=True)
class _AsTheyAre(Preprocessing):
    """Features need nothing done to them."""

    def __call__(self, images: Tensor, out: Tensor | None = None) -> Tensor:
        return images


class _Body(nn.Module):
    """A timm network up to its classifier layer."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        network: Any = self.network
        return cast(Tensor, network.forward_head(network.forward_features(images), pre_logits=True))


def head_of(classifier: Classifier) -> Classifier:
    """The classifier layer as a classifier of features; it shares its weights with the whole network."""
    network: Any = classifier.network
    plain = _AsTheyAre(**classifier.preprocessing.facts())
    return Classifier(cast(nn.Module, network.get_classifier()), plain, classifier.origin)


def save(made: Features, file: Path) -> None:
    """Keep features, whole or not at all."""
    with atomic.replacing(file) as temporary, temporary.open("wb") as written:
        np.savez(written, ids=made.ids, features=made.images)


def read(file: Path, images: ImageSet) -> Features:
    """The features of ``images`` that were kept.

    Raises:
        UserError: the file is damaged, or of other images.
    """
    try:
        with np.load(file, allow_pickle=False) as found:
            ids, values = found["ids"], found["features"]
        if not np.array_equal(ids, images.ids):
            raise ValueError("it is of other images")
        return Features(values, images.labels, images.ids, images.classes)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"cannot read {file}: {error}; delete it and give the command again") from error


def features(
    classifier: Classifier, images: ImageSet, device: torch.device, dtype: torch.dtype, batch_size: int
) -> Features:
    """What the network makes of the images before its classifier layer, in evaluation mode."""
    body = Classifier(_Body(classifier.network), classifier.preprocessing, classifier.origin)
    predictor = Predictor.of(body, device, dtype, batch_size)
    parts = []
    with progress("features", len(images)) as bar:
        for start in range(0, len(images), _CHUNK):
            part = images.take(slice(start, start + _CHUNK))
            parts.append(predictor(part).logits)
            bar.advance(len(part), images=len(part))
    return Features(np.concatenate(parts), images.labels, images.ids, images.classes)
