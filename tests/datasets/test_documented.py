"""Data sets have a line each on their page, whose command is one that can be given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from withstand.config.composing import choices, compose
from withstand.session import usage

PAGE = Path(__file__).resolve().parents[2] / "docs" / "datasets.md"
TABLE = PAGE.read_text(encoding="utf-8").split("\n## ")[0]
LINES = dict(re.findall(r"(?m)^\| `(\w+)` \| .*\| `python main\.py ([^`]*)` \|$", TABLE))


def test_data_sets_have_lines() -> None:
    assert len(LINES) >= 9 and set(LINES) <= set(choices("dataset"))


@pytest.mark.parametrize("name", LINES)
def test_its_command_can_be_given(name: str) -> None:
    words = LINES[name].split()
    config = compose(words)
    assert config.dataset.name == name
    usage.check(config.experiment.name, usage.used_by(config.experiment.name), words)
