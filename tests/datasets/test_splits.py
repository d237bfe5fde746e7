"""Which folders are classes and which are splits; what people's folders look like is in test_odd_files."""

import shutil
from pathlib import Path

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


def test_classes_are_counted_where_their_number_is_not_given(photos: Path) -> None:
    (photos / "bird").mkdir()
    config = compose(["dataset=folder", f"dataset.folder={photos}", "dataset.size=8", "model=small_cnn"])
    assert config.dataset.num_classes == config.model.num_classes == 0
    assert datasets.load(config).classes == ("cat", "dog")
    assert config.dataset.num_classes == config.model.num_classes == 2


def test_an_order_that_is_none_is_one_line(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        image(tmp_path / "photos" / str(number) / "1.png")
    names = tmp_path / "names.txt"
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


def test_numbers_of_one_length_have_one_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(9, 12):
        image(tmp_path / "photos" / f"{number:02}" / "1.png")
    load(tmp_path / "photos", 3, "model.weights=mine.pth")
    assert "output 1" not in capsys.readouterr().out
