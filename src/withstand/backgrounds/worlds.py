"""Worlds: the same foregrounds in several surroundings, each a condition to be tested under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from withstand.backgrounds.variants import VARIANTS
from withstand.base.errors import UserError, nearest
from withstand.images.imageset import ImageSet

Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class World:
    """One variant's pictures of the foregrounds.

    Attributes:
        images: uint8 M×H×W×3, in memory or memory-mapped.
        rows: int64 N, which of them shows each foreground.
        background: int64 N, the class whose kind of background it shows; −1 where there is none or it is not known.
        lenders: int64 N, the id of the image that the background was taken from; −1 where none was or it is not known.
        digest: SHA-256 of ``images``.
    """

    images: NDArray[np.uint8]
    rows: Positions
    background: NDArray[np.int64]
    lenders: NDArray[np.int64]
    digest: str


@dataclass(frozen=True, eq=False)
class Worlds:
    """N foregrounds, the same ones in the same order under every variant.

    Attributes:
        name: of the data set.
        ids: int64 N, of the foregrounds.
        labels: int64 N.
        classes: their names.
        variants: by name, ``original`` among them.
        source: where the pictures come from, in words.
        held_out: bool N, the foregrounds that experiment 1 does not train on.
        notes: what a reader must know of them, a sentence each.
        content: as ``Dataset.content``.
    """

    name: str
    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    variants: Mapping[str, World]
    source: str
    held_out: NDArray[np.bool_]
    notes: tuple[str, ...] = ()
    content: str = ""

    def __post_init__(self) -> None:
        if len(np.unique(self.ids)) != len(self.ids):
            raise AssertionError(f"{self.name}: two foregrounds have one id")
        for name, world in self.variants.items():
            if not len(world.rows) == len(world.background) == len(world.lenders) == len(self.ids):
                raise ValueError(f"{name} does not show the {len(self.ids)} foregrounds")

    def __len__(self) -> int:
        return len(self.ids)

    def of(self, variant: str, at: Positions | None = None) -> ImageSet:
        """The foregrounds at some positions, or all of them, in one variant; only these are copied to memory."""
        world = self.variants[variant]
        at = np.arange(len(self)) if at is None else at
        rows = world.rows[at]
        whole = len(rows) == len(world.images) and np.array_equal(rows, np.arange(len(rows)))
        images = world.images if whole else world.images[rows]
        return ImageSet(images, self.labels[at], self.ids[at], self.classes, background=world.background[at])

    def only(self, at: Positions) -> Worlds:
        """These foregrounds alone, in every variant."""
        variants = {
            name: replace(w, rows=w.rows[at], background=w.background[at], lenders=w.lenders[at])
            for name, w in self.variants.items()
        }
        return replace(
            self,
            ids=self.ids[at],
            labels=self.labels[at],
            held_out=self.held_out[at],
            variants=variants,
        )


def wanted_variants(wanted: str | Sequence[str]) -> tuple[str, ...] | None:
    """The variants asked for, ``original`` first; None for all there are.

    Raises:
        UserError: there is no such variant.
    """
    if wanted == "all":
        return None
    names = [wanted] if isinstance(wanted, str) else [str(name) for name in wanted]
    for name in names:
        if name not in VARIANTS:
            raise UserError(f"background.variants: unknown '{name}'; {nearest(name, VARIANTS)}")
    return tuple(name for name in VARIANTS if name in names or name == "original")
