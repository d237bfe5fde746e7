"""Corrupted image sets written to the disk, in either layout; what is there whole is not written again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.base.console import Bar
from withstand.base.crew import Job, Piece, crew, in_order
from withstand.base.errors import UserError
from withstand.corruptions import corrupt
from withstand.corruptions.constants import constants
from withstand.images import npy
from withstand.images.imageset import ImageSet, digests
from withstand.shifts.corruption import official, written_tree
from withstand.shifts.corruption.asked import Asked, by_corruption
from withstand.shifts.corruption.manifest import Manifest, Recipe, present, resumed

Parts = dict[str, tuple[str, Sequence[float]]]
"""What is written as one, by its name in the manifest: a corruption and its severities."""

_AT_ONCE = 64 << 20  # bytes of images in memory
_SENT = 16 << 20  # that come back from another process in one piece


@dataclass(frozen=True, eq=False)
class Corrupting(Job):
    """Images under corruption: of corruption, severity and first row, a block."""

    title: str
    test: ImageSet
    recipe: Recipe
    block: int

    def do(self, what: tuple[str, float, int]) -> Iterator[NDArray[np.uint8]]:
        name, severity, start = what
        part, recipe = self.test.take(slice(start, start + self.block)), self.recipe
        own = recipe.constants.get(name)
        yield corrupt(
            part.images, name, severity, seed=recipe.seed, ids=part.ids, preset=recipe.preset, constants=own
        )


def parts(cells: Asked, layout: str) -> Parts:
    """What is written as one, by its name in the manifest: a corruption at all its severities, or at one of them.

    Raises:
        UserError: the corruptions are asked for at different severities, which one ``labels.npy`` cannot say.
    """
    each = by_corruption(cells)
    if layout == "tree":
        return {f"{name}/{severity}": (name, (severity,)) for name, severity in cells}
    if len({tuple(one) for one in each.values()}) > 1:
        some = ", ".join(f"{name} has {len(one)}" for name, one in list(each.items())[:3])
        raise UserError(
            f"corrupt.layout=npy holds the same severities of all corruptions ({some}); set shift.severities, or"
            " corrupt.layout=tree"
        )
    return {f"{name}.npy": (name, one) for name, one in each.items()}


def opened(folder: Path, fresh: Manifest, test: ImageSet, overwrite: bool) -> Manifest:
    """What of the folder is done; labels, ids and the digests of the clean images are.

    Raises:
        UserError: it holds other people's files, or ours of other settings and ``overwrite`` is false.
    """
    if official.present(folder) and not present(folder):
        raise UserError(
            f"{folder} holds corrupted images that withstand did not write; set shift.written=FOLDER"
        )
    if fresh.recipe.layout == "tree":
        written_tree.named(test)
    manifest = resumed(folder, fresh, overwrite)
    manifest.save(folder)  # first, so that the folder is known for ours, should this be killed
    label = np.dtype(np.uint8 if len(test.classes) <= 256 else np.int64)
    labels = np.tile(test.labels.astype(label), max(1, len(fresh.recipe.severities)))
    for name, array in (("labels", labels), ("ids", test.ids), ("clean", digests(test))):
        if f"{name}.npy" not in manifest.files:
            manifest.files[f"{name}.npy"] = npy.write(
                folder / f"{name}.npy", [array], array.dtype, array.shape
            )
    manifest.save(folder)
    return manifest


def write(
    folder: Path,
    part: str,
    cells: tuple[str, Sequence[float]],
    manifest: Manifest,
    test: ImageSet,
    bar: Bar,
    quality: int,
) -> None:
    """Write one of ``parts``; the manifest names it once it is there whole."""
    recipe, (name, severities) = manifest.recipe, cells
    block = max(1, (_AT_ONCE if crew().block is None else _SENT) // int(np.prod(recipe.shape)))
    job = Corrupting(f"corrupted images in {folder}", test, recipe, block)
    asked = [(name, severity, start) for severity in severities for start in range(0, recipe.n, block)]

    def blocks() -> Iterator[NDArray[np.uint8]]:
        pieces = [Piece(f"{name} {one[1]}", one, images=block) for one in asked]
        for one, (_, severity, start) in zip(in_order(job, pieces), asked, strict=True):
            yield one
            bar.advance(int(start + block >= recipe.n), images=len(one), note=f"{name} {severity}")

    if recipe.layout == "tree":
        form = recipe.format.partition(" ")[0]
        digest = written_tree.write(folder / part, written_tree.named(test), blocks(), form, quality)
    else:
        shape = (recipe.n * len(severities), *recipe.shape)
        digest = npy.write(folder / part, blocks(), np.dtype(np.uint8), shape)
    manifest.files[part] = digest
    own, size = recipe.constants.get(name), (recipe.shape[0], recipe.shape[1])
    manifest.constants[part.removesuffix(".npy")] = [
        constants(recipe.preset, name, severity, *size, own) for severity in severities
    ]
    manifest.save(folder)
