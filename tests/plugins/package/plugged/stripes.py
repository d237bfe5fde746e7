"""Stripes across or along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.config.checks import own_settings
from withstand.config.schema import Config
from withstand.images.imageset import Dataset, ImageSet


@dataclass
class Settings:
    width: int = 4


def from_config(config: Config) -> Dataset:
    """Sixty images to train on, twenty to test."""
    width = own_settings(Settings, "dataset", config.dataset.options).width
    return Dataset(
        "stripes", _drawn(np.arange(20, 80), width), _drawn(np.arange(20), width), f"width {width}"
    )


def _drawn(ids: NDArray[np.int64], width: int) -> ImageSet:
    stripe = np.where(np.arange(32) // width % 2, 220, 30).astype(np.uint8)
    along = np.broadcast_to(stripe[:, None, None], (32, 32, 3))
    images = np.stack([along if one % 2 else along.transpose(1, 0, 2) for one in ids])
    images[:, 0, 0, 0] = ids  # no two alike
    return ImageSet(np.ascontiguousarray(images), ids % 2, ids, ("across", "along"))
