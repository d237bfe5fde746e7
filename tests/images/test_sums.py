"""Weighted sums of rows give the bytes of Pillow's two passes, whichever way a processor adds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from withstand.images import photographs, sums
from withstand.images.preprocessing import Geometry

pytest.importorskip("cv2")

Pixels = NDArray[np.uint8]
FILTERS = {name: Image.Resampling[name.upper()] for name in ("bilinear", "bicubic")}
SIDE = st.integers(1, 60)


def noise(height: int, width: int, seed: int = 0, levels: int = 256) -> Pixels:
    drawn = np.random.default_rng(seed).integers(0, levels, (height, width, 3))
    return (drawn * (255 // (levels - 1))).astype(np.uint8)


def pillow(image: Pixels, width: int, height: int, method: str) -> Pixels:
    """Columns, then rows, as every Pillow until 12 does at once (test_order.py)."""
    across = Image.fromarray(image).resize((width, len(image)), FILTERS[method])
    return np.asarray(across.resize((width, height), FILTERS[method]))


@settings(max_examples=300, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, st.sampled_from(sorted(FILTERS)), st.sampled_from((2, 4, 256)), st.data())
def test_any_part_of_any_size_is_pillows(h, w, height, width, method, levels, data):
    """Two levels: edges that overshoot, and sums that are whole or a half."""
    across, down = (sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))) for n in (width, height))
    if across[0] == across[1] or down[0] == down[1]:
        across, down = [0, width], [0, height]
    image = noise(h, w, h * 61 + w, levels)
    found = sums.part(image, width, height, method, (across[0], down[0], across[1], down[1]))
    assert found.dtype == np.uint8
    assert np.array_equal(found, pillow(image, width, height, method)[slice(*down), slice(*across)])


@pytest.mark.parametrize("size", [(444, 375), (375, 500), (320, 256), (1500, 1100), (100, 180), (40, 3000)])
@pytest.mark.parametrize("method", sorted(FILTERS))
@pytest.mark.parametrize(("resize", "squash"), [(224, False), (235, False), (256, True), (512, False)])
def test_photographs_become_pillows_squares(size, method, resize, squash):
    image, form = noise(size[1], size[0]), Geometry(224, resize, method, squash)
    whole = Image.fromarray(pillow(image, *form.scaled(*size), method))
    expected = np.asarray(whole.crop(form.middle(*whole.size)))
    assert np.array_equal(photographs.fitted(image, form), expected)
    assert np.array_equal(np.asarray(photographs.squared(Image.fromarray(image), form)), expected)


@pytest.mark.parametrize("at_once", [1, 700, 5_000])
def test_strips_change_nothing(monkeypatch, at_once):
    image, box = noise(60, 70), (3, 2, 40, 31)
    whole = sums.part(image, 45, 33, "bicubic", box)
    monkeypatch.setattr(sums, "_AT_ONCE", at_once)
    assert np.array_equal(sums.part(image, 45, 33, "bicubic", box), whole)


@pytest.mark.parametrize("side", [1, -1])
def test_a_processor_that_adds_less_exactly_gives_the_same(monkeypatch, side):
    """Every sum as far off as four products in float32 can be, to either side."""
    exact = sums.embedding_bag
    off = side * 4 * 2.0**-16
    image = noise(90, 120, levels=4)
    expected = sums.part(image, 60, 45, "bilinear", (0, 0, 60, 45))
    plain = np.rint
    rounded: list[int] = []

    def moved(*given: torch.Tensor, **more: object) -> torch.Tensor:
        found = exact(*given, **more)
        rounded.append(int((plain(found.numpy()) != plain((found + off).numpy())).sum()))
        return found + off

    monkeypatch.setattr(sums, "embedding_bag", moved)
    assert np.array_equal(sums.part(image, 60, 45, "bilinear", (0, 0, 60, 45)), expected)
    assert sum(rounded), "no sum was rounded the other way: the test shows nothing"


def test_ratios_whose_sums_are_often_a_half_are_left_to_pillow() -> None:
    assert sums.quicker((375, 500), (256, 341), "bicubic")
    assert not sums.quicker((448, 448), (224, 224), "bicubic")
    assert not sums.quicker((320, 400), (256, 320), "bicubic")
    assert not sums.quicker((375, 500), (256, 341), "bilinear")


def test_without_opencv_pillow_resizes_to_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    image, form = noise(375, 500), Geometry(224, 256)
    expected = photographs.fitted(image, form)
    monkeypatch.setattr(sums, "opencv", lambda: None)
    assert not sums.quicker((375, 500), (256, 341), "bicubic")
    assert np.array_equal(photographs.fitted(image, form), expected)
