"""A resize takes columns first, whichever Pillow is installed."""

from __future__ import annotations

import numpy as np
import PIL
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from withstand.images import order, photographs
from withstand.images.preprocessing import Geometry
from withstand.images.resize import _pass, in_turn, resize

NEW = int(PIL.__version__.split(".")[0]) >= 13
FILTERS = ("box", "bilinear", "bicubic")
SIDE = st.integers(1, 40)
Pixels = NDArray[np.uint8]


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def reference(image: Pixels, height: int, width: int, method: str, rows_first: bool) -> Pixels:
    """Two passes in integers, in the order asked for."""
    one = torch.from_numpy(image.copy())[None]
    for dim in (1, 2) if rows_first else (2, 1):
        one = _pass(one, dim, (height, width)[dim - 1], method)
    return one[0].numpy()


def pillow(image: Pixels, height: int, width: int, method: str) -> Pixels:
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling[method.upper()]))


@settings(max_examples=150, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, st.sampled_from(FILTERS), st.integers(0, 99))
@example(2, 2, 1, 3, "bilinear", 0)
@example(4, 4, 1, 3, "box", 1)
def test_the_installed_pillow_does_what_we_say_it_does(h, w, height, width, method, seed):
    image = noise(h, w, seed)
    theirs = pillow(image, height, width, method)
    columns, rows = (reference(image, height, width, method, order) for order in (False, True))
    if not NEW or height >= h:
        assert np.array_equal(theirs, columns)
    elif width > w:
        assert np.array_equal(theirs, rows)
    else:
        assert np.array_equal(theirs, columns) or np.array_equal(theirs, rows)


@settings(max_examples=150, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, st.sampled_from(FILTERS), st.integers(0, 99))
@example(2, 2, 1, 3, "bilinear", 0)
def test_ours_is_columns_first(h, w, height, width, method, seed):
    image = noise(h, w, seed)
    expected = reference(image, height, width, method, rows_first=False)
    for one_call in {order._COLUMNS_FIRST, False}:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(order, "_COLUMNS_FIRST", one_call)
            ours = order.resized(Image.fromarray(image), width, height, Image.Resampling[method.upper()])
        assert np.array_equal(np.asarray(ours), expected)
    assert np.array_equal(resize(torch.from_numpy(image)[None], height, width, method)[0].numpy(), expected)


def rows_first(self: Image.Image, size: tuple[int, int], method: Image.Resampling) -> Image.Image:
    """Rows first wherever there are two passes: more often than Pillow 13 does it."""
    width, height = size
    return Image.fromarray(reference(np.asarray(self), height, width, method.name.lower(), rows_first=True))


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize(("height", "width"), [(50, 224), (60, 90), (224, 50), (224, 224)])
def test_photographs_and_large_batches_are_the_same_in_whichever_order_pillow_works(
    monkeypatch, height, width, rows
):
    image = noise(120, 100)
    expected = reference(image, height, width, "bicubic", rows_first=False)
    assert not np.array_equal(expected, reference(image, height, width, "bicubic", rows_first=True))
    if rows:
        monkeypatch.setattr(Image.Image, "resize", rows_first)
        monkeypatch.setattr(order, "_COLUMNS_FIRST", False)
    batch = torch.from_numpy(image)[None]
    assert np.array_equal(in_turn(batch, [(height, width)], "bicubic")[0].numpy(), expected)
    whole = photographs.squared(Image.fromarray(image), Geometry(90, 90, squash=True))
    assert np.array_equal(np.asarray(whole), reference(image, 90, 90, "bicubic", rows_first=False))


def test_a_mode_that_pillow_would_turn_twice_is_refused():
    with pytest.raises(ValueError, match="mode RGBA"):
        order.resized(Image.new("RGBA", (4, 4)), 2, 2, Image.Resampling.BOX)


@settings(max_examples=300, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, st.sampled_from(("box", "bilinear", "bicubic", "nearest")), st.data())
@example(2, 2, 1, 3, "bilinear", None)
def test_a_part_is_that_of_the_whole(h, w, height, width, method, data):
    """Also where it reaches beyond the picture, which is black there."""
    ends = st.tuples(st.integers(-2, width + 2), st.integers(-2, height + 2))
    (x0, y0), (x1, y1) = (data.draw(ends), data.draw(ends)) if data else ((0, 0), (1, 1))
    box = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    image, filtered = Image.fromarray(noise(h, w, 3)), Image.Resampling[method.upper()]
    whole = order.resized(image, width, height, filtered).crop(box)
    found = order.part(image, width, height, filtered, box)
    assert found.size == whole.size and found.tobytes() == whole.tobytes()


@pytest.mark.parametrize("size", [(2, 201), (2, 230), (3, 400), (1, 101)])
@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_a_picture_that_is_very_high_is_no_exception(size, method):
    image, filtered = Image.fromarray(noise(size[1], size[0])), Image.Resampling[method.upper()]
    for width, height in ((1, size[1] // 2), (size[0] + 1, size[1] // 3), (4, size[1] - 1)):
        both = image.resize((width, size[1]), filtered).resize((width, height), filtered)
        assert order.resized(image, width, height, filtered).tobytes() == both.tobytes()
        box = (0, height // 3, width, height // 3 + 2)
        assert order.part(image, width, height, filtered, box).tobytes() == both.crop(box).tobytes()


@pytest.mark.parametrize("size", [(444, 375), (375, 500), (320, 256), (2000, 1500), (100, 180), (223, 225)])
@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
@pytest.mark.parametrize("resize", [224, 235, 256, 320])
def test_the_middle_of_a_photograph_is_that_of_the_whole(size, method, resize):
    image, form = Image.fromarray(noise(size[1], size[0])), Geometry(224, resize, method)
    width, height = form.scaled(*size)
    left, top = form.offset(width), form.offset(height)
    whole = order.resized(image, width, height, Image.Resampling[method.upper()])
    expected = whole.crop((left, top, left + 224, top + 224))
    assert photographs.squared(image, form).tobytes() == expected.tobytes()
