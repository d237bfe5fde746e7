"""Benchmarks: contenders take turns, ratios pair what ran side by side, and every benchmark is found with its title."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks import table
from benchmarks.frame import Contest, contest

ROOT = Path(__file__).resolve().parents[2]


def test_every_contender_runs_once_untimed_and_then_takes_its_turns_in_changing_order():
    order = []
    result = contest(
        "work",
        {name: lambda name=name: order.append(name) for name in ("usual", "withstand")},
        amount=10,
        turns=3,
    )
    assert order == ["usual", "withstand"] * 2 + ["withstand", "usual"] + ["usual", "withstand"]
    assert all(len(seconds) == 3 for seconds in result.seconds.values())


def test_rates_are_medians_and_ratios_pair_the_turns():
    result = Contest(
        "work", "images", 60, "withstand", {"usual": [6.0, 60.0, 12.0], "withstand": [3.0, 10.0, 2.0]}
    )
    assert result.rate("usual") == 5.0 and result.rate("withstand") == 20.0
    assert result.ratio("usual") == 6.0, "the median of 2, 6 and 6, not 12 over 3"
    assert result.ratio("withstand") == 1.0
    assert json.loads(json.dumps(result.record()))["contenders"]["usual"]["per_second"] == 5.0


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [(["--list"], 0, "loading          Loading and preprocessing"), (["laoding"], 2, "'loading'")],
)
def test_the_command_lists_benchmarks_and_knows_misspelt_ones(words, code, text, environment):
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == code
    assert text in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("page", table.PAGES)
def test_the_tables_on_the_pages_are_those_of_the_figures(page):
    text = (ROOT / page).read_text()
    assert table.filled(text) == text, "run python -m benchmarks.table"
    assert "withstand |" in text
