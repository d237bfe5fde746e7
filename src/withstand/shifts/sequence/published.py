"""CIFAR-10-P: a ``.npy`` for each perturbation, N×frames×32×32×3, in the order of the test set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base import files
from withstand.images import npy, sources
from withstand.images.blocks import Blocks, gather
from withstand.images.imageset import ImageSet

_LOOKED_AT = 64
_ALIKE = 0.5  # of the images looked at; of films of others, one in as many as are looked at


@dataclass(frozen=True)
class Published:
    """Reads a frame when it is asked for."""

    folder: Path
    frames: dict[str, int]

    @property
    def words(self) -> str:
        return f"{len(self.frames)} perturbations in CIFAR-10-P's layout in {self.folder}"

    def facts(self, perturbation: str) -> dict[str, Any]:
        file = self.folder / f"{perturbation}.npy"
        return {"films": sources.digest([file], self.folder, self.folder, f".{perturbation}")[:16]}

    def images(self, test: ImageSet, perturbation: str, frame: int) -> Blocks:
        films = _open(self.folder / f"{perturbation}.npy")[:, frame - 1]
        return Blocks.made(test, lambda rows, device: gather(films, test.ids[rows], device))


def found(folder: Path, test: ImageSet) -> tuple[dict[str, int], str]:
    """Perturbation → frames, of the files there, and why they are not taken; nothing where there is no file.

    They are taken where they show the test images: the first frame of a film looks more like its own image than like
    any other, whatever was done to it.

    Raises:
        UserError: a file is damaged.
    """
    frames: dict[str, int] = {}
    for path in sorted(folder.glob("*.npy")):
        films = _open(path)
        if films.ndim != 5 or films.dtype != np.uint8 or films.shape[2:] != test.images.shape[1:]:
            shape = "×".join(map(str, test.images.shape[1:]))
            return {}, f"{path} holds {films.dtype} {films.shape}, not uint8 images×frames×{shape}"
        if films.shape[1] < 2:
            return {}, f"{path} has films of {films.shape[1]} frame; two or more are needed"
        if not _shows(films, test):
            return {}, f"{path} has films of other images"
        frames[path.stem] = int(films.shape[1])
    return frames, ""


def _shows(films: NDArray[Any], test: ImageSet) -> bool:
    """Whether films are of these images, as far as a few tell."""
    if not len(test) or test.ids.min() < 0 or test.ids.max() >= len(films):
        return False
    rows = np.unique(np.linspace(0, len(test) - 1, min(_LOOKED_AT, len(test))).astype(np.int64))
    ours, theirs = (_coarse(images) for images in (test.images[rows], films[test.ids[rows], 0]))
    nearest = (ours @ theirs.T).argmax(axis=1)
    return bool((nearest == np.arange(len(rows))).mean() >= _ALIKE)


def _coarse(images: NDArray[Any]) -> NDArray[np.float64]:
    """What an image looks like from afar: N×K, centred, of length 1."""
    n, height, width, _ = images.shape
    down, along = (max(1, side // 8) for side in (height, width))
    cut = images[:, : height // down * down, : width // along * along].astype(np.float64)
    seen = cut.reshape(n, height // down, down, width // along, along, 3).mean(axis=(2, 4)).reshape(n, -1)
    seen -= seen.mean(axis=1, keepdims=True)
    length = np.linalg.norm(seen, axis=1, keepdims=True)
    return np.asarray(seen / np.where(length > 0, length, 1))


def _open(path: Path) -> NDArray[Any]:
    try:
        return npy.mapped(path)
    except (OSError, ValueError) as error:
        raise files.damaged(path, error, "get the file again") from error
