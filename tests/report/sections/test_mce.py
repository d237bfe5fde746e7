"""mCE: by AlexNet's published errors on ImageNet-C alone, by a named run elsewhere; worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.report.conftest import EVERY, write_run

from withstand import report
from withstand.analysis import alexnet
from withstand.analysis.comparison import Comparison, compare
from withstand.base.errors import UserError
from withstand.corruptions.names import BENCHMARK
from withstand.report import mce
from withstand.report.table import Table
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_runs
from withstand.statistics import Estimate

WNIDS = [f"n{number:08d}" for number in range(1000)]
FIFTEEN = (CLEAN, *(one for one in EVERY if one.variant in BENCHMARK))
MADE: dict[str, Any] = {"corruptions": "withstand 0.1.0", "seed": 42, "preset": "imagenet"}
READ: dict[str, Any] = {"corruptions": "files", "layout": "tree", "digest": "abc"}


def imagenet(root: Path, **other: Any) -> Comparison:
    said = {
        "n": 40,
        "classes": 1000,
        "names": WNIDS,
        "conditions": FIFTEEN,
        "shift": READ,
        "skill": 6.0,
    } | other
    write_run(root, "resnet50", dataset="imagenet", **said)
    return compare(load_runs(root))


def errors(together: Comparison, name: str) -> np.ndarray:
    return np.array([1 - together.accuracy(name, variant).value for variant in BENCHMARK])


def only(table: Table | None) -> Estimate:
    assert table is not None and len(table.rows) == 1
    found = table.rows[0].values["mce"]
    assert isinstance(found, Estimate)
    return found


def test_on_imagenet_c_it_is_by_alexnets_errors(tmp_path: Path) -> None:
    together = imagenet(tmp_path)
    table = mce.table(together, None)
    found = only(table)
    published = np.array([alexnet.ERRORS[name] for name in BENCHMARK])
    assert found.value == pytest.approx(100 * (errors(together, "resnet50") / published).mean())
    assert found.low < found.value < found.high and found.n == 40
    assert table is not None and table.rows[0].values["images"] == 40 and "read from files" in table.notes[-1]
    assert together.mce("resnet50", "alexnet").value == pytest.approx(found.value / 100)


def test_whether_the_images_are_published_or_made_is_said(tmp_path: Path) -> None:
    table = mce.table(imagenet(tmp_path, shift=MADE), None)
    assert table is not None and "made anew by withstand" in table.notes[-1] and "50,000" in table.notes[-2]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"names": [f"class {n}" for n in range(1000)]}, "its classes are not the 1,000 wnids"),
        ({"names": WNIDS[:200], "classes": 200}, "its classes are not the 1,000 wnids"),
        ({"conditions": FIFTEEN[:-1]}, "just the 15 corruptions of the benchmark at their five severities"),
        (
            {"conditions": (CLEAN, *(Condition("corruption", name, 2.25) for name in BENCHMARK))},
            "just the 15 corruptions of the benchmark at their five severities",
        ),
        ({"shift": MADE | {"preset": "cifar"}}, "nor made with its constants"),
        ({"shift": MADE | {"constants": [[1]]}}, "nor made with its constants"),
        ({"shift": {"corruptions": "official"}}, "neither read from ImageNet-C's layout"),
        ({"shift": None}, "neither read from ImageNet-C's layout"),
    ],
)
def test_elsewhere_alexnets_errors_are_refused(tmp_path: Path, other: dict[str, Any], told: str) -> None:
    together = imagenet(tmp_path, **other)
    assert mce.table(together, None) is None
    for wanted in (
        lambda: mce.check(together, "alexnet"),
        lambda: together.mce("resnet50", "alexnet", "fog"),
    ):
        with pytest.raises(UserError, match="ImageNet-C alone") as caught:
            wanted()
        assert told in str(caught.value) and "\n" not in str(caught.value)


def test_elsewhere_it_is_by_a_run_of_ones_own(tmp_path: Path) -> None:
    few = (CLEAN, *(one for one in EVERY if one.variant in ("fog", "snow") and one.severity in (1, 3)))
    for name, skill in (("good", 3.0), ("base", 1.5)):
        write_run(tmp_path / "runs", name, conditions=few, skill=skill, n=60)
    runs = load_runs(tmp_path / "runs")
    together = compare(runs)
    table = mce.table(together, "base")
    assert table is not None and mce.table(together, None) is None
    values = {row.values["model"]: row.values for row in table.rows}
    by = [
        [1 - together.accuracy(name, variant).value for variant in ("fog", "snow")]
        for name in ("good", "base")
    ]
    assert values["good"]["mce"].value == pytest.approx(100 * np.mean(np.divide(*by)))
    for itself in (values["base"]["mce"], values["base"]["relative_mce"]):  # on whatever images
        assert (itself.value, itself.low, itself.high) == (100, 100, 100)
    assert values["good"]["mce"].low < values["good"]["mce"].value < values["good"]["mce"].high
    assert "the figure is none of ImageNet-C" in table.notes[-1] and values["good"]["corruptions"] == 2
    page = report.write(runs, tmp_path / "report", "base")
    assert "Mean corruption error, base = 100" in page.read_text(encoding="utf-8")
    assert (tmp_path / "report" / "tables" / "mce.csv").is_file()
    with pytest.raises(UserError, match=r"report\.baseline=bass is no run here; did you mean 'base'"):
        report.write(runs, tmp_path / "none", "bass")
    assert not (tmp_path / "none").exists()
