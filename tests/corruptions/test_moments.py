"""All 95 cells on 1,000 real images, with our own randomness, against the reference's statistics.

The reference itself, run again with other draws, passes all of these.
"""

import numpy as np
import pytest
from tests.corruptions.conftest import need_textures

from withstand.corruptions import CORRUPTIONS, SEVERITIES, corrupt


def statistics(images: np.ndarray, clean: np.ndarray) -> dict[str, np.ndarray]:
    """As the reference's were taken: in units of 255; gradients along rows."""
    difference = images.astype(np.float32) - clean
    rmse = np.sqrt((difference**2).mean(axis=(1, 2, 3))) / 255
    gradient = np.abs(np.diff(images.astype(np.int16), axis=2)).mean(axis=(1, 2, 3)) / 255
    return {
        "mean_diff": difference.mean() / 255,
        "channel_mean_diff": difference.mean(axis=(0, 1, 2)) / 255,
        "rmse_mean": rmse.mean(),
        "rmse_std": rmse.std(),
        "gradient_mean": gradient.mean(),
    }


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_moments_are_those_of_the_reference(thousand: np.ndarray, moments: dict, corruption: str) -> None:
    need_textures(corruption)
    for severity in SEVERITIES:
        theirs = moments[f"{corruption}/{severity}"]
        ours = statistics(corrupt(thousand, corruption, severity, seed=1), thousand)
        assert abs(ours["mean_diff"] - theirs["mean_diff"]) < 0.006
        assert np.abs(ours["channel_mean_diff"] - theirs["channel_mean_diff"]).max() < 0.006
        assert ours["rmse_mean"] == pytest.approx(theirs["rmse_mean"], rel=0.04, abs=0.002)
        assert ours["rmse_std"] == pytest.approx(theirs["rmse_std"], rel=0.12)
        assert ours["gradient_mean"] == pytest.approx(theirs["gradient_mean"], rel=0.04)
