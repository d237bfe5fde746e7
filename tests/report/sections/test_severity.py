"""The sentence over the severities says what was seen at both ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.report.conftest import write_run

from withstand.analysis.comparison import compare
from withstand.report.sections.severity import _lead, _lost
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_run


def fog(severity: float, variant: str = "fog") -> Condition:
    return Condition("corruption", variant, severity)


def test_only_what_was_seen_at_both_ends_is_lost_between_them(tmp_path: Path) -> None:
    shown = (CLEAN, fog(1), fog(3, "snow"), fog(5, "snow"), fog(5), fog(1, "frost"))
    run = load_run(write_run(tmp_path, "m", conditions=shown, sheet=False))
    together = compare(run)
    table = together.table("m")
    lost = 100 * (table[fog(1)] - table[fog(5)])
    assert _lead(together) == f"From severity 1 to 5, m loses {lost:.1f} points."
    apart = compare(run.under([CLEAN, fog(1), fog(5, "snow")]))
    assert _lead(apart) == "", "no corruption was seen at both"


@pytest.mark.parametrize(("lost", "said"), [(2.04, "loses 2.0 points"), (-1.0, "gains 1.0 point")])
def test_a_gain_is_no_loss(lost: float, said: str) -> None:
    assert _lost(lost) == said
