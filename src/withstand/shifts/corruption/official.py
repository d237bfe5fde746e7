"""The layout of CIFAR-10-C and CIFAR-100-C: a ``.npy`` of 5 × N images for each corruption, and ``labels.npy``.

The files of Hendrycks & Dietterich (2019), Zenodo records 2535967 and 3555552, or anyone's in the same layout: any
image set whose ids are row numbers can have its corruptions so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from withstand.base import files, trust
from withstand.base.errors import UserError
from withstand.images import npy
from withstand.images.blocks import Blocks, gather
from withstand.images.download import md5_of
from withstand.images.imageset import ImageSet

SEVERITIES = 5
_MOST = 10_000_000  # rows; ids above are not places in a file

MD5 = {  # of the published files of CIFAR-10-C
    "brightness": "0a81ef75e0b523c3383219c330a85d48",
    "contrast": "3c8262171c51307f916c30a3308235a8",
    "defocus_blur": "7d1322666342a0702b1957e92f6254bc",
    "elastic_transform": "9421657c6cd452429cf6ce96cc412b5f",
    "fog": "7b397314b5670f825465fbcd1f6e9ccd",
    "frost": "31f6ab3bce1d9934abfb0cc13656f141",
    "gaussian_blur": "c33370155bc9b055fb4a89113d3c559d",
    "gaussian_noise": "ecaf8b9a2399ffeda7680934c33405fd",
    "glass_blur": "7361fb4019269e02dbf6925f083e8629",
    "impulse_noise": "2090e01c83519ec51427e65116af6b1a",
    "jpeg_compression": "2b9cc4c864e0193bb64db8d7728f8187",
    "labels": "c439b113295ed5254878798ffe28fd54",
    "motion_blur": "fffa5f852ff7ad299cfe8a7643f090f4",
    "pixelate": "0f14f7e2db14288304e1de10df16832f",
    "saturate": "1cfae0964219c5102abbb883e538cc56",
    "shot_noise": "3a7239bb118894f013d9bf1984be7f11",
    "snow": "bb238de8555123da9c282dea23bd6e55",
    "spatter": "8a5a3903a7f8f65b59501a6093b4311e",
    "speckle_noise": "ef00b87611792b00df09c0b0237a1e30",
    "zoom_blur": "6ea8e63f1c5cdee1517533840641641b",
}


def present(folder: Path) -> bool:
    """True where the layout's ``labels.npy`` is."""
    return (folder / "labels.npy").is_file()


def numbered(test: ImageSet) -> bool:
    """Whether the images' ids can be row numbers of files, as CIFAR's; a photograph's is a digest of its path."""
    return len(test) > 0 and int(test.ids.min()) >= 0 and int(test.ids.max()) < _MOST


def check(folder: Path, corruptions: Sequence[str], test: ImageSet) -> None:
    """Look at every file before work begins: it is there, of the right shape and type, in the test set's order.

    Reads the headers and the labels, so it takes no time; see ``altered`` for the bytes of the images.

    Args:
        folder: where ``labels.npy`` and ``{corruption}.npy`` are.
        test: test images, all of them or a part, whose ids are their places in the whole test set.

    Raises:
        UserError: names the file and what is wrong with it.
    """
    path = folder / "labels.npy"
    labels = _open(path)
    least = SEVERITIES * (int(test.ids.max()) + 1)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) % SEVERITIES or len(labels) < least:
        raise UserError(
            f"{path} holds {labels.dtype} {labels.shape}, not {least:,} whole numbers or more, one for each image of a"
            " file; get the file again"
        )
    wrong = (labels.reshape(SEVERITIES, -1)[:, test.ids] != test.labels).any(axis=0)
    if wrong.any():
        raise UserError(
            f"{path} does not hold the test set's labels, in its order and five times over (first at image"
            f" {test.ids[wrong][0]}): the images would be scored against other images' labels; get the files again"
        )
    for corruption in corruptions:
        _images(folder, corruption, len(labels), test)


def altered(folder: Path, corruptions: Sequence[str]) -> dict[str, str]:
    """The files whose bytes are not those of CIFAR-10-C, with their MD5.

    Of a whole set, 2.9 GB are read once; then files are known by their size and times while these stay as they are.
    Such files are not wrong, for anyone may make images in this layout, but they are not CIFAR-10-C.
    """
    found = {name: trust.digest(folder / f"{name}.npy", "md5", md5_of) for name in ("labels", *corruptions)}
    return {f"{name}.npy": md5 for name, md5 in found.items() if md5 != MD5.get(name)}


def load(folder: Path, corruption: str, severity: int, test: ImageSet) -> Blocks:
    """The images of one cell, row for row those of ``test``, of the same size; read when they are asked for.

    Raises:
        UserError: the file is missing, damaged or of another shape.
    """
    rows = len(_open(folder / "labels.npy"))
    images, first = _images(folder, corruption, rows, test), (severity - 1) * (rows // SEVERITIES)
    return Blocks.made(test, lambda rows, device: gather(images, first + test.ids[rows], device))


def _images(folder: Path, corruption: str, rows: int, test: ImageSet) -> NDArray[np.uint8]:
    """All five severities of a corruption, memory-mapped: uint8 rows×H×W×3."""
    path, shape = folder / f"{corruption}.npy", (rows, *test.images.shape[1:])
    images = _open(path)
    if images.shape != shape or images.dtype != np.uint8:
        raise UserError(f"{path} holds {images.dtype} {images.shape}, not uint8 {shape}; get the file again")
    return cast(NDArray[np.uint8], images)


def _open(path: Path) -> NDArray[np.generic]:
    try:
        return cast(NDArray[np.generic], npy.mapped(path))
    except FileNotFoundError as error:
        raise UserError(
            f"{path} is missing; unpack the whole of CIFAR-10-C (Zenodo record 2535967) or CIFAR-100-C (3555552) there,"
            " or set shift.source=made"
        ) from error
    except (OSError, ValueError) as error:
        raise files.damaged(path, error, "get the file again") from error
