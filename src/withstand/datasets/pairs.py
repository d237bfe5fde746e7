"""Which arrays are images and which their labels: two ``.npy``, or two of a ``.npz`` by what they are called."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import NamedTuple

from withstand.base.errors import UserError
from withstand.datasets.stored import Stored

TEST = (
    *(("x_test", "y_test"), ("test_images", "test_labels"), ("images", "labels"), ("x", "y")),
    *(("data", "targets"), ("data", "labels"), ("image", "label"), ("arr_0", "arr_1")),
)
TRAIN = (("x_train", "y_train"), ("train_images", "train_labels"))
"""What the arrays of a ``.npz`` are called, the likeliest first."""


class Pair(NamedTuple):
    """Where images are, and where their labels."""

    images: Stored
    labels: Stored


def asked(images: str, labels: str | None, images_key: str | None, labels_key: str | None) -> Pair:
    """The pair that settings name.

    Args:
        labels: the file; None: the same ``.npz``.
        images_key, labels_key: of a ``.npz``; None: found.

    Raises:
        UserError: there is no such file, or it does not say which of its arrays are which.
    """
    path = Path(images)
    if not _holds_several(path):
        if not labels:
            raise UserError(f"dataset.images={path} needs the labels of its images: dataset.labels=y.npy")
        return Pair(Stored(path), _labels(Path(labels), labels_key))
    keys = _keys(path)
    shown, marks = _first(keys, TEST) or (None, None)
    own = Stored(path, _there(path, keys, "images_key", images_key or shown))
    if labels:
        return Pair(own, _labels(Path(labels), labels_key))
    return Pair(own, Stored(path, _there(path, keys, "labels_key", labels_key or marks)))


def beside(test: Pair) -> Pair | None:
    """The training pair that stands beside a test pair in one ``.npz``, if one does."""
    path = test.images.path
    found = _first(_keys(path), TRAIN) if test.images.key else None
    return Pair(Stored(path, found[0]), Stored(path, found[1])) if found else None


def _labels(path: Path, key: str | None) -> Stored:
    """Labels in a file of their own."""
    if not _holds_several(path):
        return Stored(path)
    keys = _keys(path)
    alone = keys[0] if len(keys) == 1 else None
    found = next((label for _, label in TEST if label in keys), alone)
    return Stored(path, _there(path, keys, "labels_key", key or found))


def _holds_several(path: Path) -> bool:
    return path.suffix.lower() == ".npz"


def _keys(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}; see dataset.images and dataset.labels") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is no .npz ({error}); save it with np.savez") from error


def _first(keys: list[str], pairs: tuple[tuple[str, str], ...]) -> tuple[str, str] | None:
    """The first of the pairs that is there, however it is capitalised."""
    own = {key.lower(): key for key in reversed(keys)}
    return next(((own[one], own[other]) for one, other in pairs if one in own and other in own), None)


def _there(path: Path, keys: list[str], setting: str, key: str | None) -> str:
    if key is None or key not in keys:
        what = f"has no array '{key}'" if key else "does not say which of its arrays are images and labels"
        raise UserError(f"{path} {what}; set dataset.{setting} to one of: {', '.join(keys)}")
    return key
