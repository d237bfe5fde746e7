"""What people's folders look like: nothing vanishes without a word, and no label is guessed."""

import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from withstand import datasets
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.datasets.photographed import identity


def image(file: Path, colour: str = "red") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(file)


def load(folder: Path, classes: int, *words: str) -> datasets.Dataset:
    settings = [
        "dataset=folder",
        f"dataset.folder={folder}",
        f"dataset.num_classes={classes}",
        "dataset.size=8",
    ]
    return datasets.load(compose([*settings, *words]))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("cat", "dog"):
        image(tmp_path / "photos" / name / "1.png")
    return tmp_path / "photos"


def test_ids_of_ordinary_files_are_what_they_always_were() -> None:
    assert (
        identity(Path("cat/1.png")) == 452212048447266674
        and identity(Path("grün/ä b.jpg")) == 8897632914948224486
    )


def test_images_in_subfolders_and_of_other_kinds_are_read(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image(photos / "cat" / "more" / "deep" / "1.png")
    for kind in ("tif", "tiff", "gif", "avif", "bmp", "ppm"):
        image(photos / "cat" / f"2.{kind}")
    image(photos / "cat" / "3.jpg")
    (photos / "cat" / "3.jpg").rename(photos / "cat" / "3.jfif")
    before = load(photos, 2)
    assert len(before.test) == 10 and before.test.labels.tolist() == [0] * 9 + [1]
    assert "skipped" not in capsys.readouterr().out
    for name in ("cat/notes.txt", "dog/a.heic", "dog/b.heic", "dog/README", "list.csv"):
        (photos / name).write_text("no image")
    assert len(load(photos, 2).test) == 10
    assert "skipped 2 .heic, 1 .csv, 1 .txt, 1 without a suffix" in capsys.readouterr().out


def test_what_systems_leave_behind_is_no_class(photos: Path) -> None:
    image(photos / "__MACOSX" / "cat" / "1.png")
    image(photos / ".hidden" / "1.png")
    image(photos / "dog" / ".1.png")
    (photos / "empty").mkdir()
    read = load(photos, 2)
    assert read.classes == ("cat", "dog") and len(read.test) == 2


def test_classes_are_counted_where_their_number_is_not_given(photos: Path) -> None:
    (photos / "bird").mkdir()
    config = compose(["dataset=folder", f"dataset.folder={photos}", "dataset.size=8", "model=small_cnn"])
    assert config.dataset.num_classes == config.model.num_classes == 0
    assert datasets.load(config).classes == ("cat", "dog")
    assert config.dataset.num_classes == config.model.num_classes == 2


def test_classes_have_the_order_that_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2, 10):
        image(tmp_path / "photos" / str(number) / "1.png")
    assert load(tmp_path / "photos", 3).classes == ("1", "10", "2")
    words = ("model.weights=mine.pth", "dataset.order=natural")
    assert load(tmp_path / "photos", 3, *words).classes == ("1", "2", "10")
    assert "output 1" not in capsys.readouterr().out
    names = tmp_path / "names.txt"
    names.write_text("10\n1\n2\n")
    read = load(tmp_path / "photos", 3, f"dataset.order={names}")
    assert read.classes == ("10", "1", "2") and read.test.labels.tolist() == [0, 1, 2]
    names.write_text("10\n1\n3\n")
    with pytest.raises(UserError, match=r"does not name the 3 class folders, one a line: 2, 3"):
        load(tmp_path / "photos", 3, f"dataset.order={names}")
    with pytest.raises(UserError, match="neither string nor natural nor a file of names"):
        load(tmp_path / "photos", 3, "dataset.order=nowhere")


def test_an_empty_class_counts_where_the_number_says_so(photos: Path) -> None:
    (photos / "bird").mkdir()
    assert load(photos, 3).classes == ("bird", "cat", "dog")
    assert load(photos, 2).classes == ("cat", "dog")
    with pytest.raises(
        UserError, match=r"2 classes, and 1 without an image \(bird\); set dataset.num_classes=2"
    ):
        load(photos, 10)
    image(photos / "train" / "cat" / "1.png")
    (photos / "train" / "dog").mkdir()
    shutil.move(photos / "cat", photos / "test" / "cat")
    shutil.move(photos / "dog", photos / "test" / "dog")
    assert load(photos, 2).classes == ("cat", "dog"), "a class may lack images in one split"


def test_one_class_or_only_splits_is_no_data_set(tmp_path: Path) -> None:
    image(tmp_path / "one" / "images" / "1.png")
    with pytest.raises(UserError, match="has one class, 'images'"):
        load(tmp_path / "one", 1)
    image(tmp_path / "two" / "train" / "cat" / "1.png")
    image(tmp_path / "two" / "Test" / "cat" / "1.png")
    with pytest.raises(UserError, match="holds Test, train, and no test images"):
        load(tmp_path / "two", 2)
    image(tmp_path / "traffic" / "train" / "1.png")  # a class may be called train
    image(tmp_path / "traffic" / "bus" / "1.png")
    assert load(tmp_path / "traffic", 2).classes == ("bus", "train")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Tiny-ImageNet as it is unpacked: val in one folder, with a table; test without labels."""
    root = tmp_path / "tiny-imagenet-200"
    rows = []
    for label, wnid in enumerate(("n01443537", "n01629819", "n01641577")):
        for number in range(2):
            image(root / "train" / wnid / "images" / f"{wnid}_{number}.JPEG")
            name = f"val_{2 * number + label}{label}.JPEG"
            image(root / "val" / "images" / name, ("red", "green", "blue")[label])
            rows.append(f"{name}\t{wnid}\t0\t0\t7\t7\n")
        (root / "train" / wnid / f"{wnid}_boxes.txt").write_text("n01443537_0.JPEG\t0\t0\t7\t7\n")
    (root / "val" / "val_annotations.txt").write_text("".join(rows))
    image(root / "test" / "images" / "test_0.JPEG")
    return root


def test_tiny_imagenet_is_read_as_it_is_unpacked(tiny: Path) -> None:
    read = load(tiny, 3)
    assert read.classes == ("n01443537", "n01629819", "n01641577")
    assert np.bincount(read.train.labels).tolist() == np.bincount(read.test.labels).tolist() == [2, 2, 2]
    shown = read.test.images.reshape(6, -1, 3).mean(axis=1).argmax(axis=1)
    assert shown.tolist() == read.test.labels.tolist(), "every image with its own label"
    (tiny / "val" / "images" / "val_00.JPEG").unlink()
    with pytest.raises(UserError, match=r"1 of 6 images .* e\.g\. val_00\.JPEG"):
        load(tiny, 3)


def test_the_order_of_numbers_is_said_where_weights_come_from_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 11):
        image(tmp_path / "photos" / str(number) / "1.png")
    read = load(tmp_path / "photos", 10, "model.weights=mine.pth")
    assert read.classes[:3] == ("1", "10", "2")
    assert "output 1 is taken for '10', as names are sorted" in capsys.readouterr().out
    load(tmp_path / "photos", 10)
    assert "output 1" not in capsys.readouterr().out, "what is trained here has one order"
    for number in range(1, 10):
        (tmp_path / "photos" / str(number)).rename(tmp_path / "photos" / f"0{number}")
    load(tmp_path / "photos", 10, "model.weights=mine.pth")
    assert "output 1" not in capsys.readouterr().out


def test_a_name_has_one_id_however_its_accents_are_written(tmp_path: Path) -> None:
    read = []
    for form in ("NFC", "NFD"):
        for name in ("Bär", "Zebra"):
            image(
                tmp_path
                / form
                / "photos"
                / unicodedata.normalize(form, name)
                / unicodedata.normalize(form, "é.png")
            )
        read.append(load(tmp_path / form / "photos", 2))
    one, other = read
    assert one.classes == other.classes == ("Bär", "Zebra")
    assert one.test.ids.tolist() == other.test.ids.tolist() and len(set(one.test.ids.tolist())) == 2
    image(tmp_path / "NFC" / "photos" / "Zebra" / unicodedata.normalize("NFD", "é.png"))
    with pytest.raises(UserError, match=r"two images called Zebra/é\.png, written in two ways"):
        load(tmp_path / "NFC" / "photos", 2)
    image(tmp_path / "NFD" / "photos" / "Bär" / "2.png")
    with pytest.raises(UserError, match="two folders called 'Bär'"):
        load(tmp_path / "NFD" / "photos", 2)


def test_links_are_followed_and_a_link_to_nothing_is_one_line(photos: Path, tmp_path: Path) -> None:
    image(tmp_path / "elsewhere" / "9.png")
    (photos / "cat" / "linked").symlink_to(tmp_path / "elsewhere")
    (photos / "cat" / "round").symlink_to(photos / "cat")
    assert len(load(photos, 2).test) == 3
    (photos / "cat" / "gone.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(
        UserError, match=r"1 of 4 images cannot be decoded: .*gone\.png \(a link to nothing\)"
    ):
        load(photos, 2)
    assert len(load(photos, 2, "dataset.skip_damaged=true").test) == 3
