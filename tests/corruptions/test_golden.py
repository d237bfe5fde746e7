"""The eight corruptions without randomness, against the reference code's own images."""

import numpy as np
import pytest
from tests.corruptions.conftest import DETERMINISTIC

from withstand.corruptions import SEVERITIES, corrupt

# Zoom blur sums in another order than SciPy: one value of these 368,640 is cut to another level.
RESIDUAL = {"zoom_blur": 0.00002}


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("corruption", DETERMINISTIC)
def test_the_reference_s_images_are_met(
    golden: dict[str, np.ndarray], corruption: str, severity: int
) -> None:
    ours = corrupt(golden["clean"], corruption, severity)
    difference = np.abs(ours.astype(int) - golden[corruption][severity - 1])
    assert difference.max() <= (1 if corruption in RESIDUAL else 0)
    assert (difference > 0).mean() <= RESIDUAL.get(corruption, 0)


def test_the_deterministic_draw_nothing(golden: dict[str, np.ndarray]) -> None:
    for corruption in DETERMINISTIC:
        one, other = (corrupt(golden["clean"][:4], corruption, 3, seed=seed) for seed in (0, 1))
        assert (one == other).all()
