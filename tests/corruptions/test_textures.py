"""What moments cannot see: at which scales, and in which directions, neighbouring pixels change together.

The reference's images of the 24 golden photographs are one draw; the same corruption of the same photographs, drawn
many times by us, says how far such a draw may lie from the mean.
"""

import numpy as np
import pytest
from tests.corruptions.conftest import need_textures

from withstand.corruptions import SEVERITIES, corrupt

DRAWS = 40
LAGS = [(0, 1), (1, 0), (1, 1), (1, -1), (0, 3), (3, 0), (3, 3), (3, -3), (0, 8), (8, 0)]
BANDS = [(0.5, 2), (2, 5), (5, 10), (10, 17)]
FREQUENCY = np.fft.fftfreq(32, 1 / 32)
RADIUS = np.hypot(FREQUENCY[:, None], FREQUENCY[None])
ACROSS = np.abs(FREQUENCY[None]) > np.abs(FREQUENCY[:, None])  # waves that run along rows


def textures(images: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    """Autocorrelation and log power spectrum of the change, by lag, band and direction, over all images."""
    change = (images.astype(np.float32) - clean).mean(axis=3)
    change -= change.mean(axis=(1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(change)) ** 2).mean(axis=0)
    correlation = np.fft.ifft2(power).real
    found = {f"lag {lag}": correlation[lag] / correlation[0, 0] for lag in LAGS}
    for low, high in BANDS:
        ring = (low <= RADIUS) & (high > RADIUS)
        for name, half in (("across", ACROSS), ("along", ~ACROSS)):
            found[f"band {low} to {high} {name}"] = np.log(power[ring & half].sum())
    return found


def unlike(images: np.ndarray, clean: np.ndarray, corruption: str, severity: int) -> dict[str, float]:
    """By how many of our standard deviations each statistic of ``images`` misses the mean of our draws."""
    ours = [textures(corrupt(clean, corruption, severity, seed=seed), clean) for seed in range(DRAWS)]
    theirs = textures(images, clean)
    values = {key: [one[key] for one in ours] for key in theirs}
    return {
        key: abs(theirs[key] - np.mean(drawn)) / (np.std(drawn, ddof=1) + 1e-6)
        for key, drawn in values.items()
    }


@pytest.mark.parametrize(
    "corruption", ["fog", "snow", "spatter", "elastic_transform", "motion_blur", "glass_blur", "frost"]
)
def test_the_reference_could_be_one_of_our_draws(golden: dict[str, np.ndarray], corruption: str) -> None:
    need_textures(corruption)
    for severity in SEVERITIES:
        missed = unlike(golden[corruption][severity - 1], golden["clean"], corruption, severity)
        assert max(missed.values()) < 5, (severity, max(missed, key=missed.__getitem__))


@pytest.mark.parametrize("corruption", ["snow", "motion_blur"])
def test_a_wrong_direction_would_be_seen(golden: dict[str, np.ndarray], corruption: str) -> None:
    """The same, with rows for columns: no moment changes, these do."""
    clean = golden["clean"]
    turned = corrupt(clean.transpose(0, 2, 1, 3), corruption, 5, seed=DRAWS).transpose(0, 2, 1, 3)
    assert max(unlike(turned, clean, corruption, 5).values()) > 7


@pytest.mark.parametrize("corruption", ["fog", "spatter", "elastic_transform"])
def test_a_wrong_scale_would_be_seen(golden: dict[str, np.ndarray], corruption: str) -> None:
    """The same, with the constants of another severity."""
    clean = golden["clean"]
    assert max(unlike(corrupt(clean, corruption, 3, seed=DRAWS), clean, corruption, 5).values()) > 7
