"""A report over corruptions that withstand does not know, and over severities between the published ones."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.report.conftest import write_run

from withstand import report
from withstand.analysis.comparison import compare
from withstand.report.wording import levels
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_runs


def test_unknown_names_are_groups_of_their_own_and_nothing_of_the_known_ones_is_missed(
    tmp_path: Path,
) -> None:
    """As ImageNet-C-bar: each corruption has five severities of its own."""
    bar = [
        Condition("corruption", name, 0.5 + 7 * number + 1.25 * step)
        for number, name in enumerate(("caustic_refraction", "inverse_sparkles", "plasma_noise"))
        for step in range(5)
    ]
    for name in ("one", "two"):
        write_run(tmp_path / "runs", name, conditions=(CLEAN, *bar), n=40, fragility=0.02)
    runs = load_runs(tmp_path / "runs")
    together = compare(runs)
    assert len(together.severities) == 15 and levels(together) == ()
    page = report.write(runs, tmp_path / "report").with_name("report.md").read_text(encoding="utf-8")
    assert "caustic refraction" in page and "not evaluated under" not in page
    table = (tmp_path / "report" / "tables" / "corruptions.csv").read_text(encoding="utf-8")
    assert len(table.splitlines()) == 4
    assert not (tmp_path / "report" / "tables" / "families.csv").exists(), "no family is known"


def test_severities_are_written_as_they_were_asked_for(tmp_path: Path) -> None:
    some = [Condition("corruption", name, s) for name in ("fog", "snow") for s in (0.5, 2.25, 3.0)]
    write_run(tmp_path / "runs", "one", conditions=(CLEAN, *some), n=40)
    run = load_runs(tmp_path / "runs")[0]
    assert run.conditions == (CLEAN, *some) and str(some[2]) == "corruption-fog-3"
    assert [str(one) for one in run.frame()["severity"]] == ["<NA>", "0.5", "2.25", "3", "0.5", "2.25", "3"]
    text = report.write([run], tmp_path / "report").with_name("report.md").read_text(encoding="utf-8")
    assert "severity 2.25" in text and "severity 3 " in text and "mean-15" in text
    with (tmp_path / "report" / "tables" / "conditions.csv").open(encoding="utf-8") as file:
        assert [row["severity"] for row in csv.DictReader(file)] == [
            "",
            "0.5",
            "2.25",
            "3",
            "0.5",
            "2.25",
            "3",
        ]
