"""Datasets, found by name: each module here, or of a plug-in, that has ``from_config(config) -> Dataset`` is one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import ModuleType

import numpy as np

from withstand.base import plugins
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.images.imageset import Dataset, ImageSet


def load(config: Config) -> Dataset:
    """The dataset that the configuration names, cut to its limits.

    Raises:
        UserError: the files are missing or damaged, or a limit exceeds the data.
    """
    settings = config.dataset
    module = code(settings.name)
    whole: Dataset = module.from_config(config)
    if not settings.num_classes:  # the classifier is made after this, with an output for each
        settings.num_classes = len(whole.classes)
        if not config.model.as_it_is:
            config.model.num_classes = settings.num_classes
    if set(whole.train.ids.tolist()) & set(whole.test.ids.tolist()):
        raise AssertionError(f"{whole.name}: training and test images share ids")
    return replace(
        whole,
        name=settings.label,
        form={key: settings.options.get(key) for key in getattr(module, "FITTED", ())},
        columns=partial(module.columns, config) if hasattr(module, "columns") else None,
        train=_limited(whole.train, settings.train_limit, "train_limit", config.image_seed),
        test=_limited(whole.test, settings.test_limit, "test_limit", config.image_seed),
    )


def code(name: str) -> ModuleType:
    """The module of a data set: it has ``from_config``, and ``worlds`` where foregrounds are known apart."""
    return plugins.load("datasets", name)


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
    if len(images) < 2:
        raise UserError(f"there are no images to train on: {len(images)} in the training set")
    order = np.random.default_rng([seed, 1]).permutation(len(images))
    n_val = min(max(1, round(share * len(images))), len(images) - 1)
    train, val = images.take(np.sort(order[n_val:])), images.take(np.sort(order[:n_val]))
    if set(train.ids.tolist()) & set(val.ids.tolist()):
        raise AssertionError("training and validation images share ids")
    return train, val
