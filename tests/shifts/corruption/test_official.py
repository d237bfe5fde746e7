"""The official CIFAR-10-C layout: whole files of 50,000 rows, made here and sparse on the disk."""

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from withstand.base import trust
from withstand.base.errors import UserError
from withstand.config.schema import ShiftConfig
from withstand.corruptions import CORRUPTIONS
from withstand.datasets import cifar10
from withstand.images.imageset import ImageSet
from withstand.results.conditions import Condition
from withstand.shifts.corruption import official
from withstand.shifts.corruption.shift import Corruption
from withstand.shifts.corruption.sources import Made

N, ROWS = 10_000, 50_000
LABELS = np.random.default_rng(0).integers(0, 10, N)
ROW = (32, 32, 3)


def images(folder: Path, name: str, shape: tuple[int, ...], dtype: str = "uint8") -> np.memmap:
    return np.lib.format.open_memmap(folder / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two corruptions; in `fog`, the first pixel of each row holds its severity and its id."""
    np.save(tmp_path / "labels.npy", np.tile(LABELS, 5).astype(np.uint8))
    fog = images(tmp_path, "fog", (ROWS, *ROW))
    rows = np.arange(ROWS)
    source = rows % N
    fog[:, 0, 0] = np.stack([rows // N + 1, source // 256, source % 256], 1)
    images(tmp_path, "snow", (ROWS, *ROW))
    return tmp_path


@pytest.fixture
def test_set() -> ImageSet:
    blank = np.zeros((1, *ROW), np.uint8)
    return ImageSet(np.broadcast_to(blank, (N, *ROW)), LABELS, np.arange(N), cifar10.CLASSES)


def test_layout_is_known_by_its_labels(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert official.present(folder)
    assert not official.present(tmp_path_factory.mktemp("empty"))


def test_a_sound_layout_passes(folder: Path, test_set: ImageSet) -> None:
    official.check(folder, ("fog", "snow"), test_set)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_a_cell_is_one_block_of_the_file(folder: Path, test_set: ImageSet, severity: int) -> None:
    cell = official.load(folder, "fog", severity, test_set).images()
    assert (cell.images[:, 0, 0, 0] == severity).all()
    assert cell.images[9_999, 0, 0].tolist() == [severity, 9_999 // 256, 9_999 % 256]
    assert (cell.ids == test_set.ids).all()


@pytest.mark.parametrize("rows", [[7, 3, 9_999], [0], list(range(9_999, -1, -1)), list(range(5_000))])
def test_a_part_of_the_test_set_gets_its_own_rows(folder: Path, test_set: ImageSet, rows: list[int]) -> None:
    part = test_set.take(np.array(rows))
    official.check(folder, ("fog",), part)
    cell = official.load(folder, "fog", 2, part).images()
    assert (cell.images[:, 0, 0].astype(int) @ [0, 256, 1] == part.ids).all()
    assert (cell.images[:, 0, 0, 0] == 2).all()
    assert (cell.labels == part.labels).all()


@pytest.mark.parametrize(
    "shape", [(10_000, *ROW), (49_999, *ROW), (50_000, 3, 32, 32), (50_000, 32 * 32 * 3)], ids=str
)
def test_images_of_another_shape_are_refused(
    folder: Path, test_set: ImageSet, shape: tuple[int, ...]
) -> None:
    images(folder, "snow", shape)
    with pytest.raises(UserError, match=r"snow\.npy holds uint8 \("):
        official.check(folder, ("fog", "snow"), test_set)
    with pytest.raises(UserError, match=r"snow\.npy holds uint8 \("):
        official.load(folder, "snow", 1, test_set)


def test_images_of_another_type_are_refused(folder: Path, test_set: ImageSet) -> None:
    images(folder, "snow", (ROWS, *ROW), "float32")
    with pytest.raises(UserError, match=r"snow\.npy holds float32"):
        official.check(folder, ("snow",), test_set)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.tile(LABELS, 4), r"labels\.npy holds int64 \(40000,\), not 50,000"),
        (np.tile(LABELS, (5, 1)), r"labels\.npy holds int64 \(5, 10000\)"),
        (np.tile(LABELS, 5).astype(np.float32), r"labels\.npy holds float32"),
        (np.repeat(LABELS, 5), "does not hold the test set's labels, in its order"),
        (np.roll(np.tile(LABELS, 5), 1), "does not hold the test set's labels, in its order"),
        (np.r_[np.tile(LABELS, 4), LABELS[::-1]], "does not hold the test set's labels, in its order"),
    ],
    ids=["short", "square", "float", "each five times", "shifted", "last severity reversed"],
)
def test_wrong_labels_are_refused(folder: Path, test_set: ImageSet, labels: np.ndarray, message: str) -> None:
    np.save(folder / "labels.npy", labels)
    with pytest.raises(UserError, match=message) as caught:
        official.check(folder, ("fog",), test_set)
    assert "\n" not in str(caught.value)


def test_missing_corruption_is_named(folder: Path, test_set: ImageSet) -> None:
    with pytest.raises(UserError, match=r"frost\.npy is missing"):
        official.check(folder, ("fog", "frost"), test_set)


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", b"not an array", None], ids=["empty", "header", "text", "cut"]
)
def test_damaged_file_is_named(folder: Path, test_set: ImageSet, content: bytes | None) -> None:
    path = folder / "snow.npy"
    if content is None:
        with path.open("rb+") as file:
            file.truncate(1_000_000)
    else:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"snow\.npy is damaged .*; get the file again"):
        official.check(folder, ("snow",), test_set)


def test_pickled_arrays_are_never_opened(folder: Path, test_set: ImageSet) -> None:
    np.save(folder / "snow.npy", np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(UserError, match="snow"):
        official.check(folder, ("snow",), test_set)


def test_files_of_other_bytes_are_told_apart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {n: hashlib.md5((folder / f"{n}.npy").read_bytes()).hexdigest() for n in ("labels", "snow")}
    assert official.altered(folder, ["snow"]) == {f"{name}.npy": md5 for name, md5 in known.items()}
    monkeypatch.setattr(official, "MD5", known)
    assert official.altered(folder, ["snow"]) == {}


def test_files_are_hashed_once_and_not_at_every_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "_YOUNG", -1)
    first, hashed = official.altered(folder, ["snow"]), list[Path]()
    trust._known.clear()  # another start
    monkeypatch.setattr(official, "md5_of", lambda path: hashed.append(path) or "anew")
    assert official.altered(folder, ["snow"]) == first and hashed == []
    with (folder / "snow.npy").open("rb+") as file:
        file.write(b"\x00")
    assert official.altered(folder, ["snow"]) == {**first, "snow.npy": "anew"}
    assert hashed == [folder / "snow.npy"]


def test_published_labels_are_the_test_set_s_five_times(real_data: Path) -> None:
    """The checksum of the published file can be made from CIFAR-10 alone: so the layout is what we take it for."""
    test = cifar10.load(real_data / "cifar10", fetch=False).test
    file = io.BytesIO()
    np.save(file, np.tile(test.labels, 5).astype(np.uint8))
    assert hashlib.md5(file.getvalue()).hexdigest() == official.MD5["labels"]


@pytest.fixture
def hundred(tmp_path: Path) -> ImageSet:
    """Twelve images of a hundred classes and their files, in the same layout: none of it is listed anywhere."""
    labels = np.random.default_rng(1).integers(0, 100, 12)
    folder = tmp_path / "data" / "CIFAR-100-C"
    folder.mkdir(parents=True)
    np.save(folder / "labels.npy", np.tile(labels, 5))
    for name in CORRUPTIONS:
        images(folder, name, (60, *ROW))[:, 0, 0, 0] = np.arange(60)
    blank, names = np.zeros((1, *ROW), np.uint8), tuple(f"class {number}" for number in range(100))
    return ImageSet(np.broadcast_to(blank, (12, *ROW)), labels, np.arange(12), names)


def settings(folder: Path, **more: Any) -> ShiftConfig:
    return ShiftConfig(folder=str(folder / "data" / "CIFAR-100-C"), written="nothing", **more)


def test_cifar_100_c_is_read_by_rule_and_says_what_can_be_seen_of_it(
    hundred: ImageSet, tmp_path: Path
) -> None:
    shift = Corruption.of(settings(tmp_path), "cifar100", hundred)
    assert len(shift.conditions()) == 95 and "CIFAR-C's layout" in shift.source
    fog = shift.images(Condition("corruption", "fog", 3)).images()
    assert fog.images[:, 0, 0, 0].tolist() == list(range(24, 36))
    facts = shift.facts(Condition("corruption", "fog", 3))["corruptions"]
    assert facts.keys() == {"labels.npy", "fog.npy"} and all(len(md5) == 32 for md5 in facts.values())
    part = Corruption.of(settings(tmp_path), "cifar100", hundred.take(np.array([7, 2])))
    assert part.images(Condition("corruption", "fog", 1)).images().images[:, 0, 0, 0].tolist() == [7, 2]
    assert part.facts(Condition("corruption", "fog", 3)) == shift.facts(Condition("corruption", "fog", 3))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("labels", np.zeros(55, int), "labels.npy holds int64 (55,), not 60 whole numbers or more"),
        ("labels", np.zeros(61, int), "labels.npy holds int64 (61,), not 60"),
        ("labels", np.arange(60), "does not hold the test set's labels, in its order"),
        (
            "fog",
            np.zeros((59, *ROW), np.uint8),
            "fog.npy holds uint8 (59, 32, 32, 3), not uint8 (60, 32, 32, 3)",
        ),
        ("fog", np.zeros((60, 8, 8, 3), np.uint8), "fog.npy holds uint8 (60, 8, 8, 3)"),
    ],
)
def test_its_length_order_and_shape_are_looked_at(
    hundred: ImageSet, tmp_path: Path, name: str, content: np.ndarray, told: str
) -> None:
    np.save(tmp_path / "data" / "CIFAR-100-C" / f"{name}.npy", content)
    with pytest.raises(UserError) as caught:
        Corruption.of(settings(tmp_path), "cifar100", hundred)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_images_that_no_row_numbers_name_are_not_looked_for_there(hundred: ImageSet, tmp_path: Path) -> None:
    photographs = replace(hundred, ids=hundred.ids + 2**60)
    assert isinstance(Corruption.of(settings(tmp_path), "photos", photographs).origin, Made)
    with pytest.raises(UserError, match="goes by row numbers, which photos has none of"):
        Corruption.of(settings(tmp_path, source="official"), "photos", photographs)


def test_what_is_read_is_published_so_other_constants_and_severities_are_refused(
    hundred: ImageSet, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"shift\.constants are of corruptions that are made, and .* is read"):
        Corruption.of(settings(tmp_path, constants={"fog": [[1, 2]]}), "cifar100", hundred)
    with pytest.raises(UserError, match=r"holds the published ones, and not 2\.25; set shift\.source=made"):
        Corruption.of(settings(tmp_path, severities=[2.25]), "cifar100", hundred)
