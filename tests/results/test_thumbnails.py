"""Thumbnails: the same images for every model, read back as they were, never in a report's way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from withstand.base.errors import UserError
from withstand.images.imageset import ImageSet
from withstand.results import thumbnails
from withstand.results.conditions import CLEAN, Condition

FOG = [Condition("corruption", "fog", severity) for severity in (1, 3, 5)]


def _images(ids: list[int], side: int = 8) -> ImageSet:
    pixels = np.stack([np.full((side, side, 3), one % 251, np.uint8) for one in ids])
    return ImageSet(pixels, np.zeros(len(ids), np.int64), np.array(ids, np.int64), ("one",))


def _darker(images: ImageSet) -> thumbnails.Thumbnails:
    def under(condition: Condition) -> ImageSet:
        return ImageSet(images.images // 2, images.labels, images.ids, images.classes)

    return thumbnails.make(images, FOG, under)


def test_read_back_as_written(tmp_path: Path) -> None:
    thumbnails.save(_darker(_images([5, 9, 240])), tmp_path / thumbnails.FILE)
    found = thumbnails.load(tmp_path / thumbnails.FILE)
    assert found is not None
    assert found.conditions == (CLEAN, FOG[1])
    assert (found[240, CLEAN] == 240).all()
    assert (found[9, FOG[1]] == 4).all()
    assert (9, FOG[0]) not in found
    assert (7, CLEAN) not in found


def test_what_is_no_sheet_says_so(tmp_path: Path) -> None:
    assert thumbnails.load(tmp_path / "absent.png") is None
    path = tmp_path / thumbnails.FILE
    thumbnails.save(_darker(_images([1, 2])), path)
    whole = path.read_bytes()
    for content in (b"", b"no picture", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(UserError, match="is damaged"):
            thumbnails.load(path)


def test_test_sets_that_overlap_keep_the_same_images() -> None:
    whole, part = np.arange(1000), np.arange(500)
    kept = set(whole[thumbnails.choose(whole)].tolist())
    assert len(kept) == 32
    assert {one for one in kept if one < 500} <= set(part[thumbnails.choose(part)].tolist())
    assert thumbnails.choose(np.arange(3)).tolist() == [0, 1, 2]


def test_large_images_are_made_small() -> None:
    assert _darker(_images([1, 2], side=224)).images.shape == (2, 2, 64, 64, 3)
