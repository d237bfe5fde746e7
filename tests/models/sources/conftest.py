"""Sixteen pictures of many sizes, and each classifier's answers to them by withstand's way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from withstand import datasets, models
from withstand.config.composing import compose
from withstand.models import Classifier
from withstand.session import geometry

SIZES = [(256, 256), (300, 256), (256, 341), (500, 375), (231, 347), (1024, 300), (97, 140), (224, 224)]


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``cat/0.png`` …: soft blobs with sharp edges and grain, as photographs have; lossless."""
    folder, draw = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    for at, size in enumerate(SIZES * 2):
        small = Image.fromarray(draw.integers(0, 256, (9, 11, 3), np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        pixels = np.asarray(small).astype(np.int16) + draw.integers(-20, 21, (size[1], size[0], 3))
        pixels[size[1] // 3 :, : size[0] // 4] //= 3
        place = folder / ("cat" if at % 2 else "dog")
        place.mkdir(exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(place / f"{at:02}.png")
    return folder


@pytest.fixture
def answers(photographs: Path) -> Callable[..., tuple[Classifier, torch.Tensor, list[Image.Image]]]:
    """The classifier that some words name, its outputs for the pictures, and the pictures in that order."""

    def of(*words: str) -> tuple[Classifier, torch.Tensor, list[Image.Image]]:
        config = compose(
            [
                "experiment=evaluate",
                "dataset=folder",
                f"dataset.folder={photographs}",
                "dataset.num_classes=2",
                *words,
            ]
        )
        found = models.as_it_is(config)
        config, fits = geometry.settled(config, found.preprocessing)
        assert fits
        images = datasets.load(config).test
        if found.for_classes is not None:
            found = found.for_classes(images.classes)
        files = sorted(photographs.glob("*/*.png"))
        shown = found.after_geometry.logits(torch.from_numpy(images.images.copy()))
        return found, shown, [Image.open(file).convert("RGB") for file in files]

    return of
