"""Means over different images: exact where one is known, covering where both are not."""

from __future__ import annotations

import numpy as np
import pytest

from withstand.analysis.beyond import beyond
from withstand.statistics import Estimate, mean_interval
from withstand.statistics.unpaired import difference, function_of_separate_means


def test_beside_a_mean_that_is_known_the_interval_is_the_other_s() -> None:
    one, known = Estimate(0.7, 0.6, 0.75, 100), Estimate(0.5, 0.5, 0.5, 50)
    found = difference(one, known)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.1, 0.25)) and found.n == 150
    turned = difference(known, one)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))


@pytest.mark.parametrize(
    ("p", "q", "n", "m"), [(0.97, 0.8, 60, 300), (0.5, 0.45, 40, 40), (0.99, 0.99, 30, 200)]
)
def test_a_difference_of_shares_is_covered(p: float, q: float, n: int, m: int) -> None:
    draw, worlds, covered = np.random.default_rng(0), 400, 0
    for _ in range(worlds):
        one, other = (draw.random(n) < p).astype(float), (draw.random(m) < q).astype(float)
        found = difference(mean_interval(one), mean_interval(other))
        covered += found.low <= p - q <= found.high
    assert covered / worlds >= 0.93


def test_accuracy_beyond_the_line_is_covered_over_separate_images() -> None:
    """Three classifiers that share each image's difficulty; the truth is that of a large draw."""

    def world(n: int, draw: np.random.Generator, hard: float) -> np.ndarray:
        difficulty, noise = draw.normal(size=(n, 1)), draw.normal(size=(n, 3))
        return (np.array([0.9, 0.4, 0.1]) - hard + difficulty + 0.7 * noise > 0).astype(float)

    def first(m: np.ndarray) -> tuple[float, np.ndarray]:
        values, slopes = beyond(m[:3], m[3:])
        return float(values[0]), slopes[0]

    large = np.random.default_rng(1)
    clean, shifted = (world(400_000, large, hard).mean(axis=0) for hard in (0, 0.6))
    truth, _ = first(np.concatenate([clean, shifted]))
    draw, worlds = np.random.default_rng(2), 200
    found = [
        function_of_separate_means([world(300, draw, 0), world(500, draw, 0.6)], first, (-1, 1))
        for _ in range(worlds)
    ]
    covered = np.mean([one.low <= truth <= one.high for one in found])
    assert 0.92 <= covered <= 0.99
    assert all(one.n == 800 for one in found)
