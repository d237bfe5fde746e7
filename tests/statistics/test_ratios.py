"""Ratios against a brute-force inversion, where the denominator may be nothing, and what they cover."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from withstand.statistics import mean_of_ratios, ratio

WEIGHTS = np.random.default_rng(1).standard_exponential((40_000, 41))


def chance(left: np.ndarray, extreme: float) -> float:
    """That what is left, and one image more that is ``extreme``, has a mean of 0 or more under drawn weights."""
    return float((WEIGHTS[:, : len(left) + 1] @ np.append(left, extreme) >= 0).mean())


def inverted(top: np.ndarray, bottom: np.ndarray) -> tuple[float, float]:
    """All the ratios that are not refused at 2.5% a side, for values of 0 and 1, by trying many."""
    tries = np.linspace(0, 4, 161)
    # The image more has a numerator of 1 and a denominator of 0; or, at the other end, 0 and 1.
    kept = [r for r in tries if chance(top - r * bottom, 1.0) > 0.025 and chance(r * bottom - top, r) > 0.025]
    return min(kept), max(kept)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 0.8), st.floats(0.1, 0.9))
def test_for_zeros_and_ones_it_is_the_inversion_by_brute_force(seed: int, base: float, share: float) -> None:
    draw = np.random.default_rng(seed)
    hard = draw.random(40)
    bottom, top = (
        (hard < base).astype(float),
        (hard + 0.2 * draw.normal(size=40) < share * base).astype(float),
    )
    found = ratio(top, bottom)
    if not math.isfinite(found.high):
        return
    low, high = inverted(top, bottom)
    assert (found.low, min(found.high, 4)) == pytest.approx((low, high), abs=0.06)  # steps of 0.025
    assert chance(top - found.high * bottom, 1.0) == pytest.approx(0.025, abs=0.006)
    assert found.low <= found.value <= found.high


def test_a_ratio_by_a_constant_is_the_mean_in_another_unit() -> None:
    draw = np.random.default_rng(2)
    top = draw.random(3000)
    found = ratio(top, np.full(3000, 0.5))
    reach = 1.96 * top.std() / np.sqrt(3000) / 0.5
    assert found.value == pytest.approx(2 * top.mean())
    assert found.half_width == pytest.approx(reach, rel=0.05)


def test_against_itself_a_ratio_is_one() -> None:
    errors = np.repeat([0.0, 1.0], [30, 20])
    found = ratio(errors, errors)
    assert found.value == 1 and found.low < 1 < found.high


@pytest.mark.parametrize("low", [0, -1])
def test_a_denominator_of_nothing_gives_no_value_and_no_end(low: float) -> None:
    found = ratio(np.array([1.0, 0.0, 1.0]), np.zeros(3), low)
    assert math.isnan(found.value) and found.high == math.inf and found.n == 3
    assert found.low == (0 if low == 0 else -math.inf)


def test_a_denominator_that_may_be_nothing_gives_a_value_without_an_end() -> None:
    errors = np.repeat([0.0, 1.0], [58, 2])
    # Errors can be no fewer than none, so by themselves they do not reach 0; what is added to the clean ones may.
    added = np.repeat([0.0, 1.0, -1.0], [55, 3, 2])
    found = ratio(errors, added, low=-1)
    assert found.value == pytest.approx(2)
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert ratio(errors, errors).high > 3


def test_one_ratio_with_no_end_leaves_the_mean_of_all_without_one() -> None:
    draw = np.random.default_rng(3)
    top = draw.integers(0, 2, size=(50, 3)).astype(float)
    bottom = top.copy()
    bottom[:, 1] = 0
    found = mean_of_ratios(top, bottom)
    assert math.isnan(found.value) and (found.low, found.high) == (0, math.inf)
    one = mean_of_ratios(top[:, :1], bottom[:, :1])
    assert one == ratio(top[:, 0], bottom[:, 0])


def test_copies_of_one_ratio_have_its_interval_and_others_together_a_narrower_one() -> None:
    draw = np.random.default_rng(4)
    top, bottom = ((draw.random((400, 8)) < share).astype(float) for share in (0.3, 0.5))
    one = ratio(top[:, 0], bottom[:, 0])
    copies = mean_of_ratios(np.repeat(top[:, :1], 8, axis=1), np.repeat(bottom[:, :1], 8, axis=1))
    assert (copies.value, copies.low, copies.high) == pytest.approx((one.value, one.low, one.high))
    assert mean_of_ratios(top, bottom).half_width < 0.5 * one.half_width


def test_ratios_cover_at_small_size() -> None:
    draw, rounds = np.random.default_rng(5), 150
    alone = together = 0
    for _ in range(rounds):
        hard = draw.random((40, 1))
        top, bottom = ((hard + 0.3 * draw.random((40, 3)) < share).astype(float) for share in (0.35, 0.5))
        one, three = ratio(top[:, 0], bottom[:, 0]), mean_of_ratios(top, bottom)
        truth = (0.35 - 0.15) / (0.5 - 0.15)
        alone += one.low <= truth <= one.high
        together += three.low <= truth <= three.high
    assert alone / rounds >= 0.94 and together / rounds >= 0.94
