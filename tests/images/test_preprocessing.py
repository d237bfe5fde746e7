"""Augmentation and normalisation, against the plain way of doing them one image at a time."""

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import functional as transforms

from withstand.images import photographs
from withstand.images.preprocessing import Preprocessing, crop_flip


def test_normalises_as_torchvision_does():
    images = torch.randint(0, 256, (4, 16, 16, 3), dtype=torch.uint8)
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
    ours = Preprocessing(16, "bilinear", mean, std)(images)
    plain = (images.permute(0, 3, 1, 2).float() / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(
        std
    ).view(3, 1, 1)
    assert ours.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(ours, plain, rtol=1e-5, atol=1e-6)


def test_every_crop_is_a_window_of_the_padded_image_or_its_mirror():
    images = torch.randint(1, 256, (64, 8, 8, 3), dtype=torch.uint8)
    crops = crop_flip(images, torch.Generator().manual_seed(0), padding=2).numpy()
    seen = set()
    for image, crop in zip(images.numpy(), crops, strict=True):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
        windows = {
            (dy, dx, flip): window[:, ::-1] if flip else window
            for dy in range(5)
            for dx in range(5)
            for flip in (False, True)
            for window in [padded[dy : dy + 8, dx : dx + 8]]
        }
        found = [key for key, window in windows.items() if np.array_equal(window, crop)]
        assert found
        seen.add(found[0])
    assert len(seen) > 25, "64 crops of 50 kinds should show many kinds"


def test_the_same_generator_state_gives_the_same_crops():
    images = torch.randint(0, 256, (5, 8, 8, 3), dtype=torch.uint8)
    first, second = (crop_flip(images, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize(
    ("resize", "shape"), [(28, (40, 40)), (29, (40, 40)), (20, (40, 60)), (15, (90, 31))]
)
def test_what_is_smaller_than_the_crop_is_padded_as_torchvision_does(resize, shape):
    images = torch.randint(0, 256, (2, *shape, 3), dtype=torch.uint8)
    ours = Preprocessing(32, "bilinear", (0.0,) * 3, (1.0,) * 3, resize=resize)
    form = ours.geometry
    for image, seen in zip(images, ours(images), strict=True):
        picture = Image.fromarray(image.numpy())
        scaled = picture.resize(form.scaled(shape[1], shape[0]), Image.Resampling.BILINEAR)
        expected = np.asarray(transforms.center_crop(scaled, [32, 32]))
        assert np.array_equal(np.asarray(photographs.squared(picture, form)), expected)
        assert np.abs(seen.permute(1, 2, 0).numpy() * 255 - expected).max() <= 1.01
