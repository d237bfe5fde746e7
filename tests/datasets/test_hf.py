"""Data sets of Hugging Face, made here: saved to disk, as Parquet, as pictures; nothing is asked of a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from withstand import datasets
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.config.schema import Config, DatasetConfig, Paths
from withstand.datasets import hf, hub
from withstand.images import photographs
from withstand.images.imageset import Dataset

library = pytest.importorskip("datasets")
CLASSES = ["cat", "dog", "bird"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(library.config, "HF_CACHE_HOME", str(tmp_path / "home"))


def made(n: int, first: int = 0, **more: list[Any]) -> Any:
    """Pictures whose level of red is their number, and of several sizes."""
    pictures = [Image.new("RGB", (9 + at % 2, 8), (first + at, 0, 0)) for at in range(n)]
    features = {"picture": library.Image(), "kind": library.ClassLabel(names=CLASSES)}
    features |= {name: library.Value("string") for name in more}
    content = {"picture": pictures, "kind": [at % 3 for at in range(n)], **more}
    return library.Dataset.from_dict(content, library.Features(features))


def config(repo: Path | str, **options: Any) -> Config:
    common = {key: options.pop(key) for key in ("num_classes", "download") if key in options}
    own = DatasetConfig("hf", **({"num_classes": 0, "download": False} | common))
    own.options = {"repo": str(repo), "size": 8} | options
    return Config(dataset=own, paths=Paths(data=str(Path(repo).parent)))


def load(repo: Path | str, **options: Any) -> Dataset:
    return hf.from_config(config(repo, **options))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    both = library.DatasetDict({"train": made(6, 100), "test": made(5, camera=list("lrllr"))})
    both["train"] = both["train"].add_column("camera", list("abcabc"))
    unsaid = library.ClassLabel(names=CLASSES)
    both["test"] = both["test"].add_column("unsaid", [None, "l", None, None, "l"])
    both["test"] = both["test"].add_column("lens", [-1, 2, -1, None, 0]).cast_column("lens", unsaid)
    both.save_to_disk(str(tmp_path / "my set"))
    return tmp_path / "my set"


def test_a_folder_of_save_to_disk(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["dataset=hf", f"dataset.repo={saved}", "dataset.size=8", "model=small_cnn"]
    asked = compose(words)
    read = datasets.load(asked)
    assert read.name == "my set" and read.classes == tuple(CLASSES) and asked.model.num_classes == 3
    assert (len(read.train), len(read.test)) == (6, 5) and read.test.labels.tolist() == [0, 1, 2, 0, 1]
    assert read.test.images[:, 4, 4, 0].tolist() == list(range(5)) and read.train.images[2, 4, 4, 0] == 102
    assert (
        isinstance(read.test.images, np.memmap) and "test " in read.origin and read.content and read.sources
    )
    assert [hf.columns(asked, "camera")[one] for one in read.test.ids.tolist()] == list("lrllr")
    assert hf.columns(asked, "kind")[int(read.test.ids[2])] == "bird"
    assert set(hf.columns(asked, "unsaid").values()) == {"", "l"}
    assert sorted(hf.columns(asked, "lens").values()) == ["", "", "", "bird", "cat"]
    with pytest.raises(UserError, match="did you mean 'camera'"):
        hf.columns(asked, "cameras")
    monkeypatch.setattr(photographs, "_decode", None)  # what was decoded is found again
    again = datasets.load(asked)
    assert again.content == read.content and again.sources == read.sources and again.origin == read.origin


def test_sources_are_the_same_in_another_size(saved: Path) -> None:
    one, other = load(saved), load(saved, size=4, resize=6)
    assert one.sources == other.sources and one.content != other.content
    assert one.test.ids.tolist() == other.test.ids.tolist()


def test_parquet_in_a_folder_and_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_MAPPED", 2)
    (tmp_path / "parts").mkdir()
    made(4).to_parquet(str(tmp_path / "parts" / "test-00000-of-00001.parquet"))
    made(3, 50).to_parquet(str(tmp_path / "parts" / "train-00000-of-00001.parquet"))
    read = load(tmp_path / "parts")
    assert (len(read.train), len(read.test)) == (3, 4) and read.classes == tuple(CLASSES)
    assert load(tmp_path / "parts").content == read.content
    alone = load(tmp_path / "parts" / "test-00000-of-00001.parquet")
    assert len(alone.train) == 0 and (alone.test.images == read.test.images).all()


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    for split, level in (("train", 100), ("test", 0)):
        for at, name in enumerate(("cat", "dog")):
            place = tmp_path / "pictures" / split / name
            place.mkdir(parents=True)
            Image.new("RGB", (8, 8), (level + at, 0, 0)).save(place / "1.png")
    read = load(tmp_path / "pictures")
    assert read.classes == ("cat", "dog") and read.test.images[:, 0, 0, 0].tolist() == [0, 1]
    assert read.train.images[:, 0, 0, 0].tolist() == [100, 101]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "tests"}, "has no split tests; set dataset.split to one of: train, test"),
        ({"train_split": "test"}, "are both test"),
        ({"image": "kind"}, "not pictures; cast it to"),
        ({"image": "pictures"}, "did you mean 'picture'"),
        ({"label": "sort"}, r"no column dataset\.label=sort"),
        ({"num_classes": 4}, r"3 classes; set dataset\.num_classes=3"),
        ({"exif": "no"}, "did you mean 'ignore'"),
    ],
)
def test_a_mistake_is_one_line(saved: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        load(saved, **options)
    assert "\n" not in str(caught.value)


def test_a_column_that_the_training_images_lack_is_one_line(saved: Path) -> None:
    with pytest.raises(
        UserError, match=r"the split train has no column 'unsaid', which test has; set dataset\.label"
    ):
        load(saved, label="unsaid")


def test_labels_may_be_numbers_or_names_but_must_be_there(tmp_path: Path) -> None:
    whole = made(4)
    for name, kind in (("numbers", [2, 0, 1, 0]), ("names", ["b", "a", "b", "a"]), ("none", [0, -1, 1, -1])):
        one = whole.remove_columns("kind").add_column("label", kind)
        one.save_to_disk(str(tmp_path / name))
    assert load(tmp_path / "numbers").test.labels.tolist() == [2, 0, 1, 0]
    assert load(tmp_path / "names").classes == ("a", "b")
    with pytest.raises(UserError, match=r"4 images, 2 of them without a label"):
        load(tmp_path / "none")


def test_damage_is_named_and_left_out_only_if_asked(tmp_path: Path) -> None:
    whole = made(3).cast_column("picture", library.Image(decode=False))
    rows = whole[:]
    rows["picture"][1] = {"bytes": b"no picture", "path": None}
    library.Dataset.from_dict(rows, whole.features).save_to_disk(str(tmp_path / "set"))
    with pytest.raises(UserError, match=r"1 of 3 images cannot be decoded: row 1 \("):
        load(tmp_path / "set", image="picture")
    assert load(tmp_path / "set", skip_damaged=True).test.labels.tolist() == [0, 2]


def test_nothing_is_fetched_unless_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"is no folder here.*set dataset\.download=true"):
        load("somebody/pictures")
    with pytest.raises(UserError, match=r"there is no folder \./pictures/of mine"):
        load("./pictures/of mine")
    asked: list[Any] = []

    class Api:
        def dataset_info(self, repo: str, revision: str | None) -> Any:
            asked.append((repo, revision))
            return type("Info", (), {"sha": "abc123"})

    def fetched(repo: str, config: str | None, *, revision: str) -> Any:
        asked.append((repo, revision))
        assert not library.config.HF_HUB_OFFLINE
        return made(4)

    monkeypatch.setattr(hub.huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(library, "load_dataset", fetched)
    monkeypatch.setattr(library.config, "HF_HUB_OFFLINE", False)
    monkeypatch.chdir(tmp_path)
    read = load("somebody/pictures", download=True, cache=str(tmp_path / "decoded"))
    assert asked == [("somebody/pictures", None), ("somebody/pictures", "abc123")], "one revision, pinned"
    assert read.origin.startswith("revision abc123, fingerprints ") and len(read.test) == 4


def test_a_missing_package_is_one_line(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match=r'needs datasets: pip install "withstand\[hf\]"'):
        load(saved)
