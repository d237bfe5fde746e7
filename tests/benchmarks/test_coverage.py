"""The simulations run, count what they say, and the kept table is of the lines that there are."""

import json
import math

import numpy as np
import pytest
from benchmarks import bench_intervals
from benchmarks.coverage import __main__ as coverage
from benchmarks.coverage import sets, standings, worlds
from benchmarks.coverage.line import Line, Outcome, covers
from benchmarks.frame import RESULTS, Options

from withstand.statistics import Estimate

LINES = {line.what: line for line in coverage.lines()}


@pytest.fixture
def small_limits(monkeypatch):
    """The metric of the world needs no million images here."""
    monkeypatch.setattr(sets, "limit", lambda *_: 0.1)


@pytest.mark.parametrize("what", [what for what in LINES if "sequential" not in what])
def test_every_line_gives_a_share(what, small_limits):
    found = LINES[what].measured(rounds=1)
    assert found["share"] in (0, 1) and found["rounds"] == 1
    json.dumps(found, allow_nan=False)


def test_names_are_of_one_line_each():
    assert len(LINES) == len(list(coverage.lines()))


def test_a_line_counts_covering_rounds_and_those_without_an_end():
    found = iter(
        [Estimate(1, 0, 2, 5), Estimate(1, 0.5, math.inf, 5), Estimate(9, 8, 10, 5), Estimate(1, 0, 2, 5)]
    )
    told = Line("four", lambda _: covers(next(found), 1.0), rounds=4).measured()
    assert told["share"] == 0.75 and told["without_an_end"] == 0.25 and told["median_width"] == 2
    assert told["holds"] is True  # three standard errors of four rounds are wide
    never = Line("never", lambda _: Outcome(False), rounds=400).measured()
    assert never["holds"] is False and "median_width" not in never
    not_a_number = Line("NaN", lambda _: covers(Estimate(math.nan, math.nan, math.nan, 5), 1.0), rounds=4)
    assert not_a_number.measured()["share"] == 0


def test_the_truths_of_the_worlds_are_what_many_draws_give():
    draw = np.random.default_rng(0)
    many = np.mean([worlds.clustered(draw, 0.2).mean(axis=0) for _ in range(30)], axis=0)
    np.testing.assert_allclose(many, worlds.truth(0.2), atol=0.015)
    hard = draw.normal(size=(200_000, 1))
    one, other = (worlds.wrong(draw, hard, np.array([share]))[:, 0] for share in (0.3, 0.2))
    assert (one.mean(), other.mean()) == pytest.approx((0.3, 0.2), abs=0.005)
    assert (one * other).mean() == pytest.approx(worlds.both_wrong(0.3, 0.2), abs=0.005)
    sure = worlds.predictions(draw, 200_000, 1, 2)
    chances = np.exp(sure.logits - sure.logits.max(axis=1, keepdims=True))
    top = (chances / chances.sum(axis=1, keepdims=True)).max(axis=1)
    right = sure.logits.argmax(axis=1) == sure.labels
    for low, high in ((0.4, 0.6), (0.6, 0.8), (0.8, 0.95)):
        within = (top > low) & (top <= high)
        assert right[within].mean() == pytest.approx(top[within].mean(), abs=0.02)


def test_a_drawn_sample_is_of_the_size_told_and_shares_the_order_of_its_seed():
    shown = standings.compared(np.random.default_rng(0), ((60, 0), (200, 0)), (0.4, 0.4))
    short, long = (~np.isnan(shown.drawn[name]) for name in "AB")
    assert (short.sum(axis=0) == 60).all() and (long.sum(axis=0) == 200).all()
    assert (short <= long).all() and set(shown.sampled) == {"A", "B"}
    other = standings.compared(np.random.default_rng(0), ((200, 0), (200, 1)), (0.4, 0.4))
    first, second = (~np.isnan(other.drawn[name]) for name in "AB")
    assert 0.2 < (first & second).sum() / first.sum() < 0.5  # a third by chance


def test_the_kept_table_is_of_these_lines():
    kept = json.loads((RESULTS / "coverage.json").read_text())
    assert [one["what"] for one in kept] == list(LINES), "run python -m benchmarks.coverage"
    newer = ("gate", "plan", "ranks")  # than the table of before
    assert all(
        one["rounds"] >= 100 and (one["holds"] if one["what"].startswith(newer) else one["before"])
        for one in kept
    )


def test_intervals_are_timed_at_small_size(tmp_path):
    one, pairs = bench_intervals.run(Options(quick=True, data=tmp_path, device="cpu"))
    assert len(one.seconds) == 2 and pairs.amount == 28
    assert pairs.notes["peak_memory_of_the_process_gib"] > 0
