"""Intervals against closed forms, SciPy, and simulation where the truth is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from withstand.statistics import (
    mcnemar,
    mean_over_conditions,
    paired_difference,
    percentile_interval,
    resampled_means,
    simultaneous_intervals,
    wilson,
)


@given(st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts: tuple[int, int]) -> None:
    successes, n = counts
    found = wilson(successes, n)
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.low <= found.value <= found.high
    assert found.n == n


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        wilson(successes, n)


def test_resampling_is_by_multinomial_weights_on_rows() -> None:
    values = np.random.default_rng(1).normal(size=(50, 3))
    means = resampled_means(values, resamples=4000, seed=5)
    assert means.shape == (4000, 3)
    np.testing.assert_allclose(means.mean(axis=0), values.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(means.std(axis=0), values.std(axis=0) / np.sqrt(50), rtol=0.05)
    # One set of draws for all columns: a sum of columns resamples to the sum of their resamples.
    total = resampled_means(values.sum(axis=1, keepdims=True), resamples=4000, seed=5)
    np.testing.assert_allclose(total[:, 0], means.sum(axis=1), atol=1e-12)


def test_resampling_does_not_depend_on_the_size_of_its_blocks() -> None:
    # 30,000 rows take several blocks; constant columns must come out constant, and the seed decides.
    values = np.column_stack([np.ones(30_000), np.arange(30_000) % 2])
    first = resampled_means(values, resamples=200, seed=3)
    np.testing.assert_allclose(first[:, 0], 1)
    np.testing.assert_array_equal(first, resampled_means(values, resamples=200, seed=3))
    assert not np.array_equal(first, resampled_means(values, resamples=200, seed=4))


def test_the_interval_of_a_mean_agrees_with_the_t_interval() -> None:
    values = np.random.default_rng(2).normal(0.3, 1, size=(40, 5))
    found = mean_over_conditions(values, resamples=20_000)
    per_image = values.mean(axis=1)
    t = stats.t.interval(0.95, 39, per_image.mean(), stats.sem(per_image))
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(t, rel=0.08, abs=0.02)


def clustered(draw: np.random.Generator, n: int, conditions: int) -> np.ndarray:
    """Right or wrong by an image's own difficulty, shared by all the conditions; right half the time."""
    chance = stats.norm.cdf(1.5 * draw.normal(size=(n, 1)))
    return (draw.random((n, conditions)) < chance).astype(float)


def test_intervals_cover_clustered_data_and_the_naive_ones_do_not() -> None:
    draw, rounds = np.random.default_rng(11), 400
    covered = naive = 0
    for seed in range(rounds):
        values = clustered(draw, 120, 20)
        found = mean_over_conditions(values, resamples=500, seed=seed)
        covered += found.low <= 0.5 <= found.high
        rows = wilson(int(values.sum()), values.size)  # as if every row were a draw of its own
        naive += rows.low <= 0.5 <= rows.high
    assert 0.92 <= covered / rounds <= 0.98
    assert naive / rounds < 0.7


def test_pairing_takes_out_what_is_hard_for_both() -> None:
    draw = np.random.default_rng(12)
    hard = draw.normal(size=(300, 1))
    a = (draw.normal(size=(300, 10)) + 0.3 > hard).astype(float)
    b = (draw.normal(size=(300, 10)) > hard).astype(float)
    found = paired_difference(a, b)
    assert found.value == pytest.approx(a.mean() - b.mean())
    assert found.excludes_zero
    apart = mean_over_conditions(a).half_width + mean_over_conditions(b).half_width
    assert found.half_width < 0.6 * apart
    swapped = paired_difference(b, a)
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), abs=0.003)


def test_paired_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="not paired"):
        paired_difference(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="not paired"):
        mcnemar(np.zeros(3, bool), np.zeros(4, bool))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_is_the_binomial_by_brute_force(rows: list[tuple[bool, bool]]) -> None:
    a, b = (np.array(side) for side in zip(*rows, strict=True))
    found = mcnemar(a, b)
    only_a = sum(x and not y for x, y in rows)
    only_b = sum(y and not x for x, y in rows)
    assert (found.only_a, found.only_b) == (only_a, only_b)
    tail = stats.binom.cdf(min(only_a, only_b), only_a + only_b, 0.5)
    assert found.p == pytest.approx(min(1.0, 2 * tail), abs=1e-9)
    assert found.difference.value == pytest.approx(a.mean() - b.mean())
    assert -1 <= found.difference.low <= found.difference.high <= 1
    assert found.difference.low < found.difference.high  # never surer than the data


def test_mcnemar_interval_covers() -> None:
    draw, rounds = np.random.default_rng(13), 2000
    covered = 0
    for _ in range(rounds):
        shared = draw.random(80)
        a, b = shared < 0.7, (shared < 0.5) | (draw.random(80) < 0.1)
        covered += (found := mcnemar(a, b).difference).low <= 0.7 - 0.55 <= found.high
    assert 0.93 <= covered / rounds <= 0.98


def test_simultaneous_intervals_hold_together() -> None:
    draw, rounds = np.random.default_rng(14), 300
    together = alone = 0
    for seed in range(rounds):
        values = draw.normal(size=(60, 8))
        means = resampled_means(values, resamples=500, seed=seed)
        found = simultaneous_intervals(values.mean(axis=0), means, 60)
        together += all(one.low <= 0 <= one.high for one in found)
        low, high = percentile_interval(means, 60)
        alone += bool(((low <= 0) & (high >= 0)).all())
    assert 0.915 <= together / rounds <= 0.985
    assert alone / rounds < 0.8


def test_a_single_simultaneous_interval_is_the_ordinary_one_and_no_spread_is_no_width() -> None:
    values = np.random.default_rng(15).normal(size=(200, 1))
    means = resampled_means(values, resamples=20_000)
    (one,) = simultaneous_intervals(values.mean(axis=0), means, 200)
    low, high = percentile_interval(means, 200)
    assert (one.low, one.high) == pytest.approx((low[0], high[0]), abs=0.01)
    (none,) = simultaneous_intervals(np.array([0.25]), np.full((10, 1), 0.25), 200)
    assert (none.low, none.high) == (0.25, 0.25)


def test_one_image_is_no_reason_to_fail() -> None:
    found = mean_over_conditions(np.ones((1, 3)))
    assert (found.value, found.low, found.high, found.n) == (1, 1, 1, 1)
