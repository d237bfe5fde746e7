"""One value an image: means over conditions of what was seen in whole or in part, and intervals that cover."""

import numpy as np
import pytest
from scipy import stats

from withstand.analysis.pairs import differences
from withstand.statistics import (
    condition_values,
    image_values,
    mean_interval,
    mean_over_conditions,
    paired_difference,
    seen,
    wilson,
)


def test_without_gaps_nothing_changes() -> None:
    values = np.random.default_rng(0).random((30, 4))
    np.testing.assert_allclose(condition_values(values), values)
    np.testing.assert_allclose(image_values(values), values.mean(axis=1))
    assert mean_over_conditions(values) == mean_interval(values.mean(axis=1))


def test_the_mean_is_that_of_the_conditions_means() -> None:
    draw = np.random.default_rng(1)
    values = draw.random((50, 6))
    values[draw.random((50, 6)) < 0.6] = np.nan
    np.testing.assert_allclose(condition_values(values).mean(axis=0), np.nanmean(values, axis=0))
    assert image_values(values).mean() == pytest.approx(np.nanmean(values, axis=0).mean())


def test_n_is_the_images_seen() -> None:
    values = np.full((50, 3), np.nan)
    values[10:17] = 1
    values[3, 2] = 0
    assert seen(values).nonzero()[0].tolist() == [3, *range(10, 17)]
    assert mean_over_conditions(values).n == 8
    assert mean_over_conditions(values).value == pytest.approx((1 + 1 + 7 / 8) / 3)


def test_rows_that_nobody_saw_change_nothing() -> None:
    values = np.random.default_rng(2).random((20, 4))
    padded = np.concatenate([values, np.full((500, 4), np.nan)])
    assert mean_over_conditions(padded) == mean_over_conditions(values)


def test_a_condition_without_images_is_an_error() -> None:
    with pytest.raises(ValueError, match="no image"):
        image_values(np.full((4, 2), np.nan))


def test_intervals_of_a_sample_cover_the_wider_world() -> None:
    draw, rounds, covered = np.random.default_rng(2), 400, 0
    for _ in range(rounds):
        values = (draw.random((200, 12)) < 0.6 + 0.3 * np.sign(draw.normal(size=(200, 1)))).astype(float)
        for column in range(12):  # each condition is shown a sixth of the images, its own
            values[draw.permutation(200)[33:], column] = np.nan
        found = mean_over_conditions(values)
        covered += found.low <= 0.6 <= found.high
    assert 0.93 <= covered / rounds <= 0.99


def clustered(draw: np.random.Generator, n: int, conditions: int) -> np.ndarray:
    """Right or wrong by an image's own difficulty, shared by all the conditions; right half the time."""
    chance = stats.norm.cdf(1.5 * draw.normal(size=(n, 1)))
    return (draw.random((n, conditions)) < chance).astype(float)


def test_intervals_cover_clustered_data_and_the_naive_ones_do_not() -> None:
    draw, rounds = np.random.default_rng(11), 400
    covered = naive = 0
    for _ in range(rounds):
        values = clustered(draw, 120, 20)
        found = mean_over_conditions(values)
        covered += found.low <= 0.5 <= found.high
        rows = wilson(int(values.sum()), values.size)  # as if every row were a draw of its own
        naive += rows.low <= 0.5 <= rows.high
    assert 0.93 <= covered / rounds <= 0.99
    assert naive / rounds < 0.7


@pytest.mark.parametrize("together", [True, False])
def test_a_mean_near_all_right_is_covered_where_few_images_err(together: bool) -> None:
    draw, rounds, covered = np.random.default_rng(12), 300, 0
    for _ in range(rounds):
        wrong = np.zeros((100, 5))
        if together:  # one image in a thousand, wrong under every condition
            wrong[draw.random(100) < 0.001] = 1
        else:
            wrong = (draw.random((100, 5)) < 0.001).astype(float)
        found = mean_over_conditions(1 - wrong)
        assert found.low < 1
        covered += found.low <= 0.999 <= found.high
    assert covered / rounds >= 0.95


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
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), abs=1e-7)


def test_a_difference_seen_in_one_image_of_a_thousand_has_a_width() -> None:
    a = np.ones((1000, 3))
    b = a.copy()
    assert paired_difference(a, b).half_width > 0.003  # none differed: up to 3.7 in a thousand might
    b[0] = 0
    found = paired_difference(a, b)
    assert found.low < 0 < 0.001 < found.high


def test_paired_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="not paired"):
        paired_difference(np.zeros((3, 2)), np.zeros((4, 2)))


def test_an_infinite_loss_in_a_sample_is_an_infinite_mean() -> None:
    losses = np.random.default_rng(6).random((20, 3))
    losses[5, 0], losses[3, 1] = np.nan, np.inf
    found = mean_over_conditions(losses, (0, None))
    assert (found.value, found.high, found.n) == (np.inf, np.inf, 20) and found.low >= 0
    assert condition_values(losses)[:, [0, 2]].mean(axis=0) == pytest.approx(
        np.nanmean(losses[:, [0, 2]], axis=0)
    )


def test_a_difference_of_losses_has_no_bound_that_two_images_could_reach() -> None:
    before = np.array([[0.5], [0.7]])
    found = paired_difference(before + [[0.5], [0.6]], before, None)
    assert found.value == pytest.approx(0.55) and found.low < 0 < found.high <= 0.6
    hurt = paired_difference(np.array([[np.inf], [0.4], [0.5]]), np.array([[np.inf], [0.5], [0.4]]), None)
    assert hurt.n == 3 and hurt.value == pytest.approx(0)


def test_two_infinite_losses_are_equal_and_an_unseen_image_is_unseen() -> None:
    one = np.array([[np.inf], [0.5], [np.nan], [1.0]])
    other = np.array([[np.inf], [0.2], [0.3], [np.inf]])
    assert differences(one, other).tolist() == [0, 0.3, -np.inf]


def test_one_image_is_no_reason_to_fail_nor_to_be_sure() -> None:
    found = mean_over_conditions(np.ones((1, 3)))
    assert (found.value, found.high, found.n) == (1, 1, 1)
    assert found.low == pytest.approx(0.025)
