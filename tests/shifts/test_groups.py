"""Groups of the test images: which images are in them, nothing predicted twice, and a worst group that was picked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import withstand
from withstand import report
from withstand.analysis.grouped import KIND, Grouped
from withstand.base.errors import UserError
from withstand.cli import main
from withstand.results.conditions import CLEAN, Condition
from withstand.results.run import Run
from withstand.results.runs import of_kind
from withstand.results.store import Cell, Predictions, Store

CAMERAS = ("east", "north", "west")
BY = Condition("camera", "camera")


class Net(torch.nn.Module):
    """Dark or light; counts what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(1.0))
        self._seen = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self._seen += len(x)
        level = x.mean((1, 2, 3)) * self.gain
        return torch.stack([0.5 - level, level - 0.5], 1)


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Photographs of two classes by three cameras, of which one is wrong about half the time; and their table."""
    draw, lines = np.random.default_rng(0), ["path,camera"]
    for label, name in enumerate(("dark", "light")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for place in range(60):
            camera = CAMERAS[place % 3]
            off = camera == "north" and draw.random() < 0.5
            level = 200 if label != off else 50
            Image.new("RGB", (8, 8), (level,) * 3).save(tmp_path / "photos" / name / f"{place}.png")
            lines.append(f"{name}/{place}.png,{camera}")
    (tmp_path / "cameras.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "photos", tmp_path / "cameras.csv"


def evaluated(tmp_path: Path, photos: Path, net: Net | None = None, **own: Any) -> Any:
    return withstand.evaluate(
        net or Net(), photos, shifts={"groups": own}, device="cpu", out=tmp_path / "run", name="net"
    ).run


def test_nothing_is_predicted_twice_and_each_image_is_in_its_group(tmp_path: Path, places: Any) -> None:
    net = Net()
    run = evaluated(tmp_path, places[0], net, column="camera", table=str(places[1]))
    assert of_kind([run], KIND) == ("camera",)
    read, clean = run.predictions(BY), run.predictions(CLEAN)
    assert net._seen - 120 in (0, 1)  # beside the clean images, one may have been shown to count the outputs
    assert np.array_equal(read.logits, clean.at(read.ids).logits)
    found = Grouped.of([run], "camera")
    assert found.groups == CAMERAS and np.bincount(found.members).tolist() == [40, 40, 40]
    each = found.each("net")
    assert [one.value for one in each][::2] == [1, 1] and 0.3 < each[1].value < 0.7 and each[1].n == 40


def test_the_worst_group_and_the_gap_know_that_they_were_picked(tmp_path: Path, places: Any) -> None:
    run = evaluated(tmp_path, places[0], column="camera", table=str(places[1]))
    found = Grouped.of([run], "camera")
    (_, north, _), (worst, lowest), gap = found.each("net"), found.worst("net"), found.gap("net")
    assert worst == "north" and lowest.value == north.value and gap.value == pytest.approx(1 - north.value)
    assert lowest.low < north.low and lowest.high > north.high and gap.low > 0
    assert found.mean("net").value == pytest.approx(np.mean([one.value for one in found.each("net")]))
    page = report.write([run], tmp_path / "report").read_text()
    assert "By camera: top-1 in 3 groups" in page and "north" in page and "Other shifts" not in page


def test_of_equal_groups_the_lowest_is_covered_though_it_looks_worse() -> None:
    """Ten groups that are alike: the one that looks worst is not, and its own interval would miss in most worlds."""
    draw, truth, groups, own, picked = np.random.default_rng(1), 0.9, 10, 0, 0
    worlds = 200

    class Drawn(Grouped):
        right: Any

        def __init__(self, right: Any, members: Any) -> None:
            object.__setattr__(self, "right", right)
            object.__setattr__(self, "members", members)
            object.__setattr__(self, "groups", tuple(map(str, range(groups))))

        def _right(self, name: str) -> Any:
            return self.right

    members = np.repeat(np.arange(groups), 50)
    for _ in range(worlds):
        found = Drawn((draw.random(len(members)) < truth).astype(float), members)
        worst, lowest = found.worst("")
        alone = found.each("")[int(worst)]
        own += alone.low <= truth <= alone.high
        picked += lowest.low <= truth <= lowest.high
        assert found.gap("").low == 0 or picked < worlds
    assert picked / worlds >= 0.94 > own / worlds


def test_a_part_in_groups_cuts_nothing_else(tmp_path: Path, places: Any) -> None:
    """Clean accuracy, corruption and the report are of all images, whatever else the run was read by."""
    places[1].write_text("\n".join(places[1].read_text().splitlines()[:100]) + "\n")
    run = evaluated(tmp_path, places[0], column="camera", table=str(places[1]))
    asked = {"corruption": {"corruptions": ["contrast"], "severities": [1]}}
    again = withstand.evaluate(
        Net(), places[0], shifts=asked, device="cpu", out=tmp_path / "run", name="net"
    ).run
    assert len(run.predictions(BY)) == 99 and len(again.scores.ids) == 120
    assert set(again.shifts) == {"clean", "camera", "corruption"}
    assert len(withstand.compare(again).ids) == 120
    assert "By camera" in report.write([again], tmp_path / "report").read_text()


def test_images_without_a_group_are_left_out_and_said_to_be(tmp_path: Path, places: Any, capsys: Any) -> None:
    lines = places[1].read_text().splitlines()
    places[1].write_text("\n".join([*lines[:100], "dark/nowhere.png,east"]) + "\n")
    run = evaluated(tmp_path, places[0], column="camera", table=str(places[1]))
    assert "21 of 120 test images have no camera and are left out of it" in capsys.readouterr().out
    assert len(run.predictions(BY)) == 99 and len(run.predictions(CLEAN)) == 120


def test_a_data_set_s_own_table_needs_no_file(tmp_path: Path, places: Any, monkeypatch: Any) -> None:
    table = tmp_path / "photos.csv"
    lines = [line.split(",") for line in places[1].read_text().splitlines()[1:]]
    rows = [f"photos/{path},{path.split('/')[0]},{camera}" for path, camera in lines]
    table.write_text("\n".join(["path,label,camera", *rows]) + "\n")
    (tmp_path / "net.py").write_text(
        "import torch\n\n\nclass Net(torch.nn.Module):\n    def forward(self, x):\n"
        "        level = x.mean((1, 2, 3))\n        return torch.stack([0.5 - level, level - 0.5], 1)\n\n\n"
        "def net():\n    return Net()\n"
    )
    monkeypatch.chdir(tmp_path)
    words = [
        "experiment=robustness",
        "model=python:net.py:net",
        "model.image_size=8",
        "device=cpu",
        "threads=1",
    ]
    words += ["dataset=csv", f"dataset.file={table}", "dataset.size=8", "shift=groups", "shift.column=camera"]
    assert main(words) == 0
    (run,) = withstand.load_runs("checkpoints")
    assert Grouped.of([run], "camera").groups == CAMERAS


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({}, r"set shift\.column=NAME"),
        ({"column": "camera"}, "has no table with a column 'camera'"),
        ({"column": "camera", "table": "none.csv"}, r"there is no none\.csv"),
        ({"column": "kamera", "table": "T"}, r"no column 'kamera' \(shift\.column\); did you mean 'camera'"),
        ({"column": "camera", "table": "T", "path": "file"}, r"no column 'file' \(shift\.path\)"),
        ({"column": "path", "table": "T", "label": "corruption"}, "cannot be called 'corruption'"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path: Path, places: Any, own: dict[str, Any], told: str) -> None:
    if own.get("table") == "T":
        own = own | {"table": str(places[1])}
    with pytest.raises(UserError, match=told):
        evaluated(tmp_path, places[0], **own)


def recorded(root: Path, name: str, images: int, groups: tuple[str, ...], members: list[int]) -> Run:
    """A run that was right on all of so many images, in groups as its record says."""
    store, cells = Store(root / name / "predictions"), []
    logits = np.tile(np.float32([3, 0]), (images, 1))
    for condition in (CLEAN, BY):
        cell = Cell(condition, {"weights": name})
        store.write(cell, Predictions(np.arange(images), np.zeros(images, np.int64), logits))
        cells.append({**vars(condition), "file": cell.file})
    said = {"kind": KIND, "groups": groups, "members": members}
    record = {"model": name, "dataset": "d", "cells": cells, "shifts": {"camera": said}}
    (root / name / "summary.json").write_text(json.dumps(record))
    return withstand.load_run(root / name)


def test_runs_are_grouped_as_most_of_them_were(tmp_path: Path) -> None:
    odd, *most = (
        recorded(tmp_path, name, 10, groups, [0] * 5 + [1] * 5)
        for name, groups in (("a", ("x", "z")), ("b", ("x", "y")), ("c", ("x", "y")))
    )
    found = Grouped.of([odd, *most], "camera")
    assert found.groups == ("x", "y") and sorted(found.together.names) == ["b", "c"]
    assert [(one.what, one.reason) for one in found.left_out] == [
        ("a", "its images are in other groups by camera")
    ]
    # One of more images is compared on those that the others saw.
    more = recorded(tmp_path, "more", 12, ("x", "y"), [0] * 5 + [1] * 7)
    found = Grouped.of([more, *most], "camera")
    assert len(found.together.names) == 3 and np.bincount(found.members).tolist() == [5, 5]


def test_a_record_of_groups_without_images_or_of_other_images_breaks_nothing(tmp_path: Path) -> None:
    empty = recorded(tmp_path, "empty", 10, ("x", "y"), [0] * 10)
    assert Grouped.of([empty], "camera").groups == ("x",)
    longer = recorded(tmp_path, "longer", 10, ("x", "y"), [0] * 5 + [1] * 6)
    found = Grouped.of([longer], "camera")
    assert not found.groups and [one.what for one in found.left_out] == ["longer"]
    page = report.write([empty, longer], tmp_path / "report").read_text()
    assert "top-1 in 1 group<" in page and "does not say of each image which group" in page
    assert "By camera" not in report.write([longer], tmp_path / "alone").read_text()


def test_a_table_may_name_images_by_id_and_gives_each_one_group(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), np.uint8)
    lines = ["ID,camera", *(f"{at + 5},{CAMERAS[at % 3]}" for at in range(20))]
    table = tmp_path / "cameras.csv"
    table.write_text("\n".join(lines))
    own = {"groups": {"column": "camera", "table": str(table)}}
    words = {"ids": np.arange(5, 25), "shifts": own, "device": "cpu"}
    run = withstand.evaluate(Net(), pixels, np.arange(20) % 2, **words).run
    assert np.bincount(Grouped.of([run], "camera").members).tolist() == [7, 7, 6]
    table.write_text("\n".join([*lines, "5,west"]))
    with pytest.raises(UserError, match="gives 5 two groups, 'east' and 'west'"):
        withstand.evaluate(Net(), pixels, np.arange(20) % 2, **words)
