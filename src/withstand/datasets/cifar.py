"""What CIFAR-10 and CIFAR-100 share: an archive of python pickles, each checked against its MD5 before it is read."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base import atomic, moving
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.base.lock import one_writer
from withstand.images.download import download

FIRST_TRAIN_ID = (
    10_000  # test images are 0 to 9,999, as in CIFAR-10-C and CIFAR-100-C; training images follow
)
Labelled = tuple[NDArray[np.uint8], NDArray[np.int64]]


@dataclass(frozen=True)
class Release:
    """An archive as its authors published it.

    Attributes:
        title: what it is called in messages.
        folder: what the archive unpacks to.
        archive, md5, mirrors: the file, its MD5, and where it is served.
        files: MD5 of each file in the folder, by name.
    """

    title: str
    folder: str
    archive: str
    md5: str
    mirrors: tuple[str, ...]
    files: Mapping[str, str]

    def place(self, root: Path, *, fetch: bool) -> Path:
        """Where the files are: in ``root/{folder}`` or in ``root`` itself; unpacked, and downloaded, first if need be.

        Raises:
            UserError: they are in neither, and cannot be unpacked or downloaded; says which file to put where.
        """
        if (root / self.folder).is_dir():
            return root / self.folder
        if any((root / name).is_file() for name in self.files):
            return root
        if not fetch and not (root / self.archive).is_file():
            raise UserError(
                f"{self.title} is not in {root / self.folder}; put {self.archive} in {root} or set"
                " dataset.download=true"
            )
        with one_writer(root):
            if not (root / self.folder).is_dir():  # else another process has unpacked it meanwhile
                self._unpack(download(self.mirrors, root / self.archive, md5=self.md5), root)
        return root / self.folder

    def _unpack(self, archive: Path, root: Path) -> None:
        """Unpack beside the place and rename, so that the folder is there whole or not at all."""
        say(f"unpacking {archive}")
        with atomic.scratch_folder(root, f"unpacking-{self.folder}") as scratch:
            try:
                with tarfile.open(archive) as tar:
                    tar.extractall(scratch, filter="data")
                moving.replace(scratch / self.folder, root / self.folder)
            except (OSError, tarfile.TarError) as error:
                raise UserError(f"cannot unpack {archive} in {root}: {error}") from error

    def read(self, folder: Path, name: str) -> dict[bytes, Any]:
        """What one of the pickles holds.

        Raises:
            UserError: it is missing or damaged.
        """
        path = folder / name
        mend = f"put the {name} of {self.archive} there again, or move {folder} away and run again"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UserError(f"cannot read {path} ({error.strerror}); {mend}") from error
        md5 = self.files[name]
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
            raise UserError(f"{path} is damaged: {len(content):,} bytes whose MD5 is not {md5}; {mend}")
        found: dict[bytes, Any] = PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
        return found


def labelled(batch: Mapping[bytes, Any], key: bytes) -> Labelled:
    """The images of a batch, uint8 N×32×32×3, and its labels, int64 N."""
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), np.array(batch[key], np.int64)


_RECONSTRUCT = np.zeros(0).__reduce__()[0]  # NumPy's own, wherever this version keeps it


class PlainUnpickler(pickle.Unpickler):
    """Reads NumPy arrays and plain values; a pickle that asks for anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("numpy.") and name == "_reconstruct":
            return _RECONSTRUCT
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a data batch")
