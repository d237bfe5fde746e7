"""CIFAR-100's pickles, small ones in the published form, known by their own MD5s."""

import hashlib
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from withstand import datasets
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.datasets import cifar100

N = {"train": 30, "test": 20}
NAMES = ("zebra", "apple", "mouse")  # not sorted: the order is that of meta


def write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(parents=True)
    contents = {
        name: {
            b"filenames": [b"x.png"] * n,
            b"batch_label": name.encode(),
            b"fine_labels": [i % len(NAMES) for i in range(n)],
            b"coarse_labels": [0] * n,
            b"data": np.repeat(np.arange(n, dtype=np.uint8)[:, None], 3072, axis=1)
            + np.repeat(np.uint8([0, 80, 160]), 1024),
        }
        for name, n in N.items()
    }
    contents["meta"] = {
        b"fine_label_names": [name.encode() for name in NAMES],
        b"coarse_label_names": [b"thing"],
    }
    known = {}
    for name, content in contents.items():
        packed = pickle.dumps(content, protocol=4)
        (folder / name).write_bytes(packed)
        known[name] = hashlib.md5(packed).hexdigest()
    monkeypatch.setattr(cifar100, "FILES", known)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / "cifar100" / cifar100.FOLDER, monkeypatch)
    return tmp_path


def test_it_is_read_with_the_names_of_meta_and_ids_by_row(root: Path) -> None:
    config = compose(["dataset=cifar100", f"paths.data={root}", "dataset.download=false", "model=small_cnn"])
    read = datasets.load(config)
    assert read.name == "cifar100" and read.classes == NAMES and config.model.num_classes == len(NAMES)
    assert read.test.ids.tolist() == list(range(20)) and read.train.ids.tolist() == list(
        range(10_000, 10_030)
    )
    assert read.test.labels[:4].tolist() == [0, 1, 2, 0]
    assert read.test.images.shape == (20, 32, 32, 3) and read.test.images[7, 3, 9].tolist() == [7, 87, 167]


def test_an_archive_is_unpacked(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "other" / cifar100.ARCHIVE
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(root / "cifar100" / cifar100.FOLDER, cifar100.FOLDER)
    with pytest.raises(UserError, match=r"cifar-100-python\.tar\.gz is damaged"):
        cifar100.load(archive.parent)
    monkeypatch.setattr(cifar100, "ARCHIVE_MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    assert len(cifar100.load(archive.parent, fetch=False).test) == 20


def test_mistakes_are_one_line(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"CIFAR-100 is not in .*put cifar-100-python\.tar\.gz in "):
        cifar100.load(tmp_path / "nowhere", fetch=False)
    (root / "cifar100" / cifar100.FOLDER / "meta").write_bytes(b"other")
    with pytest.raises(UserError, match=r"meta is damaged: 5 bytes"):
        cifar100.load(root / "cifar100", fetch=False)


def test_the_names_that_are_known_are_a_hundred_in_order() -> None:
    assert len(cifar100.CLASSES) == 100 and list(cifar100.CLASSES) == sorted(set(cifar100.CLASSES))
