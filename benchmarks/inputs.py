"""The images that benchmarks work on: CIFAR-10 where it lies in ``--data``, else drawn shapes of the same size."""

from __future__ import annotations

import numpy as np

from benchmarks.frame import Options
from withstand import datasets
from withstand.config.composing import compose
from withstand.datasets import cifar10
from withstand.images.imageset import ImageSet

_DRAWN = 10_000  # as many as CIFAR-10 has to test with; drawing takes longer than what is measured


def images(options: Options, n: int) -> ImageSet:
    """``n`` test images, repeated in order where there are fewer."""
    test = training_and_test(options, 1, min(n, _DRAWN))[1]
    return test.take(np.arange(n) % len(test))


def training_and_test(options: Options, n_train: int, n_test: int) -> tuple[ImageSet, ImageSet]:
    """The first training and test images, as many as there are up to ``n_train`` and ``n_test``."""
    if (options.data / "cifar10").is_dir():
        found = cifar10.load(options.data / "cifar10", fetch=False)
    else:
        found = datasets.load(
            compose(["dataset=shapes", f"dataset.n_train={n_train}", f"dataset.n_test={n_test}"])
        )
    return found.train.take(slice(0, n_train)), found.test.take(slice(0, n_test))
