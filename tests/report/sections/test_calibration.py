"""Reliability: bins of equal mass, and the error that they give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.conftest import MakeContext

from withstand.report.sections import calibration
from withstand.report.sections.calibration import calibration_error, reliability


def test_worked_by_hand() -> None:
    confidence = np.array([0.5, 0.9, 0.6, 1.0])
    right = np.array([True, True, False, True])
    binned = reliability(confidence, right, bins=2)
    np.testing.assert_allclose(binned, [[0.5, 0.55, 0.5], [0.5, 0.95, 1.0]])
    assert calibration_error(binned) == pytest.approx(0.5 * 0.05 + 0.5 * 0.05)


@given(st.integers(1, 200), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_bins_hold_every_answer_once_and_as_many_each(n: int, bins: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    confidence, right = draw.random(n), draw.random(n) < 0.5
    share, mean, found = reliability(confidence, right, bins).T
    assert share.sum() == pytest.approx(1)
    assert share @ mean == pytest.approx(confidence.mean())
    assert share @ found == pytest.approx(right.mean())
    assert share.max() - share.min() <= 1 / n + 1e-12
    assert (np.diff(mean) >= 0).all()


def test_a_model_that_knows_has_no_error() -> None:
    draw = np.random.default_rng(0)
    confidence = draw.uniform(0.1, 1, 200_000)
    assert calibration_error(reliability(confidence, draw.random(200_000) < confidence)) < 0.01
    assert calibration_error(reliability(confidence, draw.random(200_000) < confidence / 2)) > 0.2


def test_the_table_has_a_row_a_model_and_agrees_with_top1(make_context: MakeContext) -> None:
    context = make_context({"small_cnn": {"skill": 3.0}, "small_vit": {"skill": 1.0}})
    section = calibration.section(context)
    assert section is not None
    assert [picture.name for picture in section.pictures] == [
        f"reliability-{name}" for name in context.together.ranking
    ]
    for row in section.tables[0].rows:
        accuracy = context.together.accuracy(str(row.values["model"]), "corrupted")
        assert row.values["corrupted_right"] == pytest.approx(100 * accuracy.value, abs=1e-4)
