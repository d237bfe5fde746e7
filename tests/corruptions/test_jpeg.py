"""JPEG without a file gives the bytes that Pillow gives with one, at any size and any quality."""

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.corruptions.conftest import drawn

from withstand.corruptions import corrupt, jpeg
from withstand.corruptions.constants import constants
from withstand.corruptions.random import Draws


def file_of(image: np.ndarray, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def through_pillow(images: np.ndarray, quality: int) -> np.ndarray:
    return np.stack([np.asarray(file_of(image, quality)) for image in images])


def ours(images: np.ndarray, quality: int) -> np.ndarray:
    nothing = Draws(0, torch.arange(len(images)), "")
    return jpeg.jpeg_compression(torch.from_numpy(images), nothing, quality=quality).numpy()


def pictures(height: int, width: int, seed: int) -> np.ndarray:
    """Noise, extremes (saturated colours, the largest coefficients), a gentle slope and flat black and white."""
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (height, width, 3), np.uint8)
    extremes = random.integers(0, 2, (height, width, 3), np.uint8) * np.uint8(255)
    waves = np.sin(np.arange(height)[:, None, None] / 5 + np.arange(width)[:, None] / 7 + np.arange(3))
    slope = np.clip(128 + 100 * waves + random.normal(0, 4, (height, width, 3)), 0, 255).astype(np.uint8)
    flat = [np.full_like(noise, level) for level in (0, 255)]
    return np.stack([noise, extremes, slope, *flat])


@pytest.mark.parametrize("preset", ["cifar", "imagenet"])
@pytest.mark.parametrize("shape", [(32, 32), (37, 29), (1, 17), (9, 1), (64, 48)])
def test_a_severity_is_as_pillow_gives_it(shape: tuple[int, int], preset: str) -> None:
    images = np.ascontiguousarray(drawn(6, 64)[:, : shape[0], : shape[1]])
    for severity in range(1, 6):
        quality = int(constants(preset, "jpeg_compression", severity, *shape)["quality"])
        made = corrupt(images, "jpeg_compression", severity, preset=preset)
        np.testing.assert_array_equal(made, through_pillow(images, quality))


@pytest.mark.parametrize("quality", range(1, 101))
def test_every_quality_is_as_pillow_gives_it(quality: int) -> None:
    for images in (pictures(32, 32, quality), pictures(19, 21, quality), drawn(4, first=quality)):
        np.testing.assert_array_equal(ours(images, quality), through_pillow(images, quality))


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 100), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_every_size_is_as_pillow_gives_it(height: int, width: int, quality: int, seed: int) -> None:
    images = pictures(height, width, seed)
    np.testing.assert_array_equal(ours(images, quality), through_pillow(images, quality))


def test_every_small_size_is_as_pillow_gives_it() -> None:
    """Where blocks are not full, colours have one or two columns, and an odd last row has no partner."""
    for height in range(1, 19):
        for width in range(1, 19):
            images = pictures(height, width, 0)
            np.testing.assert_array_equal(ours(images, 40), through_pillow(images, 40))


def test_photographs_are_as_pillow_gives_them(thousand: np.ndarray) -> None:
    for quality in (7, 40, 80, 95):
        np.testing.assert_array_equal(ours(thousand[:100], quality), through_pillow(thousand[:100], quality))


@pytest.mark.parametrize("quality", [1, 7, 49, 50, 51, 75, 95, 100])
def test_the_steps_are_those_in_the_file(quality: int) -> None:
    tables = file_of(np.zeros((8, 8, 3), np.uint8), quality).quantization
    for number, base in enumerate((jpeg._LIGHT, jpeg._COLOUR)):
        steps = jpeg._steps(base, quality, torch.device("cpu"))
        assert steps.flatten().tolist() == list(tables[number])


def test_no_product_outgrows_what_float64_holds() -> None:
    """Sums of the largest levels and coefficients, in units of the last bit, stay far below 2^53."""
    table = jpeg._table(torch.device("cpu")).abs()
    across, down = table.sum(1).max().item(), table.sum(0).max().item()
    first = across * 128
    second = across * (first / 2**11 + 1)
    coefficient = second / 2**15 / 8 + 255  # and a step more, at most
    third = down * coefficient
    assert max(first, second, third, down * (third / 2**11 + 1)) < 2**32
