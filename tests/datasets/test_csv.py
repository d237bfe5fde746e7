"""Tables that name photographs: columns found, paths resolved, splits, other columns, and one line for each mistake."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from withstand import datasets
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.config.schema import Config, DatasetConfig
from withstand.datasets import csv
from withstand.images.imageset import Dataset

COLOURS = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255)}


def config(file: Path, count: int = 0, **options: Any) -> Config:
    own = {"file": str(file), "size": 8} | options
    return Config(dataset=DatasetConfig("csv", num_classes=count, options=own))


def load(file: Path, count: int = 0, **options: Any) -> Dataset:
    return csv.from_config(config(file, count, **options))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three photographs, each of the colour of its name."""
    (tmp_path / "in").mkdir()
    for name in COLOURS:
        Image.new("RGB", (9, 8), name).save(tmp_path / "in" / f"{name}.png")
    return tmp_path


def written(folder: Path, text: str, name: str = "table.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_rows_are_images_in_their_order(photos: Path) -> None:
    file = written(photos, "path,label,camera\nin/green.png,b,left\nin/red.png,a,right\nin/blue.png,b,left\n")
    read = load(file)
    assert read.classes == ("a", "b") and read.test.labels.tolist() == [1, 0, 1] and len(read.train) == 0
    assert read.test.images[:, 4, 4].tolist() == [list(COLOURS[name]) for name in ("green", "red", "blue")]
    said = csv.columns(config(file), "camera")
    assert [said[one] for one in read.test.ids.tolist()] == ["left", "right", "left"]
    with pytest.raises(UserError, match=r"no column 'cameras'; did you mean 'camera'"):
        csv.columns(config(file), "cameras")


def test_an_id_is_that_of_the_path_whatever_else_the_table_says(photos: Path) -> None:
    one = load(written(photos, "path,label\nin/green.png,b\nin/red.png,a\n")).test
    other = load(
        written(photos / "in", "Image Path;Class\nred.png;1\ngreen.png;10\nblue.png;2\n"),
        root=str(photos / "in"),
    )
    assert other.classes == ("1", "2", "10"), "numbers in their own order"
    same = load(
        written(photos / "in", "file\tlabel\nin\\red.png\ta\n./in/green.png\tb\n", "t.tsv"), root=str(photos)
    )
    assert same.test.ids.tolist() == one.ids[::-1].tolist()
    whole = load(written(photos / "in", f"path,label\n{photos}/in/red.png,a\n{photos}/in/green.png,b\n"))
    assert len(whole.test) == 2


@pytest.mark.parametrize(
    ("values", "options", "train", "test"),
    [
        (("train", "test", "test"), {}, 1, 2),
        (("Train", "other", "VAL"), {}, 1, 1),
        (("0", "2", "1"), {"split_test": "2", "split_train": "0"}, 1, 1),
        (("test", "test", "extra"), {}, 0, 2),
    ],
)
def test_a_column_says_what_is_trained_on(
    photos: Path, values: tuple[str, ...], options: dict[str, str], train: int, test: int, capsys: Any
) -> None:
    lines = [
        f"{value},in/{name}.png,{at}" for at, (value, name) in enumerate(zip(values, COLOURS, strict=True))
    ]
    read = load(written(photos, "\n".join(["split,image,target", *lines])), **options)
    assert (len(read.train), len(read.test)) == (train, test)
    assert ("1 of 3 rows are of other splits" in capsys.readouterr().out) == (train + test == 2)


def test_names_may_be_given_for_numbers(photos: Path) -> None:
    file = written(photos, "path,label\nin/green.png,2\nin/red.png,0\n")
    read = load(file, classes=["x", "y", "z"])
    assert read.classes == ("x", "y", "z") and read.test.labels.tolist() == [2, 0]
    read = load(written(photos, "path,label\nin/green.png,truck\nin/red.png,cat\n"), classes="cifar10")
    assert read.test.labels.tolist() == [9, 3]


def test_what_is_not_there_may_be_skipped(photos: Path) -> None:
    (photos / "in" / "bad.png").write_bytes(b"no picture")
    file = written(photos, "path,label\nin/green.png,b\nin/gone.png,a\nin/red.png,a\n")
    with pytest.raises(
        UserError, match=r"1 of 3 images that .* names are not there, e\.g\. .*gone\.png \(line 3\)"
    ):
        load(file)
    assert load(file, skip_damaged=True).test.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\nin/red.png,1\n", {}, r"no column called path, file.*; set dataset\.path to one of: a, b"),
        ("path,b\nin/red.png,1\n", {}, r"no column called label, .*dataset\.label to one of: path, b"),
        (
            "path,label\nin/red.png,1\n",
            {"path": "paths"},
            r"no column 'paths' \(dataset\.path\); did you mean 'path'",
        ),
        ("path,label\nin/red.png,1\nin/red.png,2\n", {}, r"red\.png twice \(lines 2 and 3\)"),
        ("path,label\nin/red.png,1\nin/blue.png,\n", {}, r"line 3 has nothing in the column 'label'"),
        ("path,label\nin/red.png,1\nin/blue.png,1,2\n", {}, r"line 3 has 3 values, and there are 2 columns"),
        ("path,path,label\n", {}, "two columns called 'path'"),
        ("", {}, "has no columns; write a first line with their names"),
        ("path,label\nin/red.png,1\n", {}, "images of 1 class"),
        ("path,label\n", {}, "images of no class"),
        ("path,label\nin/red.png,1\nin/blue.png,2\n", {"count": 3}, r"2 classes; set dataset\.num_classes=2"),
        ("path,label\nin/red.png,1\nin/blue.png,x\n", {"classes": ["a", "b"]}, "does not name: x"),
        ("path,label,split\nin/red.png,1,a\n", {}, "no row has test or val in its column 'split', but a"),
        ("path,label\nin/red.png,1\n", {"exif": "no"}, "did you mean 'ignore'"),
        ("path,label\nin/red.png,1\n", {"size": 0}, "must be 1 or more"),
    ],
)
def test_a_mistake_is_one_line(photos: Path, text: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        load(written(photos, text), **options)
    assert "\n" not in str(caught.value)


def test_no_table_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"needs dataset\.file"):
        csv.from_config(Config(dataset=DatasetConfig("csv", num_classes=0)))
    with pytest.raises(UserError, match="there is no file"):
        load(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00path")
    with pytest.raises(UserError, match="no table that can be read"):
        load(tmp_path / "binary.csv")


def test_it_is_called_by_its_file_and_decoded_as_the_classifier_asks(photos: Path) -> None:
    file = written(photos, "path,label\nin/green.png,b\nin/red.png,a\n", "site 3.csv")
    asked = compose(["dataset=csv", f"dataset.file={file}", "dataset.size=4", "model=small_cnn"])
    read = datasets.load(asked)
    assert read.name == "site 3" and read.test.images.shape == (2, 4, 4, 3) and asked.model.num_classes == 2
    assert read.columns is not None and set(read.columns("label").values()) == {"a", "b"}
    assert set(csv.FITTED) <= set(asked.dataset.options) and isinstance(read.test.images, np.memmap)
