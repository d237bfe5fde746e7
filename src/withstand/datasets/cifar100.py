"""CIFAR-100 from its official python pickles (Krizhevsky, 2009), by its 100 fine labels; each checked by its MD5."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from withstand.config.schema import Config
from withstand.datasets.cifar import FIRST_TRAIN_ID, Release, labelled
from withstand.images.imageset import Dataset, ImageSet

FOLDER = "cifar-100-python"
ARCHIVE = "cifar-100-python.tar.gz"
ARCHIVE_MD5 = "eb9058c3a382ffc7106e4002c42a8d85"
MIRRORS = (f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}",)
FILES = {
    "train": "16019d7e3df5f24257cddd939b257f8d",
    "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    "meta": "7973b15100ade9c7d40fb424638fde48",
}
_NAMES = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
    castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
    elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard
    lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
    pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark
    shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone
    television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""
CLASSES = tuple(_NAMES.split())
"""As ``meta`` has them, for images that come without it."""


def from_config(config: Config) -> Dataset:
    """See `load`; the folder is ``cifar100`` in ``paths.data``."""
    return load(Path(config.paths.data) / "cifar100", fetch=config.dataset.download)


def load(root: Path, *, fetch: bool = True) -> Dataset:
    """CIFAR-100 from its pickles in ``root/cifar-100-python`` or in ``root`` itself, found as CIFAR-10's are.

    Returns:
        50,000 training images (ids 10,000 to 59,999) and 10,000 test images (ids 0 to 9,999), both in file order.

    Raises:
        UserError: a file is missing, damaged or cannot be downloaded; says which file to put where.
    """
    release = Release("CIFAR-100", FOLDER, ARCHIVE, ARCHIVE_MD5, MIRRORS, FILES)
    folder = release.place(root, fetch=fetch)
    classes = tuple(name.decode() for name in release.read(folder, "meta")[b"fine_label_names"])
    train, train_labels = labelled(release.read(folder, "train"), b"fine_labels")
    test, test_labels = labelled(release.read(folder, "test"), b"fine_labels")
    return Dataset(
        "cifar100",
        ImageSet(train, train_labels, FIRST_TRAIN_ID + np.arange(len(train), dtype=np.int64), classes),
        ImageSet(test, test_labels, np.arange(len(test), dtype=np.int64), classes),
        "CIFAR-100",
    )
