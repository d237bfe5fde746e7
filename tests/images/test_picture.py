"""What a person sees in a file is what a classifier is shown."""

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


def test_a_ramp_of_more_bits_is_its_twin_of_8(tmp_path: Path) -> None:
    twin = np.arange(256, dtype=np.uint8).reshape(16, 16)
    wide = np.linspace(0, 65535, 256).round().reshape(16, 16)
    for name, levels in (
        ("sixteen.png", wide.astype(np.uint16)),
        ("whole.tif", wide.astype(np.int32)),
        ("real.tif", (wide / 65535).astype(np.float32)),
    ):
        Image.fromarray(levels).save(tmp_path / name)
        assert np.abs(shown(tmp_path / name).astype(int) - twin[..., None]).max() <= 1, name


@pytest.mark.parametrize(
    "levels", [np.float32([[0, 700]]), np.float32([[-0.1, 1]]), np.int32([[0, 1 << 20]])]
)
def test_levels_without_a_known_range_are_refused(tmp_path: Path, levels: np.ndarray) -> None:
    Image.fromarray(levels).save(tmp_path / "levels.tif")
    with pytest.raises(ValueError, match="where white lies is not known"):
        picture.read(tmp_path / "levels.tif")


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    alpha = np.full((6, 8), 255, np.uint8)
    alpha[:3], alpha[3] = 0, 51
    Image.fromarray(np.dstack([COLOURS, alpha])).save(tmp_path / "rgba.png")
    seen = shown(tmp_path / "rgba.png")
    assert (seen[:3] == 255).all() and (seen[4:] == COLOURS[4:]).all()
    blended = 255 + 0.2 * (COLOURS[3].astype(float) - 255)
    assert np.abs(seen[3] - blended).max() <= 1

    grey = Image.fromarray(COLOURS[..., 0])
    grey.putalpha(Image.fromarray(alpha))
    grey.save(tmp_path / "la.png")
    assert (shown(tmp_path / "la.png")[:3] == 255).all()

    few = Image.fromarray(COLOURS).quantize(4)
    few.info["transparency"] = 0
    few.save(tmp_path / "palette.png", transparency=0)
    hidden = np.asarray(few) == 0
    seen = shown(tmp_path / "palette.png")
    assert hidden.any() and (seen[hidden] == 255).all()
    assert (seen[~hidden] == np.asarray(few.convert("RGB"))[~hidden]).all()


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "CMYK", "RGBA"])
def test_ordinary_pictures_are_as_pillow_reads_them(tmp_path: Path, mode: str) -> None:
    kind = "tif" if mode == "CMYK" else "png"
    Image.fromarray(COLOURS).convert(mode).save(tmp_path / f"plain.{kind}")
    with Image.open(tmp_path / f"plain.{kind}") as opened:
        assert (shown(tmp_path / f"plain.{kind}") == np.asarray(opened.convert("RGB"))).all()


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
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


def test_an_empty_file_is_a_damaged_one(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    found = decoded([tmp_path / "empty.png"], tmp_path, 6, tmp_path / "cache", "photos")
    assert list(found.damaged) == [0] and not found.images.any()
