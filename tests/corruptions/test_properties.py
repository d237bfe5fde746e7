"""What holds for any images, sizes, batches and ids."""

import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corruptions.conftest import RANDOM, drawn

from withstand.corruptions import CORRUPTIONS, SEVERITIES, core, corrupt

GENTLE = settings(max_examples=12, deadline=None)
anything = st.tuples(st.sampled_from(CORRUPTIONS), st.sampled_from(SEVERITIES), st.integers(0, 2**40))
sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@functools.cache
def noise(n: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 100 + width).integers(0, 256, (n, height, width, 3), np.uint8)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@GENTLE
@given(severity=st.sampled_from(SEVERITIES), seed=st.integers(0, 2**62), size=sizes, data=st.data())
def test_order_batch_and_shard_do_not_matter(
    corruption: str, severity: int, seed: int, size: tuple[int, int], data: st.DataObject
) -> None:
    images = noise(5, *size)
    ids = np.array(data.draw(st.lists(st.integers(-(2**40), 2**40), min_size=5, max_size=5)))
    order = np.array(data.draw(st.permutations(range(5))))
    cut = data.draw(st.integers(1, 4))
    whole = corrupt(images, corruption, severity, seed=seed, ids=ids)
    shuffled = corrupt(images[order], corruption, severity, seed=seed, ids=ids[order])
    shards = [
        corrupt(images[part], corruption, severity, seed=seed, ids=ids[part])
        for part in (slice(cut), slice(cut, None))
    ]
    # Matrix products may add in another order in another batch: one level, in few pixels, as on another device.
    for other in (shuffled[np.argsort(order)], np.concatenate(shards)):
        difference = np.abs(whole.astype(int) - other)
        assert difference.max() <= 1 and (difference > 0).mean() < 0.002


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_pieces_of_the_batch_do_not_matter(corruption: str, monkeypatch: pytest.MonkeyPatch) -> None:
    images = drawn(9)
    whole = corrupt(images, corruption, 4)
    monkeypatch.setattr(core, "_VALUES_AT_ONCE", {"cpu": 2 * images[0].size})
    assert (corrupt(images, corruption, 4) == whole).all()


@GENTLE
@given(anything, st.sampled_from([1, 2, 3, 5, 17, 33, 64]), st.sampled_from([1, 2, 3, 5, 17, 33, 64]))
def test_any_size_gives_the_same_kind_of_images(cell: tuple[str, int, int], height: int, width: int) -> None:
    corruption, severity, seed = cell
    images = noise(2, height, width)
    before = images.copy()
    out = corrupt(images, corruption, severity, seed=seed)
    assert isinstance(out, np.ndarray) and out.dtype == np.uint8 and out.shape == images.shape
    assert (images == before).all() and not np.shares_memory(out, images)


@pytest.mark.parametrize("preset", ["cifar", "imagenet"])
@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_every_size_down_to_one_pixel_works(corruption: str, preset: str) -> None:
    for height, width in ((1, 1), (1, 9), (9, 1), (2, 2), (3, 40)):
        for severity in SEVERITIES:
            out = corrupt(noise(2, height, width), corruption, severity, preset=preset)
            assert out.shape == (2, height, width, 3)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize("level", [0, 1, 127, 255])
def test_flat_images_stay_in_range_and_mostly_flat(corruption: str, level: int) -> None:
    """Grey has no hue, black no brightest pixel: no division by zero may show."""
    flat = np.full((3, 32, 32, 3), level, np.uint8)
    for severity in SEVERITIES:
        out = corrupt(flat, corruption, severity)
        if corruption in (
            "gaussian_blur",
            "zoom_blur",
            "pixelate",
            "contrast",
            "motion_blur",
            "elastic_transform",
        ):
            assert np.abs(out.astype(int) - level).max() <= 1
        if corruption == "saturate":  # grey is grey, but for what the shift adds of red
            assert out[..., 0].max() == level
        if corruption == "brightness":
            assert (out == out[0, 0, 0, 0]).all()


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_severities_all_differ_and_so_do_seeds_and_ids(corruption: str) -> None:
    images = drawn(2)
    cells = [corrupt(images, corruption, severity).tobytes() for severity in SEVERITIES]
    assert len({images.tobytes(), *cells}) == 6
    if corruption in RANDOM:
        assert corrupt(images, corruption, 3, seed=1).tobytes() != cells[2]
        twins = corrupt(images[[0, 0]], corruption, 5, ids=[1, 2])
        assert (twins[0] != twins[1]).any()
    same = corrupt(images[[0, 0]], corruption, 5, ids=[7, 7])
    assert (same[0] == same[1]).all()


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_kind_and_layout_of_the_input_do_not_matter(corruption: str) -> None:
    images = drawn(3)
    want = corrupt(images, corruption, 2)
    tensor = torch.from_numpy(images.copy())
    out = corrupt(tensor, corruption, 2)
    assert isinstance(out, torch.Tensor) and out.dtype == torch.uint8 and (out.numpy() == want).all()
    frozen = images.copy()
    frozen.flags.writeable = False
    assert (corrupt(frozen, corruption, 2) == want).all()
    backwards = corrupt(images[::-1], corruption, 2, ids=[2, 1, 0])
    assert (backwards[::-1] == want).all()
    strided = tensor.permute(0, 3, 1, 2).contiguous().permute(0, 2, 3, 1)
    assert (corrupt(strided, corruption, 2).numpy() == want).all()


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_no_images_give_no_images(corruption: str) -> None:
    assert corrupt(np.empty((0, 32, 32, 3), np.uint8), corruption, 1, ids=[]).shape == (0, 32, 32, 3)


ROUNDED = {"brightness": 0.03, "glass_blur": 0.2, "saturate": 0.06}
"""Corruptions that cut numbers off which are often whole, so that the last bit decides: the share that may differ."""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_a_gpu_differs_by_one_level_in_few_pixels(corruption: str) -> None:
    images = drawn(64)
    for severity in SEVERITIES:
        on_gpu = corrupt(torch.from_numpy(images).cuda(), corruption, severity)
        assert on_gpu.is_cuda
        difference = np.abs(on_gpu.cpu().numpy().astype(int) - corrupt(images, corruption, severity))
        assert difference.max() <= 1 and (difference > 0).mean() < ROUNDED.get(corruption, 0.01)
