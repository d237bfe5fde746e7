"""ImageNet-C's layout: names and severities are found, and each file is paired with its clean image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from withstand.base.errors import UserError
from withstand.config.schema import ShiftConfig
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Geometry
from withstand.results.conditions import Condition
from withstand.shifts.corruption import tree
from withstand.shifts.corruption.published import Tree
from withstand.shifts.corruption.shift import Corruption
from withstand.shifts.corruption.sources import Made

SIDE = 8
CLASSES = ("n01440764", "n01443537")
NAMES = ["a", "b.c", "deep/a", "a", "z"]
TEST = ImageSet(
    np.zeros((5, SIDE, SIDE, 3), np.uint8),
    np.array([0, 0, 0, 1, 1]),
    np.arange(5) + 2**60,
    CLASSES,
    names=np.array(NAMES),
)


def put(cell: Path, value: int = 0, suffix: str = ".png", side: int = SIDE) -> None:
    """A file for each test image, whose colour is ``value`` and its row."""
    for row, (label, name) in enumerate(zip(TEST.labels, NAMES, strict=True)):
        file = cell / CLASSES[label] / f"{name}{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (side, side), (value, row, 0)).save(file)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two archives' folders, a corruption beside them, and severities that are no whole numbers."""
    for severity in (1, 2):
        put(tmp_path / "photos-C" / "noise" / "shot_noise" / str(severity), severity)
        put(tmp_path / "photos-C" / "fog" / str(severity), 10 + severity)
    for severity in ("2.50", "10.00"):
        put(tmp_path / "photos-C" / "caustic_refraction" / severity, 20, ".webp")
    (tmp_path / "photos-C" / "__MACOSX" / "1").mkdir(parents=True)
    (tmp_path / "photos-C" / "read me.txt").write_text("hello")
    return tmp_path / "photos-C"


def shift(root: Path, test: ImageSet = TEST, form: Geometry | None = None, **more: Any) -> Corruption:
    said = ShiftConfig(folder=str(root), written=str(root.parent / "none"), **more)
    return Corruption.of(said, "photos", test, form)


def test_names_and_severities_are_found(root: Path) -> None:
    found = shift(root)
    assert isinstance(found.origin, Tree) and found.source == f"files in ImageNet-C's layout in {root}"
    assert [str(one) for one in found.conditions()] == [
        *("corruption-shot_noise-1", "corruption-shot_noise-2"),
        *("corruption-fog-1", "corruption-fog-2"),
        *("corruption-caustic_refraction-2.5", "corruption-caustic_refraction-10"),
    ]
    assert found.notes == ()


def test_each_image_is_paired_by_class_and_name(root: Path) -> None:
    found = shift(root)
    one = found.images(Condition("corruption", "shot_noise", 2))
    assert one.ids.tolist() == TEST.ids.tolist() and one.labels.tolist() == TEST.labels.tolist()
    assert one.images().images[:, 3, 3].tolist() == [[2, row, 0] for row in range(5)]
    some = one.read(np.array([4, 0]), torch.device("cpu"))
    assert some[:, 0, 0].tolist() == [[2, 4, 0], [2, 0, 0]]
    rows = np.array([3, 1])
    part, over = shift(root, TEST.take(rows)), found.over(TEST.take(rows))
    for few in (part, over):
        assert few.images(Condition("corruption", "fog", 1)).images().images[:, 0, 0, 1].tolist() == [3, 1]
    assert "18 files are of no test image" in part.notes[0], "three in each of six conditions"
    assert over.facts(Condition("corruption", "fog", 1)) == found.facts(Condition("corruption", "fog", 1))


def test_images_that_come_from_no_file_go_by_their_ids(tmp_path: Path) -> None:
    few = replace(TEST.take(np.array([3])), names=None)
    file = tmp_path / "fog" / "1" / CLASSES[1] / f"{few.ids[0]}.png"
    file.parent.mkdir(parents=True)
    Image.new("RGB", (SIDE, SIDE), (7, 8, 9)).save(file)
    assert shift(tmp_path, few).images(Condition("corruption", "fog", 1)).images().images[0, 0, 0, 2] == 9


def test_cells_are_known_by_what_is_in_the_files(root: Path) -> None:
    before = {one: shift(root).facts(one) for one in shift(root).conditions()}
    put(root / "fog" / "2", 99)
    after = {one: shift(root).facts(one) for one in shift(root).conditions()}
    assert [str(one) for one in before if before[one] != after[one]] == ["corruption-fog-2"]
    put(root / "fog" / "2", 12)
    assert {one: shift(root).facts(one) for one in before} == before


@pytest.mark.parametrize(
    ("more", "conditions"),
    [
        ({"corruptions": ["fog"], "severities": [2]}, ["fog-2"]),
        ({"corruptions": ["caustic_refraction"], "severities": [2.5]}, ["caustic_refraction-2.5"]),
        ({"corruptions": "fog", "source": "tree"}, ["fog-1", "fog-2"]),
    ],
)
def test_some_of_them_may_be_asked_for(root: Path, more: dict[str, object], conditions: list[str]) -> None:
    assert [str(one) for one in shift(root, **more).conditions()] == [
        f"corruption-{one}" for one in conditions
    ]


def test_files_of_the_images_size_are_shown_as_they_are_and_others_as_the_classifier_wants(
    root: Path,
) -> None:
    cell, fog = root / "fog" / "1", Condition("corruption", "fog", 1)
    ramp = np.broadcast_to(np.arange(SIDE, dtype=np.uint8)[None, :, None] * 20, (SIDE, SIDE, 3))
    Image.fromarray(ramp).save(cell / CLASSES[0] / "a.png")
    form = Geometry(SIDE, 2 * SIDE)
    shown = shift(root, form=form).images(fog).images().images
    assert (shown[0] == ramp).all()
    large = np.broadcast_to(np.arange(24, dtype=np.uint8)[None, :, None] * 10, (12, 24, 3))
    Image.fromarray(large).save(cell / CLASSES[0] / "a.png")
    shown = shift(root, form=form).images(fog).images().images[0]
    whole = Image.fromarray(large).resize((32, 16), Image.Resampling.BICUBIC)
    assert (shown == np.asarray(whole.crop((12, 4, 20, 12)))).all()


def gone(root: Path) -> None:
    (root / "fog" / "2" / CLASSES[0] / "b.c.png").unlink()
    (root / "fog" / "1" / CLASSES[1] / "z.png").unlink()
    (root / "fog" / "1" / CLASSES[1] / "other.png").write_bytes(b"")


def twice(root: Path) -> None:
    (root / "fog" / "1" / CLASSES[1] / "z.jpg").write_bytes(b"")


def two_folders(root: Path) -> None:
    put(root / "weather" / "fog" / "1")


def nothing(root: Path) -> None:
    root.rename(root.parent / "elsewhere")


@pytest.mark.parametrize(
    ("change", "more", "told"),
    [
        (
            gone,
            {},
            "lacks 2 of 30 images, in 2 of 6 conditions (fog/1/n01443537/z, …) and 1 file is of no test image",
        ),
        (twice, {}, "are of one name but for the suffix"),
        (two_folders, {}, "holds the corruption fog twice"),
        (nothing, {"source": "tree"}, "holds no CORRUPTION/SEVERITY/CLASS folders, as ImageNet-C has them"),
        (None, {"corruptions": "benchmark"}, "does not hold the corruption gaussian_noise"),
        (None, {"corruptions": ["fogg"]}, "does not hold the corruption fogg; did you mean 'fog'?"),
        (None, {"severities": [3]}, "shot_noise holds severities 1, 2, not 3"),
        (None, {"constants": {"fog": [[1, 2]]}}, "shift.constants are of corruptions that are made"),
    ],
)
def test_what_does_not_fit_is_one_line(
    root: Path, change: Callable[[Path], None] | None, more: dict[str, object], told: str
) -> None:
    if change:
        change(root)
    with pytest.raises(UserError) as caught:
        shift(root, **more)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_two_clean_images_of_one_name_are_refused(root: Path) -> None:
    with pytest.raises(UserError, match="two test images are called n01440764/a but for the suffix"):
        shift(root, replace(TEST, names=np.array(["a", "a", "deep/a", "a", "z"])))


def test_a_damaged_file_is_named_when_it_is_read(root: Path) -> None:
    file = root / "fog" / "1" / CLASSES[1] / "z.png"
    file.write_bytes(b"no picture")
    with pytest.raises(
        UserError, match=r"z\.png cannot be decoded \(UnidentifiedImageError: .*; get or write it again"
    ):
        shift(root).images(Condition("corruption", "fog", 1)).images()


def test_nothing_is_found_where_there_is_no_tree(tmp_path: Path) -> None:
    assert tree.find(tmp_path) == tree.find(tmp_path / "none") == {}
    assert isinstance(shift(tmp_path).origin, Made)
