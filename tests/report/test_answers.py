"""What a run answered: a row that is not a number is sure, and wrong."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from withstand.analysis.backgrounds.measures import pull
from withstand.report.answers import answers
from withstand.results.conditions import CLEAN
from withstand.results.store import Predictions

BROKEN = Predictions(
    np.arange(3),
    np.array([0, 0, 1]),
    np.array([[np.nan, 1], [2, 0], [0, np.inf]], np.float32),
    background=np.array([1, 1, 0]),
)


def test_an_answer_that_is_not_a_number_is_wrong_and_sure() -> None:
    run = SimpleNamespace(conditions=(CLEAN,), predictions=lambda _: BROKEN)
    found = answers(run, np.arange(3))  # type: ignore[arg-type]
    assert found.chosen[:, 0].tolist() == [1, 0, 0]
    assert np.allclose(found.confidence[:, 0], [1, np.exp(2) / (1 + np.exp(2)), 1])


def test_it_names_neither_object_nor_background() -> None:
    found = pull(BROKEN)
    assert found is not None
    assert [round(3 * one.value) for one in (found.foreground, found.background, found.other)] == [1, 0, 2]
