"""Arrays as people have them: CIFAR-10.1 as published, every layout, and one line for each mistake."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from withstand import datasets, shifts
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.config.schema import Config, DatasetConfig
from withstand.datasets import cifar10, npy
from withstand.images.imageset import Dataset

DRAW = np.random.default_rng(0)
PIXELS = DRAW.integers(0, 256, (7, 5, 6, 3), np.uint8)
MARKS = np.array([0, 1, 2, 0, 1, 2, 0])


def load(count: int = 0, **options: Any) -> Dataset:
    said = {key: str(value) if isinstance(value, Path) else value for key, value in options.items()}
    return npy.from_config(Config(dataset=DatasetConfig("npy", num_classes=count, options=said)))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", PIXELS)
    np.save(tmp_path / "y.npy", MARKS)
    return tmp_path


def test_cifar_10_1_is_read_as_published(tmp_path: Path) -> None:
    pixels, marks = DRAW.integers(0, 256, (2000, 32, 32, 3), np.uint8), np.arange(2000, dtype=np.int32) % 10
    np.save(tmp_path / "cifar10.1_v6_data.npy", pixels)
    np.save(tmp_path / "cifar10.1_v6_labels.npy", marks)
    words = [
        "dataset=npy",
        f"dataset.images={tmp_path / 'cifar10.1_v6_data.npy'}",
        f"dataset.labels={tmp_path / 'cifar10.1_v6_labels.npy'}",
        "dataset.classes=cifar10",
        "model=small_cnn",
    ]
    config = compose(words)
    read = datasets.load(config)
    assert read.name == "cifar10.1_v6_data" and config.run_name == "small_cnn_cifar10.1_v6_data"
    assert read.classes == cifar10.CLASSES and config.model.num_classes == 10
    assert isinstance(read.test.images.base, np.memmap) or isinstance(read.test.images, np.memmap)
    assert read.test.ids.tolist() == list(range(2000)) and len(read.train) == 0
    np.testing.assert_array_equal(read.test.images[::100], pixels[::100])
    assert read.test.labels.dtype == np.int64 and (read.test.labels == marks).all() and read.content


@pytest.mark.parametrize(
    ("layout", "given"),
    [
        ("N×H×W×3", PIXELS),
        ("N×3×H×W", np.ascontiguousarray(PIXELS.transpose(0, 3, 1, 2))),
        ("columns first", np.asfortranarray(PIXELS)),
        ("N×H×W", PIXELS[..., 0]),
        ("N×H×W×1", PIXELS[..., :1]),
        ("N×1×H×W", PIXELS[..., 0][:, None]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_layout_becomes_one(
    tmp_path: Path, layout: str, given: np.ndarray, packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("withstand.datasets.stored._AT_ONCE", 3)
    grey = "3" not in layout and layout != "columns first"
    expected = np.repeat(PIXELS[..., :1], 3, axis=3) if grey else PIXELS
    if packed:
        np.savez_compressed(tmp_path / "both.npz", images=given, labels=MARKS[:, None])
        options = {"images": tmp_path / "both.npz"}
    else:
        np.save(tmp_path / "x.npy", given)
        np.save(tmp_path / "y.npy", MARKS)
        options = {"images": tmp_path / "x.npy", "labels": tmp_path / "y.npy"}
    for _ in range(2):  # and found as it was written
        read = load(**options)
        np.testing.assert_array_equal(read.test.images, expected)
        assert read.test.labels.tolist() == MARKS.tolist() and read.classes == ("0", "1", "2")


@pytest.mark.parametrize(
    ("names", "training"),
    [
        (("x_train", "y_train", "x_test", "y_test"), 4),
        (("train_images", "train_labels", "test_images", "test_labels"), 4),
        (("X", "Y"), 0),
        (("data", "targets"), 0),
    ],
)
def test_what_arrays_are_called_is_known(tmp_path: Path, names: tuple[str, ...], training: int) -> None:
    arrays = dict(zip(names[-2:], (PIXELS, MARKS), strict=True))
    if training:
        arrays |= dict(zip(names[:2], (PIXELS[:4], MARKS[:4]), strict=True))
    np.savez(tmp_path / "both.npz", **arrays)
    read = load(images=tmp_path / "both.npz")
    assert (len(read.test), len(read.train)) == (7, training)
    assert not set(read.train.ids.tolist()) & set(read.test.ids.tolist())
    assert bool(read.training) == bool(training)


def test_other_images_are_other_content(saved: Path) -> None:
    before = load(images=saved / "x.npy", labels=saved / "y.npy").content
    assert load(images=saved / "x.npy", labels=saved / "y.npy").content == before
    np.save(saved / "y.npy", MARKS[::-1].copy())
    assert load(images=saved / "x.npy", labels=saved / "y.npy").content != before


def test_classes_come_from_a_list_a_file_or_a_known_data_set(saved: Path) -> None:
    (saved / "names.txt").write_text("cat\ndog\n\nbird\n", encoding="utf-8")
    (saved / "names.json").write_text('["cat", "dog", "bird"]', encoding="utf-8")
    for said in (["cat", "dog", "bird"], "[cat, dog, 'bird']", saved / "names.txt", saved / "names.json"):
        read = load(images=saved / "x.npy", labels=saved / "y.npy", classes=said)
        assert read.classes == ("cat", "dog", "bird"), said
    assert load(4, images=saved / "x.npy", labels=saved / "y.npy").classes == ("0", "1", "2", "3")
    known = load(images=saved / "x.npy", labels=saved / "y.npy", classes="cifar100")
    assert known.classes[1] == "aquarium_fish"
    np.save(saved / "more.npy", PIXELS[::-1])
    pair = {"train_images": saved / "more.npy", "train_labels": saved / "y.npy"}
    assert len(load(images=saved / "x.npy", labels=saved / "y.npy", **pair).train) == 7
    pair["train_images"] = saved / "x.npy"
    with pytest.raises(UserError, match=r"x\.npy is given to train and to test on"):
        load(images=saved / "x.npy", labels=saved / "y.npy", **pair)


@pytest.mark.parametrize(
    ("images", "labels", "options", "message"),
    [
        (PIXELS / np.float32(255), MARKS, {}, r"x\.npy holds float32.*save \(x \* 255\)\.round\(\)\.astype"),
        (PIXELS.astype(np.int64), MARKS, {}, r"holds int64 .*save x\.astype\('uint8'\)"),
        (PIXELS.reshape(7, -1), MARKS, {}, r"holds uint8 \(7, 90\), and images are N×H×W×3"),
        (PIXELS, MARKS[:6], {}, r"x\.npy has 7 images and .*y\.npy 6 labels"),
        (PIXELS, MARKS * 1.0, {}, r"y\.npy holds float64 \(7,\), not labels.*astype\('int64'\)"),
        (PIXELS, np.eye(7), {}, r"holds 7 values an image.*argmax"),
        (MARKS, PIXELS, {}, r"x\.npy holds int64 \(7,\), and images are bytes"),
        (PIXELS, MARKS - 1, {}, r"labels from -1 to 1, and there are 2 classes, 0 to 1"),
        (PIXELS, MARKS, {"classes": ["a", "b"]}, r"labels from 0 to 2, and there are 2 classes, 0 to 1"),
        (PIXELS, MARKS, {"classes": ["a", "b", "a"]}, "names the class 'a' twice"),
        (PIXELS, MARKS, {"classes": "cifar11"}, "neither a file nor a data set.*did you mean 'cifar10'"),
        (PIXELS, MARKS, {"classes": "cifar10", "count": 3}, "has 10 names, and dataset.num_classes is 3"),
        (PIXELS, MARKS * 0, {}, "has one class alone"),
        (PIXELS, np.array([{}] * 7), {}, r"y\.npy is no array that can be read .*np\.save"),
        (PIXELS, None, {}, r"there is no file .*y\.npy"),
        (PIXELS[:0], MARKS[:0], {}, "holds no image"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, images: Any, labels: Any, options: dict[str, Any], message: str
) -> None:
    np.save(tmp_path / "x.npy", images)
    if labels is not None:
        np.save(tmp_path / "y.npy", labels)
    with pytest.raises(UserError, match=message) as caught:
        load(images=tmp_path / "x.npy", labels=tmp_path / "y.npy", **options)
    assert "\n" not in str(caught.value)


def test_a_file_that_does_not_say_which_is_which_is_one_line(saved: Path) -> None:
    np.savez(saved / "both.npz", pictures=PIXELS, kinds=MARKS)
    with pytest.raises(UserError, match=r"does not say .*set dataset\.images_key to one of: pictures, kinds"):
        load(images=saved / "both.npz")
    read = load(images=saved / "both.npz", images_key="pictures", labels_key="kinds")
    assert len(read.test) == 7
    assert len(load(images=saved / "both.npz", images_key="pictures", labels=saved / "y.npy").test) == 7
    (saved / "bad.npz").write_bytes(b"no zip")
    with pytest.raises(UserError, match=r"bad\.npz is no \.npz"):
        load(images=saved / "bad.npz")
    with pytest.raises(UserError, match="needs the labels"):
        load(images=saved / "x.npy")
    with pytest.raises(UserError, match=r"needs dataset\.images=X\.npy"):
        load()


def test_cifar_10_1_is_a_collection_beside_images_of_the_same_classes(tmp_path: Path) -> None:
    (tmp_path / "CIFAR-10.1").mkdir()
    np.save(tmp_path / "CIFAR-10.1" / "cifar10.1_v6_data.npy", PIXELS)
    np.save(tmp_path / "CIFAR-10.1" / "cifar10.1_v6_labels.npy", MARKS)
    np.save(tmp_path / "x.npy", PIXELS[::-1].copy())
    np.save(tmp_path / "y.npy", MARKS)
    clean = load(images=tmp_path / "x.npy", labels=tmp_path / "y.npy", classes="cifar10")
    asked = compose(["experiment=robustness", "model=small_cnn", "shift=cifar10_1", f"paths.data={tmp_path}"])
    shown = shifts.load(asked.shift, clean)
    (condition,) = shown.conditions()
    read = shown.images(condition)
    assert read.classes == cifar10.CLASSES and read.labels.tolist() == MARKS.tolist()
    assert not set(read.ids.tolist()) & set(clean.test.ids.tolist())
