"""JPEGs decoded without Pillow in between: its pixels, for every kind of file, and its word on damaged ones."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from withstand.images import jpeg_file, photographs, picture
from withstand.images.preprocessing import Geometry

SIZES = [(64, 64), (33, 47), (224, 224), (1, 9), (17, 16)]


@pytest.fixture
def by_pillow(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(jpeg_file, "_decoder", lambda: None)
    return monkeypatch


def photograph(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth colours and a little noise."""
    draw = np.random.default_rng(seed)
    small = Image.fromarray(draw.integers(0, 256, (4, 4, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    pixels = np.asarray(small).astype(int) + draw.integers(-12, 13, (height, width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def shown(file: Path, exif: bool = True) -> tuple[bytes, tuple[int, int], bool]:
    seen = picture.read(file, exif)
    return seen.shown.tobytes(), seen.shown.size, seen.turned


def both(file: Path, exif: bool = True) -> list[tuple[bytes, tuple[int, int], bool]]:
    ours = shown(file, exif)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg_file, "_decoder", lambda: None)
        return [ours, shown(file, exif)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("quality", [5, 50, 90, 100])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_kind_has_pillows_pixels(
    tmp_path: Path, size: tuple[int, int], quality: int, subsampling: int, progressive: bool
) -> None:
    file = tmp_path / "one.jpg"
    photograph(*size).save(file, quality=quality, subsampling=subsampling, progressive=progressive)
    ours, pillows = both(file)
    assert ours == pillows


@pytest.mark.parametrize("mode", ["L", "CMYK", "1", "YCbCr", "RGB"])
def test_every_mode_has_pillows_pixels(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "one.jpg"
    photograph(40, 30).convert(mode).save(file, "JPEG", keep_rgb=mode == "RGB")
    ours, pillows = both(file)
    assert ours == pillows


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("exif", [True, False])
def test_turned_ones_are_as_before(tmp_path: Path, orientation: int, exif: bool) -> None:
    made, file = Image.Exif(), tmp_path / "one.jpg"
    made[0x0112] = orientation
    photograph(40, 30).save(file, exif=made)
    ours, pillows = both(file, exif)
    assert ours == pillows and ours[2] == (orientation > 1)


@pytest.mark.parametrize("kept", [10, 200, 0.5, 0.9, -2])
def test_what_is_cut_short_is_told_in_the_same_words(tmp_path: Path, kept: float) -> None:
    whole, file = io.BytesIO(), tmp_path / "one.jpg"
    photograph(64, 64).save(whole, "JPEG")
    content = whole.getvalue()
    file.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    said = []
    for patched in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            if patched:
                patch.setattr(jpeg_file, "_decoder", lambda: None)
            try:
                said.append(shown(file))
            except Exception as error:
                said.append(f"{type(error).__name__}: {error}".replace(str(file), ""))
    assert said[0] == said[1] or all("UnidentifiedImageError" in str(one) for one in said)


def test_bits_that_are_flipped_end_as_with_pillow(tmp_path: Path) -> None:
    whole, file, draw = io.BytesIO(), tmp_path / "one.jpg", np.random.default_rng(0)
    photograph(64, 64).save(whole, "JPEG")
    for _ in range(150):
        content = bytearray(whole.getvalue())
        for place in draw.integers(2, len(content), 3):
            content[place] ^= 1 << int(draw.integers(8))
        file.write_bytes(content)
        ends = []
        for patched in (False, True):
            with pytest.MonkeyPatch.context() as patch:
                if patched:
                    patch.setattr(jpeg_file, "_decoder", lambda: None)
                try:
                    ends.append(shown(file))
                except Exception as error:
                    ends.append(type(error).__name__)
        assert ends[0] == ends[1]


def test_what_says_nothing_of_itself_needs_no_pillow(tmp_path: Path) -> None:
    file, made = tmp_path / "one.jpg", Image.Exif()
    made[0x0112] = 1
    photograph(40, 30).save(file)
    plain = picture.plain(file, jpeg_file.Room())
    assert plain is not None and np.array_equal(plain, np.asarray(Image.open(file)))
    photograph(40, 30).save(file, exif=made)
    assert picture.plain(file, jpeg_file.Room()) is None  # how the camera was held is Pillow's to tell
    photograph(40, 30).save(file, "MPO", save_all=True, append_images=[photograph(40, 30, 1)])
    assert picture.plain(file, jpeg_file.Room()) is None
    photograph(40, 30).convert("L").save(file)
    assert picture.plain(file, jpeg_file.Room()) is None
    photograph(40, 30).save(tmp_path / "one.png")
    assert picture.plain(tmp_path / "one.png", jpeg_file.Room()) is None


@pytest.mark.parametrize("size", [(48, 48), (80, 60)])
def test_photographs_are_the_same_by_every_way(tmp_path: Path, size: tuple[int, int]) -> None:
    photograph(*size).save(tmp_path / "one.jpg")
    form = Geometry(48, 48)
    ours = photographs.decoded([tmp_path / "one.jpg"], tmp_path, form, tmp_path / "ours", "x")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg_file, "_decoder", lambda: None)
        pillows = photographs.decoded([tmp_path / "one.jpg"], tmp_path, form, tmp_path / "pillows", "x")
    assert ours.digest == pillows.digest and ours.sizes.tolist() == pillows.sizes.tolist() == [list(size)]


def test_without_the_package_pillow_decodes(tmp_path: Path, by_pillow: pytest.MonkeyPatch) -> None:
    file = tmp_path / "one.jpg"
    photograph(32, 32).save(file)
    pixels = np.empty((32, 32, 3), np.uint8)
    jpeg_file.read_into(pixels, file.read_bytes())
    assert np.array_equal(pixels, np.asarray(picture.read(file).shown))


def test_the_package_is_used_where_its_pixels_are_pillows() -> None:
    pytest.importorskip("simplejpeg")
    jpeg_file._decoder.cache_clear()
    file = io.BytesIO()
    photograph(20, 20).save(file, "JPEG")
    opened = Image.open(file)
    assert jpeg_file.decoded(file.getvalue(), opened) is not None
    assert jpeg_file.decoded(file.getvalue()[:-40], opened) is None  # Pillow's to tell


def segment(kind: int, content: bytes) -> bytes:
    return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2, "big") + content


def test_only_segments_before_the_pixels_are_looked_at(tmp_path: Path) -> None:
    """Two bytes of a comment, or after the picture, are not EXIF; any number of 0xFF may stand before a segment."""
    made, file = io.BytesIO(), tmp_path / "one.jpg"
    photograph(40, 30).save(made, "JPEG")
    whole = made.getvalue()
    start, rest = whole[:2], whole[2:]
    plain = {
        "a comment": start + segment(0xFE, b"\xff\xe1 MPF\0 \xff\xda") + rest,
        "filled": start + b"\xff\xff\xff" + segment(0xFE, b"x") + b"\xff" + rest,
        "more than the picture": whole + b"\xff\xe1MPF\0",
    }
    for content in plain.values():
        file.write_bytes(content)
        found = picture.plain(file, jpeg_file.Room())
        assert found is not None and np.array_equal(found, np.asarray(Image.open(file)))
        ours, pillows = both(file)
        assert ours == pillows
    exif = Image.Exif()
    exif[0x0112] = 6
    others = {
        "EXIF": start + segment(0xE1, exif.tobytes()) + rest,
        "EXIF after a filling": start + b"\xff\xff" + segment(0xE1, exif.tobytes()) + rest,
        "an index": start + segment(0xE2, b"MPF\0" + bytes(8)) + rest,
        "cut short": whole[:30],
        "no segments": start + b"\xff\xd0" + rest,
        "nothing": start,
    }
    for name, content in others.items():
        file.write_bytes(content)
        assert picture.plain(file, jpeg_file.Room()) is None, name
    file.write_bytes(others["EXIF after a filling"])
    assert picture.read(file).turned and picture.read(file).shown.size == (30, 40)


def test_one_room_serves_pictures_of_any_size(tmp_path: Path) -> None:
    room, sizes = jpeg_file.Room(), [(40, 30), (8, 8), (64, 64), (17, 16)]
    for number, size in enumerate(sizes):
        photograph(*size, number).save(tmp_path / "one.jpg")
        found = picture.plain(tmp_path / "one.jpg", room)
        assert found is not None and np.array_equal(found, np.asarray(Image.open(tmp_path / "one.jpg")))


@pytest.mark.parametrize("sampling", [0x14, 0x41, 0x22, 0x12, 0x21, 0x42, 0x24])
def test_every_subsampling_is_decoded_one_way_or_the_other(tmp_path: Path, sampling: int) -> None:
    """A square of one colour is the same however the colours' blocks are shared; of six blocks, so are the bytes."""
    content = bytearray(of_one_colour())
    content[content.index(b"\xff\xc0") + 11] = sampling
    file = tmp_path / "one.jpg"
    file.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg_file, "_decoder", lambda: None)
        try:
            expected = np.asarray(picture.read(file).shown)
        except OSError:
            expected = None
    if expected is None:
        with pytest.raises(OSError, match="image"):
            picture.read(file)
    else:
        plain = jpeg_file.plain(bytes(content), 1000, jpeg_file.Room())
        assert plain is None or np.array_equal(plain, expected)
        assert np.array_equal(np.asarray(picture.read(file).shown), expected)
        assert photographs.decoded([file], tmp_path, 64, tmp_path / "cache", "one").damaged == {}


def of_one_colour() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 80, 30)).save(content, "JPEG")
    return content.getvalue()


def test_a_header_that_pillow_refuses_is_refused(tmp_path: Path) -> None:
    whole = of_one_colour()
    assert whole[2:4] == b"\xff\xe0" and whole[4:6] == bytes([0, 16])
    (tmp_path / "short.jpg").write_bytes(whole[:4] + bytes([0, 9]) + whole[6:13] + whole[20:])
    assert jpeg_file.plain((tmp_path / "short.jpg").read_bytes(), 1000, jpeg_file.Room()) is None
