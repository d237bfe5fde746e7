"""Reliability: bins of equal mass, and the error that they give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.conftest import MakeContext

from withstand.report.sections import calibration
from withstand.report.sections.calibration import reliability
from withstand.results import metrics
from withstand.results.conditions import CLEAN
from withstand.results.store import Predictions
from withstand.statistics import Estimate


def test_worked_by_hand() -> None:
    confidence = np.array([0.5, 0.9, 0.6, 1.0])
    right = np.array([True, True, False, True])
    binned = reliability(confidence, right, metrics.bin_of(confidence[:, None], 2)[:, 0])
    np.testing.assert_allclose(binned, [[0.5, 0.55, 0.5], [0.5, 0.95, 1.0]])


@given(st.integers(1, 200), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_bins_hold_every_answer_once_and_as_many_each(n: int, bins: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    confidence, right = draw.random(n), draw.random(n) < 0.5
    share, mean, found = reliability(confidence, right, metrics.bin_of(confidence[:, None], bins)[:, 0]).T
    assert share.sum() == pytest.approx(1)
    assert share @ mean == pytest.approx(confidence.mean())
    assert share @ found == pytest.approx(right.mean())
    assert share.max() - share.min() <= 1 / n + 1e-12
    assert (np.diff(mean) >= 0).all()


@given(st.integers(150, 300), st.integers(0, 2**32 - 1))
def test_the_diagram_has_the_bins_of_the_ece(n: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    shown = Predictions(
        np.arange(n), draw.integers(3, size=n), (3 * draw.normal(size=(n, 3))).astype(np.float32)
    )
    confidence, right = metrics.probabilities(shown).max(axis=1), metrics.correct(shown)
    place = metrics.bins_together(confidence[:, None])[:, 0]
    share, sure, found = reliability(confidence, right, place).T
    assert share @ np.abs(sure - found) == pytest.approx(metrics.calibration(shown, debias=False).mean())


def test_the_table_has_a_row_a_model_and_agrees_with_top1(make_context: MakeContext) -> None:
    context = make_context({"small_cnn": {"skill": 3.0}, "small_vit": {"skill": 1.0}})
    section = calibration.section(context)
    assert section is not None
    assert [picture.name for picture in section.pictures] == [
        f"reliability-{name}" for name in context.together.ranking
    ]
    confidence, probabilities = section.tables
    for row, other in zip(confidence.rows, probabilities.rows, strict=True):
        name = str(row.values["model"])
        assert row.values["corrupted_right"] == context.together.accuracy(name, "corrupted").times(100)
        ece = row.values["clean_ece"]
        shown = context.runs[name].predictions(CLEAN)
        assert isinstance(ece, Estimate)
        assert ece.value == pytest.approx(100 * metrics.calibration(shown).mean(), abs=1e-4)
        assert 0 <= ece.low <= ece.value < ece.high
        nll = other.values["clean_nll"]
        assert isinstance(nll, Estimate) and nll.value == pytest.approx(metrics.nll(shown), abs=1e-5)
