"""CIFAR-10's python batches: small ones made here, and the real ones where they are."""

import hashlib
import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from withstand.base import leftovers
from withstand.base.errors import UserError
from withstand.datasets import cifar, cifar10

N = 20  # images in a small batch


def write_batches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches in the official form, each pixel telling its channel, row and column; known by their own MD5s."""
    folder.mkdir(parents=True)
    channel, row, column = np.meshgrid(np.arange(3), np.arange(32), np.arange(32), indexing="ij")
    pixels = (channel * 80 + row * 2 + column % 2).astype(np.uint8).reshape(1, -1)
    for group in ("TRAIN", "TEST"):
        known = {}
        for k, name in enumerate(getattr(cifar10, group)):
            batch = {
                b"batch_label": name.encode(),
                b"labels": [(i + k) % 10 for i in range(N)],
                b"data": pixels + np.arange(N, dtype=np.uint8)[:, None],
                b"filenames": [b"x.png"] * N,
            }
            content = pickle.dumps(batch, protocol=4)
            (folder / name).write_bytes(content)
            known[name] = hashlib.md5(content).hexdigest()
        monkeypatch.setattr(cifar10, group, known)


def pack(folder: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, cifar10.FOLDER)
    monkeypatch.setattr(cifar10, "ARCHIVE_MD5", hashlib.md5(archive.read_bytes()).hexdigest())


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_batches(tmp_path / cifar10.FOLDER, monkeypatch)
    return tmp_path


def test_batches_become_images(root: Path) -> None:
    data = cifar10.load(root, fetch=False)
    assert (len(data.train), len(data.test)) == (5 * N, N)
    assert data.train.images.flags.c_contiguous
    assert data.train.images[3, 7, 5].tolist() == [7 * 2 + 1 + 3, 80 + 7 * 2 + 1 + 3, 160 + 7 * 2 + 1 + 3]
    assert data.train.labels[N : N + 3].tolist() == [1, 2, 3]
    assert data.classes[3] == "cat"


def test_ids_are_those_of_the_file_order_and_never_meet(root: Path) -> None:
    data = cifar10.load(root, fetch=False)
    assert data.test.ids.tolist() == list(range(N))
    assert data.train.ids.tolist() == list(range(10_000, 10_000 + 5 * N))


def test_batches_may_lie_in_the_folder_itself(root: Path) -> None:
    inside = cifar10.load(root / cifar10.FOLDER, fetch=False)
    assert (inside.test.images == cifar10.load(root, fetch=False).test.images).all()


@pytest.mark.parametrize("name", ["data_batch_4", "test_batch"])
def test_truncated_batch_is_named(root: Path, name: str) -> None:
    path = root / cifar10.FOLDER / name
    os.truncate(path, 1000)
    with pytest.raises(
        UserError, match=rf"{name} is damaged: 1,000 bytes .*; put the {name} of cifar-10-python"
    ) as e:
        cifar10.load(root, fetch=False)
    assert "\n" not in str(e.value)


def test_one_wrong_byte_is_found(root: Path) -> None:
    path = root / cifar10.FOLDER / "data_batch_2"
    content = bytearray(path.read_bytes())
    content[-2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="data_batch_2 is damaged"):
        cifar10.load(root, fetch=False)


def test_missing_batch_is_named(root: Path) -> None:
    (root / cifar10.FOLDER / "data_batch_5").unlink()
    with pytest.raises(UserError, match=r"cannot read .*data_batch_5 "):
        cifar10.load(root, fetch=False)


def test_absent_without_leave_to_download(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"put cifar-10-python\.tar\.gz in .* or set dataset\.download=true"):
        cifar10.load(tmp_path, fetch=False)
    assert list(tmp_path.iterdir()) == []


def test_archive_that_is_there_is_unpacked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = root / "elsewhere"
    other.mkdir()
    pack(root / cifar10.FOLDER, other / cifar10.ARCHIVE, monkeypatch)
    nobody = f"{leftovers.HOST}-{(1 << 22) - 1}"
    (other / f".unpacking-{cifar10.FOLDER}.{nobody}.abc.part").mkdir()  # left by a killed run
    data = cifar10.load(other, fetch=False)
    assert len(data.test) == N
    assert sorted(p.name for p in other.iterdir()) == [cifar10.FOLDER, cifar10.ARCHIVE]


def test_damaged_archive_is_not_unpacked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = root / "elsewhere"
    other.mkdir()
    pack(root / cifar10.FOLDER, other / cifar10.ARCHIVE, monkeypatch)
    os.truncate(other / cifar10.ARCHIVE, 500)
    with pytest.raises(UserError, match=r"cifar-10-python\.tar\.gz is damaged"):
        cifar10.load(other)
    assert [p.name for p in other.iterdir()] == [cifar10.ARCHIVE]


def test_no_network_says_which_file_to_put_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "MIRRORS", ("http://127.0.0.1:9/cifar-10-python.tar.gz",))
    with pytest.raises(UserError) as caught:
        cifar10.load(tmp_path)
    assert f"put it at {tmp_path / cifar10.ARCHIVE}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [os.getcwd, Path("x"), io.BytesIO()], ids=["function", "path", "stream"])
def test_pickles_of_anything_else_are_refused(value: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="is not allowed in a data batch"):
        cifar.PlainUnpickler(io.BytesIO(pickle.dumps({b"data": value})), encoding="bytes").load()


def test_real_cifar10(real_data: Path) -> None:
    data = cifar10.load(real_data / "cifar10", fetch=False)
    assert data.train.images.shape == (50_000, 32, 32, 3)
    assert np.bincount(data.train.labels).tolist() == [5000] * 10
    assert np.bincount(data.test.labels).tolist() == [1000] * 10
    assert data.test.labels[:8].tolist() == [3, 8, 8, 0, 6, 6, 1, 6]
    # The means that every CIFAR-10 recipe quotes.
    assert (data.train.images.mean((0, 1, 2)) / 255).round(4).tolist() == [0.4914, 0.4822, 0.4465]


def test_real_images_are_those_of_the_golden_file(real_data: Path, shared_data: Path) -> None:
    data = cifar10.load(real_data / "cifar10", fetch=False)
    with np.load(shared_data / "cifar_c_golden.npz") as golden:
        assert (data.test.images[:24] == golden["clean"]).all()
