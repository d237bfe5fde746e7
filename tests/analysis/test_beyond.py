"""Effective robustness of all models at once: the distance of each from the line through the others."""

import numpy as np
import pytest
from scipy.special import expit, logit

from withstand.analysis import merit
from withstand.analysis.beyond import beyond, effective_robustness


def plainly(clean, shifted, place):
    """One model's, by NumPy's fit of a line."""
    others = np.arange(len(clean)) != place
    x, y = logit(clean[others]), logit(shifted[others])
    slope = np.polyfit(x, y, 1)[0] if len(x) > 1 else 1.0
    return shifted[place] - expit(y.mean() + slope * (logit(clean[place]) - x.mean()))


@pytest.mark.parametrize("models", [2, 3, 6])
def test_it_is_the_distance_from_the_line_through_the_others_on_logit_axes(models):
    draw = np.random.default_rng(1)
    clean, shifted = draw.uniform(0.3, 0.95, models), draw.uniform(0.1, 0.9, models)
    values, slopes = beyond(clean, shifted)
    assert values == pytest.approx([plainly(clean, shifted, place) for place in range(models)])
    for moved in range(2 * models):
        step = 1e-6 * (np.arange(2 * models) == moved)
        more, fewer = (
            [plainly(clean + way * step[:models], shifted + way * step[models:], k) for k in range(models)]
            for way in (1, -1)
        )
        assert slopes[:, moved] == pytest.approx((np.array(more) - fewer) / 2e-6, rel=1e-4, abs=1e-6)


def test_intervals_are_those_of_one_alone_whatever_the_order():
    draw = np.random.default_rng(1)
    able = np.linspace(0.5, 0.95, 4)[:, None]
    clean = (draw.random((4, 300)) < able).astype(float)
    shifted = np.round(draw.random((4, 300)) * able, 1)
    both = [np.stack(each, axis=1) for each in zip(clean, shifted, strict=True)]
    for place, found in enumerate(effective_robustness(clean, shifted)):
        alone = merit.effective_robustness(
            both[place], [one for k, one in enumerate(both) if k != place][::-1]
        )
        assert [found.value, found.low, found.high] == pytest.approx([alone.value, alone.low, alone.high])
        assert found.low < found.value < found.high


@pytest.mark.parametrize("images", [300, 1000])
def test_references_that_are_equally_right_clean_have_a_line_of_slope_1(images):
    """Their means differ by rounding at most; by that, a slope was taken that moved the value by 60 points."""
    draw = np.random.default_rng(2)
    right = np.arange(images) < 0.7 * images
    own = np.stack([np.arange(images) < 0.8 * images, np.arange(images) < 0.6 * images], axis=1).astype(float)
    references = [
        np.stack([draw.permutation(right), draw.random(images) < share], axis=1).astype(float)
        for share in (0.3, 0.5, 0.6)
    ]
    found = merit.effective_robustness(own, references)
    shifted = np.mean([logit(one[:, 1].mean()) for one in references])
    assert found.value == pytest.approx(0.6 - expit(shifted + logit(0.8) - logit(0.7)))
    assert found.value - 0.15 < found.low < found.value < found.high < found.value + 0.15


def test_a_perfect_model_and_equal_ones_have_one_too():
    clean = np.ones((3, 50))
    shifted = np.repeat([[1.0], [0.9], [0.0]], 50, axis=1)
    assert all(
        np.isfinite([one.value, one.low, one.high]).all() for one in effective_robustness(clean, shifted)
    )
