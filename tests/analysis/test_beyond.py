"""Effective robustness of all models at once is that of each alone."""

import numpy as np
import pytest

from withstand.analysis import merit
from withstand.analysis.beyond import effective_robustness


@pytest.mark.parametrize("models", [2, 3, 6])
def test_it_is_what_each_has_by_the_line_through_the_others(models):
    draw = np.random.default_rng(1)
    able = np.linspace(0.5, 0.95, models)[:, None]
    clean = (draw.random((models, 300)) < able).astype(float)
    shifted = np.round(draw.random((models, 300)) * able, 1)
    both = [np.stack(each, axis=1) for each in zip(clean, shifted, strict=True)]
    for place, found in enumerate(effective_robustness(clean, shifted)):
        alone = merit.effective_robustness(both[place], [one for k, one in enumerate(both) if k != place])
        assert [found.value, found.low, found.high] == pytest.approx(
            [alone.value, alone.low, alone.high], abs=1e-6
        )


def test_a_perfect_model_and_equal_ones_have_one_too():
    clean = np.ones((3, 50))
    shifted = np.repeat([[1.0], [0.9], [0.0]], 50, axis=1)
    assert all(
        np.isfinite([one.value, one.low, one.high]).all() for one in effective_robustness(clean, shifted)
    )
