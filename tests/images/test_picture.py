"""What a person sees in a file is what a classifier is shown; kinds of files are in tests/datasets/test_odd_files."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from withstand.images import picture
from withstand.images.photographs import decoded

DRAW = np.random.default_rng(0)
COLOURS = DRAW.integers(0, 256, (6, 8, 3), np.uint8)


def shown(file: Path) -> np.ndarray:
    return np.asarray(picture.read(file)[0])


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_grey_of_16_bits_is_grey(tmp_path: Path, kind: str) -> None:
    levels = np.array([[0, 128, 256, 257 * 100, 32768, 65535]], np.uint16)
    Image.fromarray(levels).save(tmp_path / f"grey.{kind}")
    expected = np.round(levels / 257).astype(np.uint8)
    assert (shown(tmp_path / f"grey.{kind}") == expected[..., None]).all()
    assert expected.tolist() == [[0, 0, 1, 100, 128, 255]]


@pytest.mark.parametrize("kind", ["jpg", "webp", "tif"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_a_picture_is_upright(tmp_path: Path, turn: int, kind: str) -> None:
    """The same scene, held eight ways: top left is dark."""
    scene = np.full((16, 32), 255, np.uint8)
    scene[:8, :16] = 0
    undone = {
        1: scene, 2: scene[:, ::-1], 3: scene[::-1, ::-1], 4: scene[::-1], 5: scene.T, 6: scene.T[::-1],
        7: scene.T[::-1, ::-1], 8: scene.T[:, ::-1],
    }[turn]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = turn
    stored = Image.fromarray(np.ascontiguousarray(undone)).convert("RGB")
    stored.save(tmp_path / f"held.{kind}", exif=exif, **({"lossless": True} if kind == "webp" else {}))
    seen = shown(tmp_path / f"held.{kind}")
    assert seen.shape == (16, 32, 3)
    assert np.abs(seen[..., 0].astype(int) - scene).max() < 60, "JPEG blurs a little"


def test_exif_that_cannot_be_read_turns_nothing(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.fromarray(COLOURS).save(whole, "JPEG", exif=b"Exif\0\0rubbish that is no TIFF header")
    (tmp_path / "odd.jpg").write_bytes(whole.getvalue())
    assert shown(tmp_path / "odd.jpg").shape == COLOURS.shape


def test_several_pictures_in_a_file_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for kind in ("gif", "tif"):
        frames[0].save(tmp_path / f"two.{kind}", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "one.gif")
    files = sorted(tmp_path.iterdir())
    found = decoded(files, tmp_path, 8, tmp_path / "cache", "some")
    assert not found.damaged and (found.images == (255, 0, 0)).all()
    assert "some: 2 of 3 files hold several pictures; the first of each is taken" in capsys.readouterr().out


def test_turned_photographs_are_counted_and_left_as_they_lie_where_that_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOURS).save(tmp_path / "turned.png", exif=exif)
    Image.fromarray(COLOURS).save(tmp_path / "upright.png")
    files = [tmp_path / "turned.png", tmp_path / "upright.png"]
    found = decoded(files, tmp_path, 6, tmp_path / "cache", "photos")
    assert found.sizes.tolist() == [[6, 8], [8, 6]]
    assert "1 of 2 photographs were taken with the camera turned; turned upright" in capsys.readouterr().out
    found = decoded(files, tmp_path, 6, tmp_path / "cache", "photos", exif=False)
    assert found.sizes.tolist() == [[8, 6], [8, 6]] and (found.images[0] == found.images[1]).all()
    assert "left as they lie (dataset.exif=ignore)" in capsys.readouterr().out
