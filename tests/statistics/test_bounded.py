"""The interval of a bounded mean against Clopper–Pearson, drawn weights, Student, the exact tests, and simulation."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from withstand.statistics import Estimate, greater_p, mean_interval, mean_p
from withstand.statistics.bounded import Tally, chance_above

WEIGHTS = np.random.default_rng(0).standard_exponential((20_000, 26))


def drawn(values: np.ndarray, extreme: float) -> np.ndarray:
    """Means of the values and one more under drawn weights: the definition, slowly."""
    weights = WEIGHTS[:, : len(values) + 1]
    return weights @ np.append(values, extreme) / weights.sum(axis=1)


bounded_values = st.lists(st.integers(0, 1000), min_size=1, max_size=25).map(
    lambda found: np.array(found) / 1000
)


@given(st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_for_zeros_and_ones_it_is_clopper_and_pearsons(counts: tuple[int, int]) -> None:
    ones, n = counts
    found = mean_interval(np.arange(n) < ones)
    expected = stats.binomtest(ones, n).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-7)
    assert found.low <= found.value <= found.high and found.n == n


@pytest.mark.parametrize("bounds", [(-1, 1), (0, 2), (3, 5)])
def test_two_values_at_other_bounds_are_the_same_in_another_unit(bounds: tuple[float, float]) -> None:
    ones = np.arange(30) < 22
    low, high = bounds
    found, plain = mean_interval(low + (high - low) * ones, bounds), mean_interval(ones)
    assert (found.value, found.low, found.high) == pytest.approx(
        tuple(low + (high - low) * end for end in (plain.value, plain.low, plain.high))
    )


@given(bounded_values)
def test_the_ends_leave_a_fortieth_of_the_drawn_means(values: np.ndarray) -> None:
    found = mean_interval(values)
    # Four deviations of 20,000 draws, and the approximation's own error: a tenth of the tail at its worst (n = 1).
    if found.high < 1 - 1e-6 and np.ptp(np.append(values, 1)) > 1e-6:
        assert np.mean(drawn(values, 1) > found.high) == pytest.approx(0.025, abs=0.008)
    if found.low > 1e-6 and np.ptp(np.append(values, 0)) > 1e-6:
        assert np.mean(drawn(values, 0) < found.low) == pytest.approx(0.025, abs=0.008)


@given(bounded_values, st.floats(0, 1))
@example(np.zeros(1), 1.8595482330054827e-204)  # a hair above a value: the logarithm of 0
def test_the_chance_is_that_of_drawn_weights_everywhere(values: np.ndarray, at: float) -> None:
    found = chance_above(Tally.of(values).with_one(1.0), at)
    if min(np.abs(np.append(values, 1.0) - at)) > 1e-6:  # no step of the chance right there
        assert found == pytest.approx(np.mean(drawn(values, 1) >= at), abs=0.03)


@given(bounded_values, st.sampled_from([0.5, 0.95, 0.999999]))
def test_the_one_search_finds_what_inverting_the_chance_would(values: np.ndarray, level: float) -> None:
    found, tail = mean_interval(values, level=level), (1 - level) / 2
    if set(values) - {0.0, 1.0}:  # two values alone have the exact interval
        if found.high > values.mean():
            assert chance_above(Tally.of(values).with_one(1.0), found.high) == pytest.approx(tail, rel=1e-4)
        if found.low < values.mean():
            below = chance_above(Tally.of(-values).with_one(0.0), -found.low)
            assert below == pytest.approx(tail, rel=1e-4)


@pytest.mark.parametrize("values", [[0, 0, 0.2, 1], [0.1, 0.4, 0.3, 1], [0, 1, 0.5, 0.25, 0.125]])
def test_the_chance_has_no_step_where_its_formula_has_no_value(values: list[float]) -> None:
    tally = Tally.of(np.array(values)).with_one(1.0)
    mean = float(np.average(tally.values, weights=tally.counts))
    below, at, above = (chance_above(tally, mean + off) for off in (-3e-4, 0, 3e-4))
    assert at == pytest.approx((below + above) / 2, abs=2e-7)


@given(bounded_values)
def test_it_is_ordered_turns_with_its_values_and_widens_with_the_level(values: np.ndarray) -> None:
    found, turned = mean_interval(values), mean_interval(1 - values)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert (1 - turned.high, 1 - turned.low) == pytest.approx((found.low, found.high), abs=1e-6)
    narrow = mean_interval(values, level=0.5)
    assert found.low <= narrow.low + 1e-9 and narrow.high <= found.high + 1e-9


def test_for_many_images_it_is_students_interval() -> None:
    values = np.random.default_rng(2).beta(2, 1, size=20_000)
    found = mean_interval(values)
    t = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    assert found.value == pytest.approx(values.mean())
    assert (found.low - found.value, found.high - found.value) == pytest.approx(
        (t[0] - found.value, t[1] - found.value), rel=0.02
    )


@pytest.mark.parametrize("n", [1, 5, 50, 10_000])
def test_a_perfect_run_still_has_a_lower_end(n: int) -> None:
    found = mean_interval(np.ones(n))
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025 ** (1 / n))
    assert found.low >= 1 - 3.7 / n


def test_no_image_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no image"):
        mean_interval(np.empty(0))


def test_a_value_beyond_the_bounds_widens_them() -> None:
    values = np.append(np.full(20, 0.5), 1.4)
    assert mean_interval(values).high == pytest.approx(mean_interval(values, (0, 1.4)).high)
    assert mean_interval(values).high > mean_interval(np.append(np.full(20, 0.5), 1.0)).high


def test_without_an_upper_bound_the_highest_value_seen_stands_in() -> None:
    losses = np.random.default_rng(3).exponential(size=40)
    assert mean_interval(losses, (0, None)) == mean_interval(losses, (0, losses.max()))


@pytest.mark.parametrize("infinite", [1, 3, 5])
def test_an_infinite_loss_has_no_upper_end_and_keeps_the_lower(infinite: int) -> None:
    losses = np.array([0.5, 1.0, 2.0, 0.1, 0.7])
    losses[:infinite] = np.inf
    found = mean_interval(losses, (0, None))
    assert (found.value, found.high, found.n) == (np.inf, np.inf, 5)
    assert 0 <= found.low < 2
    capped = np.minimum(losses, losses[~np.isinf(losses)].max(initial=0))
    assert found.low == pytest.approx(mean_interval(capped, (0, None)).low)


def test_differences_without_bounds_may_lie_as_far_on_the_other_side() -> None:
    # With 0 for the lowest difference there is, two images that are both above it gave p = 0.
    two = np.array([0.5, 0.6])
    assert mean_p(two, (None, None)) == pytest.approx(mean_p(-two, (None, None)))
    assert mean_p(two, (None, None)) > 0.2
    found = mean_interval(two, (None, None))
    assert -0.6 < found.low < 0 < found.high <= 0.6
    assert mean_interval(two, (None, None)) == mean_interval(two, (-0.6, 0.6))


def test_a_loss_that_is_infinite_for_the_one_never_speaks_for_it() -> None:
    # One answer of the second that is not a number makes the difference of the losses minus infinity.
    differences = np.array([0.5, -np.inf, 0.6] + [0.7] * 50)
    found = mean_interval(differences, (None, None))
    assert (found.value, found.low) == (-np.inf, -np.inf) and 0 < found.high < 0.8
    turned = mean_interval(-differences, (None, None))
    assert (turned.value, turned.low, turned.high) == pytest.approx((np.inf, -found.high, np.inf))
    assert mean_p(differences, (None, None)) == mean_p(-differences, (None, None)) == 1
    behind = np.append(np.full(50, -0.5), -np.inf)
    assert mean_interval(behind, (-1, 1)).excludes_zero and mean_p(behind) < 1e-6


@pytest.mark.parametrize("values", [[np.inf, -np.inf, 0.5], [np.nan, 0.5], [np.nan, np.inf]])
def test_infinite_either_way_says_nothing(values: list[float]) -> None:
    found = mean_interval(np.array(values), (-1, 1))
    assert np.isnan(found.value) and (found.low, found.high) == (-np.inf, np.inf)
    assert mean_p(np.array(values)) == 1


@given(st.lists(st.sampled_from([-1.0, -0.4, 0.0, 0.3, 1.0]), min_size=2, max_size=30).map(np.array))
def test_p_is_the_level_at_which_the_interval_begins_to_exclude_zero(differences: np.ndarray) -> None:
    p = mean_p(differences)
    if p < 0.99 and len(set(differences) - {-1.0, 1.0}):  # two values alone have the exact interval
        wider, narrower = (mean_interval(differences, (-1, 1), 1 - p * by) for by in (0.98, 1.02))
        assert not wider.excludes_zero and narrower.excludes_zero
    assert mean_p(-differences) == pytest.approx(p)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 500))
def test_p_under_one_condition_is_mcnemars(only_a: int, only_b: int, alike: int) -> None:
    differences = np.repeat([1.0, -1.0, 0.0], [only_a, only_b, alike])
    if len(differences):
        exact = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
        assert mean_p(differences) == pytest.approx(exact, rel=0.1)


def skewed(draw: np.random.Generator, rounds: int) -> np.ndarray:
    """30 differences whose mean is 0: mostly a little ahead, seldom far behind."""
    return np.where(draw.random((rounds, 30)) < 0.95, 0.05, -0.95)


def test_p_of_skewed_differences_holds_its_size_where_sign_flips_had_four_times_it() -> None:
    draw = np.random.default_rng(4)
    assert np.mean([mean_p(one) < 0.05 for one in skewed(draw, 1000)]) <= 0.05
    signs = draw.choice([-1.0, 1.0], size=(400, 30))
    flipped = [np.mean(np.abs(signs @ one) >= abs(one.sum()) - 1e-9) < 0.05 for one in skewed(draw, 1000)]
    assert np.mean(flipped) > 0.15


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(0.2, 0.01), (0.05, 3), (5, 0.1)]), st.integers(3, 60))
def test_it_covers_whatever_the_distribution(seed: int, shape: tuple[float, float], n: int) -> None:
    draw = np.random.default_rng(seed)
    truth = shape[0] / sum(shape)
    found = [mean_interval(draw.beta(*shape, size=n)) for _ in range(60)]
    covered = sum(holds(one, truth) for one in found)
    assert stats.binom.cdf(covered, 60, 0.95) > 1e-5


def holds(one: Estimate, truth: float) -> bool:
    return one.low <= truth <= one.high


@pytest.mark.parametrize("bounds", [(None, None), (-1, 1), (0, 1), (-1, None)])
@pytest.mark.parametrize("n", [1, 60])
def test_two_that_never_differ_show_nothing(bounds: tuple[float | None, float | None], n: int) -> None:
    assert mean_p(np.zeros(n), bounds) == greater_p(np.zeros(n), 0.0, bounds) == 1
