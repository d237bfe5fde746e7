"""A folder of one's own images: ids by path, splits, damage, and the way through corrupt and evaluation."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from withstand import datasets
from withstand.base.errors import UserError
from withstand.cli import main
from withstand.config.composing import compose


def write(folder: Path, classes: int = 2, each: int = 3) -> None:
    random = np.random.default_rng(len(folder.parts))
    for label in range(classes):
        (folder / f"class {label}").mkdir(parents=True)
        for number in range(each):
            pixels = random.integers(0, 256, (20, 24 + number, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"class {label}" / f"{number}.png")


def load(folder: Path, *words: str) -> datasets.Dataset:
    settings = ["dataset=folder", f"dataset.folder={folder}", "dataset.num_classes=2", "dataset.size=16"]
    return datasets.load(compose([*settings, *words]))


def test_a_flat_folder_is_to_test_on(tmp_path: Path) -> None:
    write(tmp_path / "mine")
    read = load(tmp_path / "mine")
    assert read.classes == ("class 0", "class 1") and len(read.train) == 0
    assert read.test.images.shape == (6, 16, 16, 3) and read.test.labels.tolist() == [0, 0, 0, 1, 1, 1]
    with Image.open(tmp_path / "mine" / "class 1" / "0.png") as picture:
        expected = np.asarray(picture.resize((19, 16), Image.Resampling.BICUBIC).crop((2, 0, 18, 16)))
    np.testing.assert_array_equal(read.test.images[3], expected)


@pytest.mark.skipif(os.name == "nt", reason="needs links, which Windows makes for administrators")
def test_a_link_to_the_folder_above_brings_no_other_classes(tmp_path: Path) -> None:
    write(tmp_path / "mine")
    (tmp_path / "mine" / "class 0" / "up").symlink_to(tmp_path / "mine")
    (tmp_path / "mine" / "class 0" / "self").symlink_to(tmp_path / "mine" / "class 0")
    assert load(tmp_path / "mine").test.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_an_id_stays_when_other_images_come_and_go(tmp_path: Path) -> None:
    write(tmp_path / "mine")
    before = load(tmp_path / "mine").test.ids
    (tmp_path / "mine" / "class 0" / "0.png").unlink()
    after = load(tmp_path / "mine").test.ids
    assert after.tolist() == before[1:].tolist() and len(set(before.tolist())) == 6 and before.min() >= 0


@pytest.mark.parametrize("test", ["test", "val"])
def test_splits_share_no_id(tmp_path: Path, test: str) -> None:
    write(tmp_path / "mine" / "train", each=4)
    write(tmp_path / "mine" / test)
    read = load(tmp_path / "mine")
    assert (len(read.train), len(read.test)) == (8, 6)
    assert not set(read.train.ids.tolist()) & set(read.test.ids.tolist())


def test_damage_is_named_and_left_out_only_if_asked(tmp_path: Path) -> None:
    write(tmp_path / "mine")
    (tmp_path / "mine" / "class 0" / "1.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"1 of 6 images cannot be decoded: .*1\.png"):
        load(tmp_path / "mine")
    assert len(load(tmp_path / "mine", "dataset.skip_damaged=true").test) == 5


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        load(tmp_path / "nowhere")
    write(tmp_path / "mine", classes=3)
    with pytest.raises(UserError, match=r"has 3 classes; set dataset\.num_classes=3"):
        load(tmp_path / "mine")
    write(tmp_path / "split" / "test")
    write(tmp_path / "split" / "train", classes=1)
    with pytest.raises(UserError, match="other class folders"):
        load(tmp_path / "split")


def test_corrupted_files_of_a_folder_are_written_and_read(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("mine"))
    words = ["dataset=folder", "dataset.folder=mine", "dataset.num_classes=2", "dataset.size=32"]
    words += ["shift.corruptions=[fog,contrast]", "shift.severities=[1,5]", "shift.written=ours"]
    assert main(["experiment=corrupt", *words]) == 0
    fog = np.load("ours/fog.npy")
    assert fog.shape == (12, 32, 32, 3) and fog.dtype == np.uint8
    from withstand.corruptions import corrupt

    test = datasets.load(compose(words)).test
    np.testing.assert_array_equal(fog[6:], corrupt(test.images, "fog", 5, seed=42, ids=test.ids))
    assert main(["model=small_cnn", *words]) == 2
    assert "no images to train on" in capsys.readouterr().err
