"""Seeds and images as two sources of variance."""

import numpy as np
import pytest
from scipy import stats

from withstand.statistics import over_seeds, seeds_p


def trainings(draw: np.random.Generator, s: int, n: int, seeds: float, images: float = 0.3) -> np.ndarray:
    return 0.7 + seeds * draw.normal(size=(s, 1)) + images * draw.normal(size=n) + draw.normal(size=(s, n))


@pytest.mark.parametrize(("s", "seeds"), [(3, 0.1), (5, 0.02), (3, 0.0)])
def test_it_covers_what_another_training_on_other_images_gives(s: int, seeds: float) -> None:
    draw = np.random.default_rng(5)
    found = [over_seeds(trainings(draw, s, 300, seeds)) for _ in range(800)]
    covered = np.mean([one.low <= 0.7 <= one.high for one in found])
    # Few seeds cannot show that they matter little: a little wide there, never narrow.
    assert 0.935 <= covered <= 0.98


def test_where_seeds_are_all_that_matters_it_is_students_interval_of_their_means() -> None:
    a = np.array([[0.1], [0.3], [0.35]]) + np.zeros((1, 50))
    found = over_seeds(a)
    expected = stats.t.interval(0.95, 2, a[:, 0].mean(), stats.sem(a[:, 0]))
    assert (found.low, found.high) == pytest.approx(expected)


def test_resampling_images_alone_is_too_sure() -> None:
    draw = np.random.default_rng(6)
    naive = 0
    for _ in range(300):
        mean = trainings(draw, 3, 300, 0.1).mean(axis=0)
        reach = 1.96 * mean.std(ddof=1) / np.sqrt(300)
        naive += abs(mean.mean() - 0.7) <= reach
    assert naive / 300 < 0.85


def test_a_difference_of_two_models_pairs_the_images() -> None:
    draw, covered = np.random.default_rng(7), 0
    for _ in range(600):
        image = 0.5 * draw.normal(size=200)
        a, b = (
            image + m + 0.05 * draw.normal(size=(k, 1)) + 0.3 * draw.normal(size=(k, 200))
            for m, k in ((0.1, 3), (0, 4))
        )
        found = over_seeds(a, b)
        covered += found.low <= 0.1 <= found.high
    assert covered / 600 >= 0.93  # a little wide: both sides have few seeds


def test_one_seed_says_nothing_of_seeds() -> None:
    with pytest.raises(ValueError, match="two or more"):
        over_seeds(np.zeros((1, 5)))
    with pytest.raises(ValueError, match="not paired"):
        over_seeds(np.zeros((2, 5)), np.zeros((2, 6)))


def test_p_is_the_level_at_which_the_interval_begins_to_exclude_zero() -> None:
    draw = np.random.default_rng(8)
    for up in (0.05, 0.2, -0.4):
        a = up + trainings(draw, 3, 100, 0.05) - 0.7
        p = seeds_p(a)
        assert not over_seeds(a, level=1 - 0.99 * p).excludes_zero
        assert p > 0.99 or over_seeds(a, level=1 - min(1.0, 1.01 * p)).excludes_zero


def test_p_where_seeds_are_all_that_matters_is_students() -> None:
    a = np.array([[0.1], [0.3], [0.35]]) + np.zeros((1, 50))
    assert seeds_p(a) == pytest.approx(stats.ttest_1samp(a[:, 0], 0).pvalue, rel=1e-3)


def test_one_image_says_nothing_of_others():
    found = over_seeds(np.array([[1.0], [0.0]]), np.array([[0.0], [0.0]]))
    assert (found.value, found.low, found.high, found.n) == (0.5, -np.inf, np.inf, 1)
