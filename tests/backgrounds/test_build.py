"""A challenge from one's own images: what is in it, what is left out and why, and that it goes on where it was."""

import json

import numpy as np
import pytest
from PIL import Image

from withstand.backgrounds.make import build, sources
from withstand.backgrounds.variants import VARIANTS
from withstand.base.errors import UserError

from .conftest import CLASSES, PER_CLASS, SIZE, settings, write_images


def make(root, **more):
    own = settings(root, **more)
    return build.build(own, sources.read(own), 3, False)


def picture(path):
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB")).astype(int)


def test_the_pictures_are_what_the_manifest_says(challenge):
    manifest = json.loads((challenge / "manifest.json").read_text())
    assert manifest["classes"] == {"00_dog": 8, "01_fish": 8, "02_wheeled vehicle": 8}
    assert manifest["left_out"] == {}
    assert {folder.name for folder in challenge.iterdir() if folder.is_dir()} >= {*VARIANTS, "fg_mask"}
    for place, lender in manifest["backgrounds"]["mixed_rand"].items():
        folder, name = place.split("/")
        mask = np.load(challenge / "fg_mask" / "val" / folder / f"{name}.npy")
        assert mask.dtype == bool and mask.shape == (SIZE, SIZE)
        mixed = picture(
            challenge / "mixed_rand" / "val" / folder / f"fg_{name}_bg_{lender.split('/')[1]}.JPEG"
        )
        own = picture(challenge / "original" / "val" / folder / f"{name}.JPEG")
        ground = picture(challenge / "only_bg_t" / "val" / f"{lender}.JPEG")
        # JPEG moves a level here and there, most at the edge.
        assert np.abs(mixed - own)[mask].mean() < 12 and np.abs(mixed - ground)[~mask].mean() < 6


def test_the_same_seed_makes_the_same_bytes(tmp_path, challenge):
    write_images(tmp_path)
    make(tmp_path)
    for file in sorted((tmp_path / "set").rglob("*.JPEG")):
        assert file.read_bytes() == (challenge / file.relative_to(tmp_path / "set")).read_bytes()


def test_what_cannot_be_cut_out_is_left_out_and_counted(tmp_path):
    write_images(tmp_path)
    masks, images = tmp_path / "masks" / CLASSES[0], tmp_path / "images" / CLASSES[0]
    files = sorted(masks.iterdir())
    np.save(files[0], np.zeros((SIZE, SIZE), bool))
    np.save(files[1], np.ones((SIZE, SIZE), bool))
    np.save(files[2], np.ones((SIZE, SIZE + 1), bool))
    files[3].unlink()
    (images / f"{files[4].stem}.png").write_bytes(b"damaged")
    made = make(tmp_path)
    assert made.kept["00_dog"] == PER_CLASS - 5
    assert [reason.split(" (")[0] for reason, _ in made.reasons()] == [
        "its mask is empty",
        "its mask is full",
        "its mask has another size than the picture has upright",
        "it has no mask",
        "it cannot be decoded",
    ]
    said = json.loads((tmp_path / "set" / "manifest.json").read_text())["left_out"]
    assert said[f"00_dog/{files[0].stem}"] == "its mask is empty"


@pytest.mark.parametrize("form", ["0 and 255", "0 and 1", "palette", "soft"])
def test_a_mask_is_read_whatever_its_levels_are(tmp_path, form):
    write_images(tmp_path, 2)
    for file in (tmp_path / "masks").rglob("*.npy"):
        marks = np.load(file)
        drawn = Image.fromarray(marks.astype(np.uint8) * (1 if form in ("0 and 1", "palette") else 255))
        if form == "palette":
            drawn = drawn.convert("P")
            drawn.putpalette([0, 0, 0, 128, 0, 0])
        elif form == "soft":
            drawn = Image.fromarray(np.where(marks, 255, 90).astype(np.uint8))
        drawn.save(file.with_suffix(".png"))
        file.rename(file.with_suffix(".kept"))
    assert set(make(tmp_path).kept.values()) == {2}
    for file in (tmp_path / "masks").rglob("*.kept"):
        place = next((tmp_path / "set" / "fg_mask" / "val").glob(f"*{file.parent.name}/{file.stem}.npy"))
        assert np.array_equal(np.load(place), np.load(file))


def test_a_class_that_is_left_with_one_image(tmp_path):
    write_images(tmp_path, 3)
    for file in sorted((tmp_path / "masks" / CLASSES[2]).iterdir())[:2]:
        np.save(file, np.zeros((SIZE, SIZE), bool))
    with pytest.raises(
        UserError, match=r"out of 01_fish: a class needs two\. Left out: 2: its mask is empty"
    ):
        make(tmp_path)


def test_a_stopped_run_goes_on(tmp_path, challenge, monkeypatch):
    write_images(tmp_path)
    written = build._jpeg

    def stops(file, picture, quality):
        if "02_" in str(file):
            raise KeyboardInterrupt
        return written(file, picture, quality)

    monkeypatch.setattr(build, "_CHUNK", 5)
    monkeypatch.setattr(build, "_jpeg", stops)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path)
    assert not (tmp_path / "set" / "manifest.json").exists()

    def never(*_):
        raise AssertionError("cut again")

    monkeypatch.setattr(build, "_jpeg", written)
    monkeypatch.setattr(build, "cut", never)
    make(tmp_path)
    ours, theirs = (
        {f.relative_to(root): f.read_bytes() for f in root.rglob("*.JPEG")}
        for root in (tmp_path / "set", challenge)
    )
    assert ours == theirs


def test_another_sets_folder_is_not_written_into(tmp_path):
    write_images(tmp_path)
    make(tmp_path)
    with pytest.raises(UserError, match="made with other settings"):
        make(tmp_path, quality=80)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("keep")
    with pytest.raises(UserError, match="is not empty"):
        make(tmp_path, to=str(tmp_path / "other"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"images": ""}, "make_backgrounds.images="),
        ({"masks": None}, "boxes=TABLE or"),
        ({"boxes": "boxes.tsv"}, "boxes=TABLE or"),
        ({"images": "nowhere"}, "is not a folder"),
        ({"masks": "nowhere"}, "is not a folder"),
    ],
)
def test_settings_are_checked_first(tmp_path, more, message):
    write_images(tmp_path, 1)
    with pytest.raises(UserError, match=message):
        sources.read(settings(tmp_path, **more))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file\tx0\ty0\tx1\n", "no column y1"),
        ("file\tx0\ty0\tx1\ty1\ndog/gone.png\t1\t1\t9\t9\n", "1 of 1 images .* not there"),
        ("file\tx0\ty0\tx1\ty1\ndog/gone.png\t1\twide\t9\t9\n", "line 2 has a corner that is not a number"),
    ],
)
def test_a_wrong_table_of_boxes(tmp_path, table, message):
    write_images(tmp_path, 1)
    (tmp_path / "boxes.tsv").write_text(table)
    with pytest.raises(UserError, match=message):
        sources.read(settings(tmp_path, masks=None, boxes=str(tmp_path / "boxes.tsv")))


def test_boxes_are_cut_with_grabcut(tmp_path):
    """A bright disc on a dark ground: GrabCut finds it, in a picture that is not square."""
    pytest.importorskip("cv2")
    draw = np.random.default_rng(0)
    y, x = np.mgrid[:60, :90]
    disc = np.hypot(x - 40, y - 30) < 14
    lines = ["file,class,x0,y0,x1,y1"]
    for number in range(4):
        pixels = draw.integers(0, 40, (60, 90, 3))
        pixels[disc] += 180
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "images" / f"{number}.png")
        lines.append(f"{number}.png,class {number % 2},24,14,56,46")
    lines.append("0.png,class 2,0,0,89,59")  # no room for a background, twice
    lines.append("1.png,class 2,0,0,89,59")
    (tmp_path / "boxes.csv").write_text("\n".join(lines))
    own = settings(tmp_path, masks=None, boxes=str(tmp_path / "boxes.csv"), size=60)
    with pytest.raises(UserError, match=r"02_class 2.*2: its box covers more than 90%"):
        build.build(own, sources.read(own), 0, False)
    (tmp_path / "boxes.csv").write_text("\n".join(lines[:-2]))
    made = build.build(own, sources.read(own), 0, True)
    assert made.kept == {"00_class 0": 2, "01_class 1": 2}
    mask = np.load(tmp_path / "set" / "fg_mask" / "val" / "00_class 0" / "0.npy")
    truth = disc[:, 15:75]  # the middle
    assert (mask & truth).sum() / (mask | truth).sum() > 0.97
    ground = picture(tmp_path / "set" / "only_bg_t" / "val" / "00_class 0" / "0.JPEG")
    assert ground.max() < 90  # nothing of the disc is left
