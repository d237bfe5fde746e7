"""Several questions at once: simultaneous intervals, and Holm's correction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from withstand.statistics import holm, mean_interval, mean_p, simultaneous_level


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 80), st.integers(1, 12), st.floats(0, 3))
def test_the_level_is_between_the_ordinary_one_and_bonferronis(
    seed: int, n: int, k: int, shared: float
) -> None:
    draw = np.random.default_rng(seed)
    level = simultaneous_level(shared * draw.normal(size=(n, 1)) + draw.normal(size=(n, k)))
    assert 0.95 - 1e-12 <= level <= 1 - 0.05 / k + 1e-12


def test_comparisons_that_move_as_one_cost_nothing_and_independent_ones_sidaks_price() -> None:
    draw = np.random.default_rng(1)
    one = draw.normal(size=(500, 1))
    assert simultaneous_level(np.repeat(one, 10, axis=1)) == pytest.approx(0.95, abs=0.004)
    assert simultaneous_level(-one * np.arange(1, 11)) == pytest.approx(0.95, abs=0.004)
    apart = simultaneous_level(draw.normal(size=(5000, 10)))
    assert 1 - apart == pytest.approx(1 - 0.95 ** (1 / 10), rel=0.1)


@pytest.mark.parametrize("values", [np.zeros((50, 4)), np.ones((2, 4)), np.empty((0, 4))])
def test_where_nothing_varies_it_is_bonferronis(values: np.ndarray) -> None:
    assert simultaneous_level(values) == pytest.approx(1 - 0.05 / 4)


def test_a_comparison_without_a_finite_mean_takes_nothing_from_the_others() -> None:
    values = np.random.default_rng(3).normal(size=(60, 3))
    hurt = values.copy()
    hurt[4, 2] = -np.inf
    without = values.copy()
    without[:, 2] = 0
    assert simultaneous_level(hurt) == simultaneous_level(without)


def test_a_single_comparison_has_the_ordinary_level_and_the_seed_decides() -> None:
    values = np.random.default_rng(2).normal(size=(40, 6))
    assert simultaneous_level(values[:, :1]) == pytest.approx(0.95)
    assert simultaneous_level(values) == simultaneous_level(values)
    # As many columns that say nothing still count for their number.
    assert simultaneous_level(np.column_stack([values[:, :1], np.zeros((40, 5))])) >= 0.95


def test_intervals_hold_together_and_ordinary_ones_do_not() -> None:
    draw, rounds = np.random.default_rng(14), 100
    together = alone = 0
    for _ in range(rounds):
        values = np.clip(np.rint(draw.normal(size=(100, 1)) + draw.normal(size=(100, 8))), -1, 1)
        level = simultaneous_level(values)
        together += all(_holds_zero(column, level) for column in values.T)
        alone += all(_holds_zero(column, 0.95) for column in values.T)
    assert together / rounds >= 0.9
    assert alone / rounds < 0.85


def _holds_zero(column: np.ndarray, level: float) -> bool:
    return not mean_interval(column, (-1, 1), level).excludes_zero


def test_holm_by_hand() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03 0.06 0.06 0.02
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_stays_between_nothing_and_bonferroni(p: list[float]) -> None:
    corrected = holm(p)
    assert (corrected >= np.array(p) - 1e-12).all()
    assert (corrected <= np.minimum(1, np.array(p) * len(p)) + 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()


def test_holm_holds_the_error_of_the_family() -> None:
    draw = np.random.default_rng(3)
    wrong = [(holm(draw.random(6)) < 0.05).any() for _ in range(2000)]
    assert 0.03 <= np.mean(wrong) <= 0.07


def test_a_clear_difference_passes_holm_among_the_pairs_of_33_runs() -> None:
    # 9,999 flips of signs gave no p below 1e-4, which 528 pairs turn into 0.053: nothing could pass.
    draw = np.random.default_rng(4)
    alike = np.clip(0.1 * draw.normal(size=(527, 200)), -1, 1)
    clear = np.clip(0.15 + 0.3 * draw.normal(size=200), -1, 1)
    corrected = holm([mean_p(clear), *(mean_p(one) for one in alike)])
    assert corrected[0] < 0.001
    assert (corrected[1:] > 0.05).all()
