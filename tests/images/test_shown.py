"""Pictures that are decoded when they are asked for, and kept nowhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from withstand.base.errors import UserError
from withstand.images import picture
from withstand.images.photographs import squared
from withstand.images.preprocessing import Geometry
from withstand.images.shown import shown


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """More than a thread takes at once, of several kinds, sizes and ways of holding the camera."""
    found, turned = [], Image.Exif()
    turned[0x0112] = 6
    for number in range(40):
        size = [(48, 48), (64, 48), (50, 90), (32, 32)][number % 4]
        kind = ["jpg", "png", "jpg"][number % 3]
        found.append(tmp_path / f"{number}.{kind}")
        noise(*size, number).save(found[-1], **({"exif": turned} if number % 7 == 0 else {}))
    return found


@pytest.mark.parametrize("form", [None, Geometry(48, 56), Geometry(48, 48, "bilinear", squash=True)])
def test_they_are_what_a_data_set_would_decode(files: list[Path], form: Geometry | None) -> None:
    found = shown(files, (48, 48), form)
    for image, file in zip(found, files, strict=True):
        whole = picture.read(file).shown
        expected = whole if whole.size == (48, 48) else squared(whole, form or Geometry(48, 48))
        assert np.array_equal(image, np.asarray(expected)), file


def test_of_a_shape_of_their_own_they_stay_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "one.jpg"
    noise(40, 30).save(file)
    assert np.array_equal(shown([file], (30, 40))[0], np.asarray(picture.read(file).shown))
    with pytest.raises(UserError, match=r"one.jpg.*40×30 pixels, not 41×30"):
        shown([file], (30, 41))


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff", b"GIF89a"])
def test_a_damaged_one_is_named(files: list[Path], content: bytes) -> None:
    files[20].write_bytes(content)
    with pytest.raises(UserError, match=files[20].name):
        shown(files, (48, 48))


def test_of_none_there_is_none() -> None:
    assert shown([], (48, 48)).shape == (0, 48, 48, 3)
