"""Values of what was seen in part: the right mean, and an interval that knows of the gaps."""

import numpy as np
import pytest

from withstand.statistics import condition_values, image_values, mean_over_conditions


def test_without_gaps_nothing_changes() -> None:
    values = np.random.default_rng(0).random((30, 4))
    np.testing.assert_allclose(condition_values(values), values)
    np.testing.assert_allclose(image_values(values), values.mean(axis=1))


def test_the_mean_is_that_of_the_conditions_means() -> None:
    draw = np.random.default_rng(1)
    values = draw.random((50, 6))
    values[draw.random((50, 6)) < 0.6] = np.nan
    np.testing.assert_allclose(condition_values(values).mean(axis=0), np.nanmean(values, axis=0))
    assert image_values(values).mean() == pytest.approx(np.nanmean(values, axis=0).mean())


def test_a_condition_without_images_is_an_error() -> None:
    with pytest.raises(ValueError, match="no image"):
        image_values(np.full((4, 2), np.nan))


def test_intervals_of_a_sample_cover_the_wider_world() -> None:
    draw, rounds, covered = np.random.default_rng(2), 400, 0
    for seed in range(rounds):
        values = (draw.random((200, 12)) < 0.6 + 0.3 * np.sign(draw.normal(size=(200, 1)))).astype(float)
        for column in range(12):  # each condition is shown a sixth of the images, its own
            values[draw.permutation(200)[33:], column] = np.nan
        found = mean_over_conditions(image_values(values)[:, None], resamples=400, seed=seed)
        covered += found.low <= 0.6 <= found.high
    assert 0.92 <= covered / rounds <= 0.98
