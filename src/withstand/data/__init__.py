"""Datasets, found by name: each module here that has ``from_config`` is one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from withstand.config import Config, DatasetConfig
from withstand.data import cifar10, shapes
from withstand.data.imageset import Dataset, ImageSet
from withstand.errors import UserError


def load(config: Config) -> Dataset:
    """The dataset that the configuration names, cut to its limits.

    Raises:
        UserError: the files are missing or damaged, or a limit exceeds the data.
    """
    settings = config.dataset
    whole = _whole(config, settings)
    if set(whole.train.ids.tolist()) & set(whole.test.ids.tolist()):
        raise AssertionError(f"{whole.name}: training and test images share ids")
    return Dataset(
        whole.name,
        _limited(whole.train, settings.train_limit, "train_limit", config.seed),
        _limited(whole.test, settings.test_limit, "test_limit", config.seed),
    )


def _whole(config: Config, settings: DatasetConfig) -> Dataset:
    if settings.name == "cifar10":
        return cifar10.load(Path(config.paths.data) / "cifar10", fetch=settings.download)
    if settings.name == "shapes":
        return shapes.load(
            n_train=settings.n_train,
            n_test=settings.n_test,
            seed=config.seed,
            size=settings.size,
            correlation=settings.correlation,
        )
    raise UserError(f"dataset.name={settings.name} has no code")


def _limited(images: ImageSet, limit: int | None, key: str, seed: int) -> ImageSet:
    """A random part of ``limit`` images, by seed, in the order of the whole."""
    if limit is None or limit == len(images):
        return images
    if limit > len(images):
        raise UserError(f"dataset.{key}={limit:,} is more than the {len(images):,} images there are")
    rows = np.random.default_rng(seed).permutation(len(images))[:limit]
    return images.take(np.sort(rows))


def split(images: ImageSet, share: float, seed: int) -> tuple[ImageSet, ImageSet]:
    """Training and validation images: ``share`` of them, at random by seed, to validation."""
    order = np.random.default_rng([seed, 1]).permutation(len(images))
    n_val = min(max(1, round(share * len(images))), len(images) - 1)
    train, val = images.take(np.sort(order[n_val:])), images.take(np.sort(order[:n_val]))
    if set(train.ids.tolist()) & set(val.ids.tolist()):
        raise AssertionError("training and validation images share ids")
    return train, val


def digest(images: ImageSet) -> str:
    """SHA-256 of the images, labels and ids."""
    sha = hashlib.sha256()
    for array in (images.images, images.labels, images.ids):
        sha.update(f"{array.dtype} {array.shape}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()
