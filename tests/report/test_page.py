"""The report as files: what is written, in what order, and without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.report.conftest import MakeRun

from withstand import report
from withstand.conditions import CLEAN, Condition
from withstand.errors import UserError
from withstand.runs import Runs, load_runs


def test_sections_stand_in_order_of_place(page: Path) -> None:
    text = page.with_name("report.md").read_text()
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "What holds up",
        "Who beats whom",
        "How it fades with severity",
        "Which corruptions hurt",
        "Right when clean, lost when corrupted",
        "Class by class",
        "Does it know when it is wrong?",
        "How training went",
        "What it took",
        "Where it comes from",
    ]


def test_every_picture_and_table_of_the_page_is_a_file(page: Path) -> None:
    folder = page.parent
    html = (folder / "report.html").read_text()
    figures = {path.stem for path in (folder / "figures").glob("*.png")}
    assert figures == {path.stem for path in (folder / "figures").glob("*.svg")}
    assert {"overview", "pairs", "severity", "heat-small_cnn", "curves-small_vit"} <= figures
    assert html.count('role="img"') == len(figures - {"lost"})  # which stands there as photographs
    assert html.count('src="data:image/png;base64,') == 2 * html.count('<p class="truth">') > 0
    tables = {path.stem for path in (folder / "tables").glob("*.tex")}
    assert tables == {path.stem for path in (folder / "tables").glob("*.csv")} - {"conditions"}
    assert all(f'id="table-{name}"' in html for name in tables)


def test_the_page_stays_small_enough_to_send(page: Path) -> None:
    assert page.stat().st_size < 1_000_000


def test_the_same_runs_give_the_same_page(page: Path, two_runs: Runs, tmp_path: Path) -> None:
    assert report.write(two_runs, tmp_path).read_bytes() == page.read_bytes()


def test_only_clean_images_make_a_report(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run("small_cnn", conditions=[CLEAN], source=None)
    text = report.write(load_runs(folder.parent), tmp_path / "report").with_name("report.md").read_text()
    assert "Nothing was shown corrupted yet" in text


def test_runs_of_two_datasets_are_refused(make_run: MakeRun, tmp_path: Path) -> None:
    few = [CLEAN, Condition("corruption", "fog", 1)]
    folder = make_run("small_cnn", conditions=few)
    make_run("resnet50", dataset="cifar10", conditions=few)
    with pytest.raises(UserError, match="cifar10, shapes"):
        report.write(load_runs(folder.parent), tmp_path / "report")
    with pytest.raises(UserError, match="no finished runs"):
        report.write([], tmp_path / "report")


def test_nothing_that_reads_results_imports_torch(environment: dict[str, str]) -> None:
    code = "import sys, withstand.report.page, withstand.report.terminal; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
