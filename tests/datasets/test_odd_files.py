"""Files and folders as people have them, with the pixels that a person sees or the right line."""

from __future__ import annotations

import io
import struct
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from withstand.base.errors import UserError
from withstand.config.schema import Config, DatasetConfig, ModelConfig
from withstand.datasets import folder
from withstand.images.imageset import Dataset
from withstand.images.picture import BACKGROUND

Pixels = np.ndarray[Any, Any]
SIDE = 16
RAMP = np.arange(256, dtype=np.uint8).reshape(SIDE, SIDE)
WIDE = RAMP.astype(np.uint16) * 257  # the same in 16 bits
COLOURS = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
FEW = COLOURS // 128 * 255  # 8 colours, so that a palette holds them
SMOOTH = np.stack([RAMP, RAMP.T, 255 - RAMP], axis=2)  # what JPEG and its like keep well
ALPHA = np.repeat(np.uint8([0, 51, 255, 255]), 4)[:, None].repeat(SIDE, axis=1)


def grey(levels: Pixels) -> Pixels:
    return np.repeat(levels[..., None], 3, axis=2)


def on_background(colours: Pixels, alpha: Pixels = ALPHA) -> Pixels:
    part = alpha[..., None] / 255
    return np.rint(colours * part + np.array(BACKGROUND) * (1 - part)).astype(np.uint8)


class Case(NamedTuple):
    """How a file is written, what is seen in it, and by how much a level may differ."""

    suffix: str
    write: Callable[[Path], Any]
    seen: Pixels
    within: int = 0


def plain(pixels: Pixels, **options: Any) -> Callable[[Path], Any]:
    return lambda file: Image.fromarray(pixels).save(file, **options)


def as_format(pixels: Pixels, kind: str, mode: str = "", **options: Any) -> Callable[[Path], Any]:
    def write(file: Path) -> None:
        shown = Image.fromarray(pixels)
        (shown.convert(mode) if mode else shown).save(file, kind, **options)

    return write


def portable(file: Path) -> None:
    """A PGM of 16 bits, which Pillow writes from version 11 on."""
    file.write_bytes(f"P5\n{SIDE} {SIDE}\n65535\n".encode() + WIDE.astype(">u2").tobytes())


def big_endian(file: Path) -> None:
    """A TIFF of 16 bits as instruments write it: MM, one strip."""
    content = WIDE.astype(">u2").tobytes()
    entries = [
        (256, 3, SIDE),
        (257, 3, SIDE),
        (258, 3, 16),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
    ]
    entries += [(278, 3, SIDE), (279, 4, len(content))]
    table = struct.pack(">H", len(entries))
    for tag, kind, value in entries:
        table += struct.pack(">HHI", tag, kind, 1)
        table += struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value)
    file.write_bytes(struct.pack(">2sHI", b"MM", 42, 8 + len(content)) + content + table + bytes(4))


def colours_of_16_bits(file: Path) -> None:
    """A PNG of 48 bits a pixel, which Pillow does not write."""
    rows = (COLOURS.astype(">u2") * 257).astype(">u2").reshape(SIDE, -1)
    content = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 2, 0, 0, 0)
    written = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(content)), (b"IEND", b"")):
        written += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    file.write_bytes(written)


def with_alpha(pixels: Pixels) -> Callable[[Path], Any]:
    def write(file: Path) -> None:
        shown = Image.fromarray(pixels)
        shown.putalpha(Image.fromarray(ALPHA))
        shown.save(file)

    return write


def palette(file: Path, hidden: int | None = None) -> None:
    few = Image.fromarray(FEW).quantize(8)
    few.save(file, **({} if hidden is None else {"transparency": hidden}))


def turned(turn: int, stored: Pixels) -> Callable[[Path], Any]:
    exif = Image.Exif()
    exif[0x0112] = turn
    return plain(np.ascontiguousarray(stored), exif=exif)


def held(turn: int) -> Pixels:
    """What a camera stores of COLOURS, held so that EXIF says ``turn``."""
    flipped = np.swapaxes(COLOURS, 0, 1)
    return {
        1: COLOURS, 2: COLOURS[:, ::-1], 3: COLOURS[::-1, ::-1], 4: COLOURS[::-1], 5: flipped, 6: flipped[::-1],
        7: flipped[::-1, ::-1], 8: flipped[:, ::-1],
    }[turn]  # fmt: skip


def several(file: Path) -> None:
    frames = [Image.fromarray(FEW), Image.new("RGB", (SIDE, SIDE))]
    frames[0].save(file, save_all=True, append_images=frames[1:])


KINDS = (".tif", ".gif", ".bmp", ".dib", ".ppm", ".tga", ".pcx")
PALETTE_HIDDEN = np.asarray(Image.fromarray(FEW).quantize(8)) == 3
PICTURES: dict[str, Case] = {
    "grey of 8 bits": Case(".png", plain(RAMP), grey(RAMP)),
    "a ramp of 16 bits, PNG": Case(".png", plain(WIDE), grey(RAMP), 1),
    "a ramp of 16 bits, TIFF": Case(".tif", plain(WIDE), grey(RAMP), 1),
    "a ramp of 16 bits, TIFF of another byte order": Case(".tiff", big_endian, grey(RAMP), 1),
    "a ramp of 16 bits, PGM": Case(".pgm", portable, grey(RAMP), 1),
    "a ramp of 32 bits": Case(".tif", plain(WIDE.astype(np.int32)), grey(RAMP), 1),
    "a ramp of real numbers": Case(".tif", plain((RAMP / 255).astype(np.float32)), grey(RAMP), 1),
    "colours of 16 bits": Case(".png", colours_of_16_bits, COLOURS, 1),
    "black and white": Case(".png", as_format(RAMP // 128 * 255, "PNG", "1"), grey(RAMP // 128 * 255)),
    "a palette": Case(".png", palette, FEW),
    "the same without a palette": Case(".png", plain(FEW), FEW),
    "the same with alpha, opaque": Case(".png", as_format(FEW, "PNG", "RGBA"), FEW),
    "colour under transparency": Case(".png", with_alpha(COLOURS), on_background(COLOURS), 1),
    "grey under transparency": Case(".png", with_alpha(RAMP), on_background(grey(RAMP)), 1),
    "a palette with a transparent colour": Case(
        ".png",
        lambda file: palette(file, 3),
        np.where(PALETTE_HIDDEN[..., None], np.uint8(BACKGROUND), FEW),
    ),
    "one transparent level": Case(
        ".png",
        plain(RAMP, transparency=7),
        np.where((RAMP == 7)[..., None], np.uint8(BACKGROUND), grey(RAMP)),
    ),
    "transparency in WebP": Case(
        ".webp", as_format(np.dstack([COLOURS, ALPHA]), "WEBP", lossless=True, exact=True), on_background(COLOURS), 1
    ),
    "CMYK in TIFF": Case(".tif", as_format(COLOURS, "TIFF", "CMYK"), COLOURS),
    "CMYK in JPEG": Case(".jpg", as_format(SMOOTH, "JPEG", "CMYK", quality=100, subsampling=0), SMOOTH, 4),
    "YCbCr in TIFF": Case(".tif", as_format(SMOOTH, "TIFF", "YCbCr", compression="jpeg", quality=100), SMOOTH, 4),
    "JPEG by another name": Case(".jfif", as_format(SMOOTH, "JPEG", quality=100, subsampling=0), SMOOTH, 4),
    "a PNG that is called a JPEG": Case(".jpg", as_format(COLOURS, "PNG"), COLOURS),
    "capitals": Case(".JPEG", as_format(COLOURS, "PNG"), COLOURS),
    "several pictures, GIF": Case(".gif", several, FEW),
    "several pictures, TIFF": Case(".tif", several, FEW),
    "JPEG 2000": Case(".jp2", as_format(COLOURS, "JPEG2000"), COLOURS),
    "AVIF": Case(".avif", as_format(SMOOTH, "AVIF", quality=100), SMOOTH, 20),
    **{f"{kind} as it is": Case(kind, plain(FEW), FEW) for kind in KINDS},
    **{f"EXIF orientation {turn}": Case(".png", turned(turn, held(turn)), COLOURS) for turn in range(1, 9)},
}  # fmt: skip


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("cat", "dog"):
        image(tmp_path / "photos" / name / "1.png")
    return tmp_path / "photos"


def image(file: Path, colour: Any = "red") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(file, "PNG")


def load(root: Path, *, weights: str | None = None, count: int = 0, **options: Any) -> Dataset:
    own = {"folder": str(root), "size": 8} | options
    settings = DatasetConfig("folder", num_classes=count, options=own)
    return folder.from_config(Config(dataset=settings, model=ModelConfig(weights=weights)))


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_what_a_person_sees(tmp_path: Path, name: str) -> None:
    case = PICTURES[name]
    if name == "AVIF" and "AVIF" not in Image.registered_extensions().values():
        pytest.skip("needs a Pillow that was built with AVIF, as from version 11.3 on")
    image(tmp_path / "other" / "1.png")
    (tmp_path / "odd").mkdir()
    case.write(tmp_path / "odd" / f"1{case.suffix}")
    read = load(tmp_path, size=SIDE).test
    assert read.labels.tolist() == [0, 1]
    assert np.abs(read.images[0].astype(int) - case.seen).max() <= case.within


def damaged(content: bytes) -> Callable[[Path], Any]:
    return lambda file: file.write_bytes(content)


def whole_png() -> bytes:
    content = io.BytesIO()
    Image.fromarray(COLOURS).save(content, "PNG")
    return content.getvalue()


DAMAGED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "an empty file": (damaged(b""), "UnidentifiedImageError"),
    "a text": (damaged(b"no picture at all"), "UnidentifiedImageError"),
    "half a file": (damaged(whole_png()[: len(whole_png()) // 2]), "truncated"),
    "a link to nothing": (lambda file: file.symlink_to("gone.png"), "a link to nothing"),
    "levels that nobody knows": (as_format(RAMP.astype(np.float32), "TIFF"), "where white lies is not known"),
    "levels below black": (as_format(RAMP.astype(np.int32) - 9, "TIFF"), "where white lies is not known"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_cannot_be_seen_is_damaged(photos: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    write, reason = DAMAGED[name]
    write(photos / "cat" / "2.png")
    with pytest.raises(UserError, match=rf"1 of 3 images cannot be decoded: .*2\.png \(.*{reason}") as caught:
        load(photos)
    assert "\n" not in str(caught.value)
    for _ in range(2):  # and found again
        left = load(photos, skip_damaged=True).test
        assert left.labels.tolist() == [0, 1] and isinstance(left.images, np.memmap)
        assert (left.images == (255, 0, 0)).all()
        assert "1 of 3 images are left out as damaged" in capsys.readouterr().out
    (photos / "cat" / "1.png").unlink()
    (photos / "dog" / "1.png").write_bytes(b"")
    with pytest.raises(UserError, match="not one of 2 images can be decoded"):
        load(photos, skip_damaged=True)


def test_orientation_is_ignored_where_that_is_asked(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    turned(6, held(6))(photos / "cat" / "2.png")
    assert (load(photos, size=SIDE).test.images[1] == COLOURS).all()
    assert "1 of 3 photographs were taken with the camera turned; turned upright" in capsys.readouterr().out
    assert (load(photos, size=SIDE, exif="ignore").test.images[1] == held(6)).all()
    assert "left as they lie (dataset.exif=ignore)" in capsys.readouterr().out


def nested(root: Path) -> None:
    image(root / "cat" / "more" / "deep" / "1.png")
    image(root.parent / "elsewhere" / "9.png")
    (root / "cat" / "linked").symlink_to(root.parent / "elsewhere")
    (root / "cat" / "round").symlink_to(root / "cat")


def of_systems(root: Path) -> None:
    image(root / "__MACOSX" / "cat" / "._1.png")
    image(root / ".hidden" / "1.png")
    image(root / "dog" / ".1.png")
    (root / "empty").mkdir()


def of_other_kinds(root: Path) -> None:
    for name in ("cat/notes.txt", "dog/a.heic", "dog/b.heic", "dog/README", "list.csv", ".DS_Store"):
        (root / name).write_text("no image")


def split(root: Path) -> None:
    for name in ("cat", "dog"):
        image(root / "train" / name / "1.png")
        (root / "test").mkdir(exist_ok=True)
        (root / name).rename(root / "test" / name)


def two_that_are_one(root: Path) -> None:
    for form in ("NFC", "NFD"):
        image(root / "cat" / unicodedata.normalize(form, "é.png"))


def split_without_tests(root: Path) -> None:
    for name in ("cat", "dog"):
        (root / "train").mkdir(exist_ok=True)
        (root / name).rename(root / "train" / name)


def one_class(root: Path) -> None:
    (root / "dog" / "1.png").unlink()


FOLDERS: dict[str, tuple[Callable[[Path], None], list[int] | None, str]] = {
    "as it is": (lambda _: None, [0, 1], ""),
    "nested images, links followed": (nested, [0, 0, 0, 1], ""),
    "what systems leave behind": (of_systems, [0, 1], ""),
    "files of other kinds": (of_other_kinds, [0, 1], "skipped 2 .heic, 1 .csv, 1 .txt, 1 without a suffix"),
    "split": (split, [0, 1], ""),
    "two names that are one": (two_that_are_one, None, r"two images called cat/é\.png, written in two ways"),
    "no test images": (split_without_tests, None, "holds train, and no test images"),
    "one class": (one_class, None, r"one class, 'cat', and 1 without an image \(dog\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_read_or_its_fault_named(
    photos: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make, labels, said = FOLDERS[name]
    make(photos)
    if labels is None:
        with pytest.raises(UserError, match=said) as caught:
            load(photos)
        assert "\n" not in str(caught.value)
        return
    read = load(photos)
    assert read.classes == ("cat", "dog") and read.test.labels.tolist() == labels
    assert len(read.train) == (2 if name == "split" else 0)
    out = capsys.readouterr().out
    assert said in out and ("skipped" in out) == bool(said)


@pytest.mark.parametrize(
    ("order", "classes"),
    [("string", ("1", "10", "2")), ("natural", ("1", "2", "10")), ("file", ("10", "1", "2"))],
)
def test_classes_have_the_order_that_is_asked_for(
    tmp_path: Path, order: str, classes: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for level, number in enumerate(("1", "2", "10")):
        image(tmp_path / "photos" / number / "1.png", (level, 0, 0))
    (tmp_path / "names.txt").write_text("10\n1\n2\n")
    order = str(tmp_path / "names.txt") if order == "file" else order
    read = load(tmp_path / "photos", order=order, weights="mine.pth")
    assert read.classes == classes
    assert [("1", "2", "10")[level] for level in read.test.images[:, 0, 0, 0]] == list(classes)
    warned = "output 1 is taken for '10', as names are sorted" in capsys.readouterr().out
    assert warned == (order == "string")
    load(tmp_path / "photos", order=order)
    assert "output 1" not in capsys.readouterr().out, "what is trained here has one order"


def test_an_id_is_one_however_accents_are_written(tmp_path: Path) -> None:
    read = []
    for form in ("NFC", "NFD"):
        for name in ("Bär", "Zebra"):
            one = unicodedata.normalize(form, f"{name}/é.png")
            image(tmp_path / form / one)
        read.append(load(tmp_path / form))
    one, other = read
    assert one.classes == other.classes == ("Bär", "Zebra")
    assert one.test.ids.tolist() == other.test.ids.tolist() and len(set(one.test.ids.tolist())) == 2
    image(tmp_path / "NFD" / "Bär" / "2.png")  # composed, beside the other
    with pytest.raises(UserError, match="two folders called 'Bär'"):
        load(tmp_path / "NFD")


def test_tiny_imagenet_is_read_as_it_is_unpacked(tmp_path: Path) -> None:
    """val in one folder, with a table; test without labels."""
    rows = []
    for label, wnid in enumerate(("n01443537", "n01629819", "n01641577")):
        for number in range(2):
            image(tmp_path / "train" / wnid / "images" / f"{wnid}_{number}.JPEG", (label, 0, 0))
            name = f"val_{2 * number + label}{label}.JPEG"
            image(tmp_path / "val" / "images" / name, (label, 0, 0))
            rows.append(f"{name}\t{wnid}\t0\t0\t7\t7\n")
        (tmp_path / "train" / wnid / f"{wnid}_boxes.txt").write_text("n01443537_0.JPEG\t0\t0\t7\t7\n")
    (tmp_path / "val" / "val_annotations.txt").write_text("".join(rows))
    image(tmp_path / "test" / "images" / "test_0.JPEG")
    read = load(tmp_path)
    assert read.classes == ("n01443537", "n01629819", "n01641577")
    for part in (read.train, read.test):
        assert part.images[:, 0, 0, 0].tolist() == part.labels.tolist() == [0, 0, 1, 1, 2, 2]
    (tmp_path / "val" / "images" / "val_00.JPEG").unlink()
    with pytest.raises(UserError, match=r"1 of 6 images .* e\.g\. val_00\.JPEG"):
        load(tmp_path)
