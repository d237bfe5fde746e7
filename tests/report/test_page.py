"""The report as files: what is written, in what order, and without a network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.report.conftest import SOME, MakeRun, write_run

from withstand import report
from withstand.base.errors import UserError
from withstand.report import sections
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_runs
from withstand.results.runs import Runs

pytestmark = pytest.mark.xdist_group("page")  # what they share takes long to make


def test_sections_stand_in_order_of_place(page: Path) -> None:
    text = page.with_name("report.md").read_text()
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    ours = [
        "Claims: supported, refuted or not decided",
        "Accuracy, clean and corrupted",
        "Paired comparison of models",
        "Accuracy by severity",
        "Accuracy by corruption",
        "Right when clean, wrong when corrupted",
        "Accuracy by class",
        "Calibration: does confidence match accuracy?",
        "Training",
        "Time and devices",
        "What was left out, and why",
        "Provenance",
    ]
    assert [heading for heading in headings if heading in ours] == ours
    places = [module.PLACE for module in sections._modules()]
    assert places == sorted(places)


def test_no_two_sections_claim_one_place() -> None:
    places = [module.PLACE for module in sections._modules()]
    assert len(set(places)) == len(places)


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
    assert "No corrupted images were evaluated yet" in text


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


def test_a_sample_is_marked_in_every_table_and_figures_that_need_every_image_are_left_out(
    make_run: MakeRun, tmp_path: Path
) -> None:
    folder = make_run("small_cnn", sample=20, conditions=SOME)
    make_run("small_vit", skill=3.0, conditions=SOME)
    made = report.write(load_runs(folder.parent), tmp_path / "report")
    text = made.with_name("report.md").read_text()
    tables = [part for part in text.split("\n### ") if "| small_cnn" in part and "---" in part]
    assert len(tables) >= 6
    for table in tables:
        assert "| small_cnn †" in table
        assert "| small_cnn |" not in table
        assert "† small_cnn: a sample: 760 of 2,280 (33.3%) pairs" in table
    assert "no section on single images, classes or calibration" in text
    assert "Accuracy by class" not in text
    assert "a sample: 760 of 2,280" in made.read_text()


def test_what_does_not_compare_is_left_out_with_the_reason(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run("small_cnn", conditions=SOME)
    make_run("small_vit", conditions=SOME)
    make_run("resnet50", first_id=50_000, conditions=SOME)
    make_run("vit_small", source="official CIFAR-10-C files in elsewhere", conditions=SOME)
    text = report.write(load_runs(folder.parent), tmp_path / "report").with_name("report.md").read_text()
    said = text.split("## What was left out, and why")[1]
    assert "**resnet50**: it was evaluated on other images: it shares 0 of 60" in said
    assert "**vit_small**: its corrupted images are official" in said
    assert "| small_cnn | resnet50" not in text


def test_names_in_a_foreign_record_stay_in_the_report_s_folder(tmp_path: Path) -> None:
    """A model, and a shift, that are called by paths out of it."""
    root = tmp_path / "runs"
    folder = write_run(root, "net", conditions=SOME)
    record = json.loads((folder / "summary.json").read_text())
    for cell in record["cells"]:
        if cell["severity"] == 3:
            cell["shift"] = "../../away"
    (folder / "summary.json").write_text(json.dumps(record | {"model": "../../escape"}))
    report.write(load_runs(root), tmp_path / "in" / "reports" / "shapes")
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(root)]
    assert outside and all(path.is_relative_to(tmp_path / "in" / "reports" / "shapes") for path in outside)
