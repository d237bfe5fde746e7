"""Weighted sums of rows give the bytes of Pillow's two passes, in whatever order a processor adds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from withstand.images import photographs, sums
from withstand.images.preprocessing import Geometry
from withstand.images.resize import BITS, taps

pytest.importorskip("cv2")

Pixels = NDArray[np.uint8]
FILTERS = {name: Image.Resampling[name.upper()] for name in ("box", "bilinear", "bicubic")}
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


SHRUNK = st.integers(1, 5_000).flatmap(
    lambda to: st.tuples(st.integers(1, min(30_000, to * 60)), st.just(to))
)


@settings(max_examples=60, deadline=None)
@given(SHRUNK, st.sampled_from(("box", "bilinear", "bicubic")))
def test_no_order_of_adding_could_change_a_sum(sides, method):
    """float32 holds whole numbers below 2²⁴: of all products of white, signs aside, no sum is larger."""
    before, after = sides
    assume(sums.possible((before, before), (after, after), method))
    made = sums._sums(before, after, 0, after, method)
    upper, lower = made.weights.double().reshape(2, after, -1)
    steps = 2 ** (BITS - made.bits)  # of the lower part in one
    assert torch.equal(
        upper * steps + lower * steps, taps(before, after, method, torch.device("cpu"))[1].double()
    )
    for part in (upper, lower * steps):
        assert torch.equal(part, part.round())
        assert 255 * part.abs().sum(1).max() < 2**24


def test_sums_are_added_in_another_order_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    image, box, exact = noise(375, 500), (58, 16, 282, 240), sums.embedding_bag
    expected = sums.part(image, 341, 256, "bicubic", box)
    turned: list[torch.Tensor] = []

    def backwards(index, rows, starts, *, mode, per_sample_weights):
        table = (len(starts), -1)
        index, weights = (given.reshape(table).flip(1).reshape(-1) for given in (index, per_sample_weights))
        turned.append(exact(index, rows, starts, mode=mode, per_sample_weights=weights))
        return turned[-1]

    monkeypatch.setattr(sums, "embedding_bag", backwards)
    assert np.array_equal(sums.part(image, 341, 256, "bicubic", box), expected)
    assert len(turned) == 2


def test_a_side_that_shrinks_too_far_is_left_to_pillow() -> None:
    assert sums.possible((60 * 64, 60 * 64), (64, 64), "bicubic")
    assert not sums.possible((70 * 64, 64), (64, 64), "bicubic")
    image, form = noise(3, 32 * 80), Geometry(32, 32, "bicubic", squash=True)
    assert np.array_equal(
        photographs.fitted(image, form), np.asarray(photographs.squared(Image.fromarray(image), form))
    )


def test_without_opencv_pillow_resizes_to_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    image, form = noise(375, 500), Geometry(224, 256)
    expected = photographs.fitted(image, form)
    monkeypatch.setattr(sums, "opencv", lambda: None)
    assert not sums.possible((375, 500), (256, 341), "bicubic")
    assert np.array_equal(photographs.fitted(image, form), expected)
