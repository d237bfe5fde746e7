"""Decoded as Pillow decodes, once, and again whenever a file or the cache has changed."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from withstand.base.errors import UserError
from withstand.images import photographs, sources
from withstand.images.listing import listed
from withstand.images.photographs import decoded
from withstand.images.shown import shown


@pytest.fixture
def folder(tmp_path):
    draw = np.random.default_rng(0)
    (tmp_path / "in").mkdir()
    for number, (width, height) in enumerate([(24, 24), (40, 24), (24, 61), (100, 80)]):
        pixels = draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "in" / f"{number}.JPEG", quality=95)
    return tmp_path / "in"


def read(folder, size=24):
    return decoded(listed(folder), folder, size, folder.parent / "cache", "test")


def never(*_, **__):
    raise AssertionError("decoded again")


def test_pictures_are_as_pillow_decodes_them(folder):
    found = read(folder)
    assert found.images.dtype == np.uint8 and found.images.shape == (4, 24, 24, 3)
    assert found.sizes.tolist() == [[24, 24], [40, 24], [24, 61], [100, 80]]
    with Image.open(folder / "0.JPEG") as plain:
        assert np.array_equal(found.images[0], np.asarray(plain.convert("RGB")))
    with Image.open(folder / "1.JPEG") as wide:
        assert np.array_equal(found.images[1], np.asarray(wide.convert("RGB"))[:, 8:32])
    with Image.open(folder / "3.JPEG") as large:
        small = large.convert("RGB").resize((30, 24), Image.Resampling.BICUBIC)
        assert np.array_equal(found.images[3], np.asarray(small)[:, 3:27])


def test_a_second_look_reads_the_cache(folder, monkeypatch):
    first = read(folder)
    monkeypatch.setattr(photographs, "_decode", never)
    again = read(folder)
    assert isinstance(again.images, np.memmap)
    assert np.array_equal(first.images, again.images) and first.digest == again.digest


@pytest.mark.parametrize("what", ["touched", "other bytes", "one more", "another size"])
def test_what_has_changed_is_decoded_again(folder, what):
    before = read(folder)
    if what == "touched":
        os.utime(folder / "0.JPEG", ns=(1, 1))
    if what == "other bytes":
        Image.new("RGB", (24, 24), "red").save(folder / "0.JPEG")
    if what == "one more":
        Image.new("RGB", (24, 24), "red").save(folder / "4.JPEG")
    after = read(folder, 16 if what == "another size" else 24)
    assert (after.digest == before.digest) == (what == "touched")
    assert len(list((folder.parent / "cache").glob("test.*.npy"))) == 1  # the old one is gone


def test_a_cache_that_was_cut_short_is_made_again(folder):
    before = read(folder)
    (array,) = (folder.parent / "cache").glob("*.npy")
    expected = np.array(before.images)
    del before
    array.write_bytes(array.read_bytes()[:-100])
    assert np.array_equal(read(folder).images, expected)


def test_damaged_files_are_named_and_the_others_are_there(folder):
    whole = np.array(read(folder).images)
    content = (folder / "1.JPEG").read_bytes()
    (folder / "1.JPEG").write_bytes(content[: len(content) // 2])
    (folder / "2.JPEG").write_bytes(b"no picture")
    found = read(folder)
    assert sorted(found.damaged) == [1, 2]
    assert np.array_equal(found.images[[0, 3]], whole[[0, 3]])
    assert sorted(read(folder).damaged) == [1, 2]  # from the cache
    said = photographs.worst([(folder / f"{n}.JPEG", "cut short") for n in range(5)])
    assert said.count("cut short") == 3 and "and 2 more" in said


def test_a_cache_that_was_altered_in_place_is_made_again(folder, capsys):
    before = read(folder)
    (array,) = (folder.parent / "cache").glob("*.npy")
    expected = np.array(before.images)
    written = np.load(array, mmap_mode="r+")
    written[:] = written[::-1].copy()
    written.flush()
    del written, before
    again = read(folder)
    assert np.array_equal(again.images, expected)
    assert "is not what was decoded; decoding again" in capsys.readouterr().out


def test_a_link_to_nothing_is_a_damaged_file(folder):
    (folder / "9.JPEG").symlink_to(folder / "gone.JPEG")
    assert read(folder).damaged == {4: "a link to nothing"}


def test_what_would_hang_or_run_something_is_a_damaged_file(tmp_path: Path) -> None:
    """A pipe, a line of a million pixels, and a drawing for another program that is called a picture."""
    os.mkfifo(tmp_path / "a.png")
    Image.new("RGB", (1, 1_000_000)).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    Image.new("RGB", (2000, 20)).save(tmp_path / "d.png")
    files = sorted(tmp_path.glob("*.png"))
    found = decoded(files, tmp_path, 64, tmp_path / "cache", "odd")
    assert "it is no file, but a folder, a pipe" in found.damaged[0]
    assert "1×1,000,000 pixels are more than are read" in found.damaged[1]
    assert "cannot identify image file" in found.damaged[2] and list(found.damaged) == [0, 1, 2]
    with pytest.raises(UserError, match=r"a\.png cannot be decoded .*it is no file"):
        shown(files, (64, 64))
    assert sources.digest(files[:1], tmp_path, tmp_path / "cache", "pipe")
