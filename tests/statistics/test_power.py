"""How many images: against the formula of the normal distribution, itself turned round, and the ends of intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from withstand.statistics import Pilot, cluster_values, greater_p, mean_interval

Z = float(stats.norm.ppf(0.95) + stats.norm.ppf(0.8))
DRAW = np.random.default_rng(3)


def values(n: int = 4000, moved: float = 0.3) -> np.ndarray:
    return DRAW.choice([-1.0, 0.0, 0.5, 1.0], size=n, p=[moved / 2, 1 - moved, moved / 4, moved / 4])


@pytest.mark.parametrize("distance", [0.005, 0.01, 0.03, 0.1])
def test_many_images_are_those_of_the_normal_distribution(distance):
    pilot = Pilot.of(values())
    assert pilot.needed(distance, 0.05) == pytest.approx(
        (Z * pilot.deviation / distance) ** 2, rel=0.1, abs=30
    )


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_needed_power_and_detectable_turn_each_other_round(power):
    pilot = Pilot.of(values())
    n = pilot.needed(0.02, 0.025, power)
    assert n is not None
    assert pilot.power(n, 0.02, 0.025) == pytest.approx(power, abs=0.01)
    assert pilot.detectable(n, 0.025, power) == pytest.approx(0.02, rel=0.01)


def test_equivalence_takes_more_than_one_test_and_none_where_the_truth_is_at_the_margin():
    pilot = Pilot.assumed(0.1)
    one, both = pilot.needed(0.01, 0.05), pilot.needed_within(0.0, 0.01, 0.05)
    assert one is not None and both is not None and both > one
    assert pilot.needed_within(0.01, 0.01, 0.05) is None
    assert pilot.needed(0.0, 0.05) is None


def test_two_that_never_differ_take_what_rare_errors_do():
    assert Pilot.of(np.zeros(50)).needed(0.01, 0.05) == pytest.approx(300, abs=3)  # 3 / n


def test_conditions_that_say_something_new_spare_images():
    alike, apart = (Pilot.assumed(0.1, conditions=20, alike=one).needed(0.01, 0.05) for one in (1.0, 0.0))
    assert alike is not None and apart is not None
    assert apart < alike / 4


@pytest.mark.parametrize("rates", [(0, 1, 1.0), (1.5, 1, 1.0), (0.1, 0, 1.0), (0.1, 1, -0.1)])
def test_rates_lie_between_0_and_1(rates):
    with pytest.raises(ValueError, match="between 0 and 1"):
        Pilot.assumed(*rates)


def test_a_pilot_needs_two_images():
    with pytest.raises(ValueError, match="two images"):
        Pilot.of(np.array([1.0]))


@given(st.lists(st.sampled_from([-1.0, -0.25, 0.0, 0.5, 1.0]), min_size=2, max_size=40), st.floats(0.01, 0.2))
def test_greater_p_is_where_the_interval_s_end_lies(drawn, alpha):
    given_ = np.array(drawn)
    low = mean_interval(given_, (-1, 1), 1 - 2 * alpha).low
    if low > -1 + 1e-6 and low < given_.mean() - 1e-6:
        assert greater_p(given_, low) == pytest.approx(alpha, rel=0.05)
        assert greater_p(given_, low - 0.01) < alpha < greater_p(given_, low + 0.01) + 1e-9


def test_a_mean_that_is_no_number_shows_nothing():
    assert greater_p(np.array([np.nan, 1.0])) == 1 == greater_p(np.array([np.inf, 0.0]))


# Some builds of torch (2.4) set the processor to take the smallest numbers for 0.
@given(
    st.lists(st.tuples(st.floats(-1, 1, allow_subnormal=False), st.integers(0, 3)), min_size=1, max_size=30)
)
def test_clusters_keep_the_mean(rows):
    each, of = np.array([v for v, _ in rows]), np.array([c for _, c in rows])
    found = cluster_values(each, of)
    assert len(found) == len(set(of.tolist()))
    assert found.mean() == pytest.approx(each.mean(), abs=1e-9)


def test_images_that_are_alike_count_as_one():
    each = values(500)
    assert np.allclose(np.sort(cluster_values(np.repeat(each, 6), np.arange(3000) // 6)), np.sort(each))
    once, six = Pilot.of(each), Pilot.of(each, images=6)
    assert six.needed(0.02, 0.05) == pytest.approx(6 * (once.needed(0.02, 0.05) or 0), rel=0.01)


def test_a_part_of_a_cluster_shows_nothing_and_says_so():
    large = Pilot.of(np.array([-1.0, 0, 0, 0, 0, 1]), images=500)
    assert large.reach(2, 0.05) == pytest.approx(large.bounds[1] + large.mean, abs=1e-6)
    assert large.power(50, 0.1, 0.05) < 0.5
    assert large.detectable(50, 0.05) == 2, "no difference at all"
    assert large.needed(0.1, 0.05) > 500


@pytest.mark.parametrize("power", [0.5, 0.8])
@pytest.mark.parametrize("distance", [1e-4, 0.01, 0.3])
def test_what_is_needed_has_the_power_and_one_image_less_has_not(distance, power):
    for pilot in (Pilot.of(np.zeros(10)), Pilot.assumed(0.1), Pilot.of(np.arange(60) % 7 / 6 - 0.4)):
        n = pilot.needed(distance, 0.05, power)
        assert n is None or pilot.power(1.00001 * n, distance, 0.05) >= power
        assert n is None or n <= 2 or pilot.power(0.999 * n - 1, distance, 0.05) < power


def test_turned_it_is_the_pilot_of_the_difference_the_other_way_round():
    given = np.resize([-1.0, 0, 0, 0.5, 0.5, 0, 1], 70)
    pilot, other = Pilot.of(given, bounds=(-1, 2)), Pilot.of(-given, bounds=(-2, 1))
    assert pilot.turned.mean == pytest.approx(other.mean)
    assert pilot.turned.needed(0.1, 0.05) == other.needed(0.1, 0.05)
    assert pilot.needed(0.1, 0.05) != other.needed(0.1, 0.05), "skewed"
