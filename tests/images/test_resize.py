"""The resize is Pillow's, byte for byte."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn.functional import interpolate

from withstand.images.resize import _TORCH_IS_EXACT, _pass, in_turn, resize

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
SIDE = st.integers(1, 40)


def pillow(images, height, width, method):
    """Columns, then rows, as every Pillow until 12 does at once (test_order.py)."""
    across = [Image.fromarray(i).resize((width, i.shape[0]), FILTERS[method]) for i in images]
    return np.stack([np.asarray(one.resize((width, height), FILTERS[method])) for one in across])


@settings(max_examples=60, deadline=None)
@given(
    SIDE, SIDE, st.integers(1, 70), st.integers(1, 70), st.sampled_from(sorted(FILTERS)), st.integers(0, 99)
)
def test_equals_pillow_at_any_size(h, w, height, width, method, seed):
    images = np.random.default_rng(seed).integers(0, 256, (2, h, w, 3), dtype=np.uint8)
    ours = resize(torch.from_numpy(images), height, width, method).numpy()
    assert np.array_equal(ours, pillow(images, height, width, method))


@pytest.mark.parametrize("method", sorted(FILTERS))
def test_equals_pillow_at_the_sizes_of_the_study(method, real_data):
    from withstand.datasets import cifar10

    images = cifar10.load(real_data / "cifar10", fetch=False).test.images[:16]
    assert np.array_equal(
        resize(torch.from_numpy(images), 224, 224, method).numpy(), pillow(images, 224, 224, method)
    )


@pytest.mark.parametrize(("small", "large"), sorted(_TORCH_IS_EXACT))
def test_the_fast_path_equals_the_plain_one_for_every_pair_of_neighbours(small, large):
    levels = torch.arange(256, dtype=torch.uint8)
    lines = torch.cartesian_prod(levels, levels).repeat(1, small // 2)
    for part in lines.split(8192):
        for image, dim, size in (
            (part[:, None, :, None], 2, (1, large)),
            (part[:, :, None, None], 1, (large, 1)),
        ):
            fast = interpolate(image.permute(0, 3, 1, 2), size, mode="bilinear", antialias=True).permute(
                0, 2, 3, 1
            )
            assert torch.equal(fast, _pass(image, dim, large, "bilinear"))


def test_the_right_size_is_left_alone_and_no_images_stay_none():
    images = torch.zeros(3, 8, 8, 3, dtype=torch.uint8)
    assert resize(images, 8, 8) is images
    assert resize(images[:0], 16, 4).shape == (0, 16, 4, 3)


@pytest.mark.parametrize("method", ["box", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(100, 120), (134, 60), (50, 224), (50, 100), (256, 300)])
def test_large_images_are_pillows_work_and_equal_the_plain_one(size, method):
    images = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (3, 120, 100, 3), dtype=np.uint8))
    plain = _pass(_pass(images, 2, size[1], method), 1, size[0], method)
    assert torch.equal(resize(images, *size, method), plain)
    back = _pass(_pass(plain, 2, 100, method), 1, 120, method)
    assert torch.equal(in_turn(images, [size, (120, 100)], method), back)
