"""CIFAR-10-P: a ``.npy`` for each perturbation, N×frames×32×32×3, in the order of the test set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from withstand.base.errors import UserError
from withstand.images import sources
from withstand.images.blocks import Blocks, gather
from withstand.images.imageset import ImageSet


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


def found(folder: Path, test: ImageSet) -> dict[str, int]:
    """Perturbation → frames, of the files there; empty where there is none, or the ids are not rows of a test set.

    Raises:
        UserError: a file is damaged, or of other images.
    """
    frames = {}
    for path in sorted(folder.glob("*.npy")):
        films = _open(path)
        if films.ndim != 5 or films.dtype != np.uint8 or films.shape[2:] != test.images.shape[1:]:
            shape = "×".join(map(str, test.images.shape[1:]))
            raise UserError(f"{path} holds {films.dtype} {films.shape}, not uint8 images×frames×{shape}")
        if not len(test) or test.ids.min() < 0 or test.ids.max() >= len(films):
            raise UserError(f"{path} has films of {len(films):,} images, and the test images are others")
        if films.shape[1] < 2:
            raise UserError(f"{path} has films of {films.shape[1]} frame; two or more are needed")
        frames[path.stem] = int(films.shape[1])
    return frames


def _open(path: Path) -> NDArray[Any]:
    try:
        return cast(NDArray[Any], np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is damaged ({error}); get the file again") from error
