"""The images that benchmarks work on: CIFAR-10 where it lies in ``--data``, else drawn shapes of the same size."""

from __future__ import annotations

from benchmarks.frame import Options
from withstand import data
from withstand.compose import compose
from withstand.data import cifar10
from withstand.data.imageset import ImageSet


def images(options: Options, n: int) -> ImageSet:
    """``n`` test images, repeated in order where there are fewer."""
    import numpy as np

    if (options.data / "cifar10").is_dir():
        test = cifar10.load(options.data / "cifar10", fetch=False).test
    else:
        test = data.load(compose(["dataset=shapes", "dataset.n_train=1", f"dataset.n_test={n}"])).test
    return test.take(np.arange(n) % len(test))
