"""Whose background a mixed picture shows: from a manifest of ours, from file names, or from the pixels themselves.

In the release the pictures of ``mixed_rand`` carry the file names of ``mixed_next``, though their backgrounds are
others (backgrounds_challenge, issue 8): their names say nothing. There the background is found by comparing what lies
around the foreground with every tiled background.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from withstand.backgrounds.layout import Layout, identity
from withstand.backgrounds.variants import MIXED
from withstand.base import json_file

MANIFEST = "manifest.json"
_GRID = 28  # backgrounds are compared at so many blocks a side
_BLACK = 16  # brighter than JPEG's noise on black
_ALIKE = 10.0  # root mean square difference, in levels, up to which two backgrounds are one
_ENOUGH = 0.05  # of the picture must be background

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lent:
    """The class that each picture's background shows, and the id of the image it is from; −1 where not known or
    none.
    """

    background: Ints
    ids: Ints


def of(layout: Layout, images: Mapping[str, NDArray[np.uint8]]) -> tuple[dict[str, Lent], tuple[str, ...]]:
    """The lenders of every variant of a layout, and what a reader must know of how they were found.

    Args:
        images: variant → uint8 N×H×W×3, in the layout's order.
    """
    ids, labels = layout.ids, layout.labels
    unknown, classes = np.full(len(ids), -1), len(layout.folders)
    manifest = _manifest(layout.root)
    found, notes = {}, []
    for variant in layout.files:
        if variant not in MIXED:
            found[variant] = Lent(unknown, unknown) if variant == "only_fg" else Lent(labels, ids)
        elif variant in manifest:
            found[variant] = _from_manifest(layout, manifest[variant])
        else:
            found[variant] = _from_names(layout, layout.lenders[variant])
    if "mixed_rand" in found and "mixed_rand" not in manifest:
        named = found["mixed_rand"].background
        if not (named >= 0).any() or (named == (labels + 1) % classes)[named >= 0].mean() > 0.9:
            found["mixed_rand"] = lent = _from_pixels(layout, images)
            share = (lent.background >= 0).mean()
            notes.append(
                "The file names of mixed_rand do not identify its backgrounds;"
                f" {share:.1%} of them were identified by comparing pixels with the tiled backgrounds."
            )
    # What these two are says more than any name.
    for variant, by_definition in (("mixed_same", labels), ("mixed_next", (labels + 1) % classes)):
        if variant in found and variant not in manifest:
            agree = found[variant].background == by_definition
            found[variant] = Lent(by_definition, np.where(agree, found[variant].ids, -1))
    return found, tuple(notes)


def _manifest(root: Path) -> dict[str, dict[str, str]]:
    """Variant → "class folder/foreground" → "class folder/background", where the set is one of ours."""
    path = root / MANIFEST
    if not path.is_file():
        return {}
    return json_file.read(path, _Made, "make the set again, or move the file away").backgrounds


class _Made(msgspec.Struct):
    """What the manifest of a set of ours has of its backgrounds."""

    backgrounds: dict[str, dict[str, str]]


def _from_manifest(layout: Layout, said: Mapping[str, str]) -> Lent:
    background, ids = np.full(len(layout.names), -1), np.full(len(layout.names), -1)
    for row, (label, name) in enumerate(zip(layout.labels, layout.names, strict=True)):
        folder, _, lender = said.get(f"{layout.folders[label]}/{name}", "").partition("/")
        if folder in layout.folders:
            background[row], ids[row] = layout.folders.index(folder), identity(folder, lender)
    return Lent(background, ids)


def _from_names(layout: Layout, names: Sequence[str]) -> Lent:
    """By the WordNet id that ImageNet's file names begin with."""
    class_of = {n.rsplit("_", 1)[0]: int(label) for n, label in zip(layout.names, layout.labels, strict=True)}
    background = np.array([class_of.get(name.rsplit("_", 1)[0], -1) for name in names], np.int64)
    ids = [
        identity(layout.folders[label], name) if label >= 0 else -1
        for label, name in zip(background, names, strict=True)
    ]
    return Lent(background, np.array(ids, np.int64))


def _from_pixels(layout: Layout, images: Mapping[str, NDArray[np.uint8]]) -> Lent:
    """Compare the surroundings of every foreground in ``mixed_rand`` with every picture of ``only_bg_t``.

    The weighted squared distance Σ w (x − b)² falls apart into two matrix products.
    """
    n = len(layout.names)
    unknown = np.full(n, -1)
    if "only_bg_t" not in images or "only_fg" not in images:
        return Lent(unknown, unknown)
    backgrounds = _blocks(images["only_bg_t"], "mean").reshape(n, -1)
    squares = (backgrounds**2).reshape(n, -1, 3).sum(axis=2)
    best, distance = np.empty(n, np.int64), np.empty(n)
    for start in range(0, n, 256):
        part = slice(start, start + 256)
        around = (_blocks(images["only_fg"][part], "max").max(axis=3) < _BLACK).astype(np.float32)
        weights = around.reshape(len(around), -1)
        seen = _blocks(images["mixed_rand"][part], "mean").reshape(*weights.shape, 3) * weights[..., None]
        apart = (seen**2).sum(axis=(1, 2))[:, None] + weights @ squares.T
        apart -= 2 * seen.reshape(len(seen), -1) @ backgrounds.T
        area = weights.sum(axis=1)
        best[part] = apart.argmin(axis=1)
        mean = apart.min(axis=1) / np.maximum(3 * area, 1)
        distance[part] = np.where(area < _ENOUGH * _GRID**2, np.inf, np.sqrt(np.maximum(mean, 0)))
    known = distance <= _ALIKE
    return Lent(np.where(known, layout.labels[best], -1), np.where(known, layout.ids[best], -1))


def _blocks(images: NDArray[np.uint8], how: str) -> NDArray[np.float32]:
    """Mean or maximum over a grid of blocks: float32 N×28×28×3 (the last rows that fill no block are left out)."""
    n, height, width, _ = images.shape
    grid = min(_GRID, height, width)
    y, x = height // grid, width // grid
    out = np.empty((n, grid, grid, 3), np.float32)
    for start in range(0, n, 256):
        part = images[start : start + 256, : grid * y, : grid * x]
        cut = part.reshape(len(part), grid, y, grid, x, 3)
        out[start : start + 256] = cut.mean(axis=(2, 4)) if how == "mean" else cut.max(axis=(2, 4))
    return out
