"""Figures of merit from one value an image, against their definitions by hand; where they are not defined, too."""

import math

import numpy as np
import pytest
from scipy.special import expit, logit

from withstand.analysis.merit import (
    agreement,
    drop,
    effective_robustness,
    mce,
    relative_drop,
    relative_mce,
)

N = 20


def shares(*of: float) -> np.ndarray:
    """N×K values of 0 and 1 with these means."""
    return np.stack([(np.arange(N) < round(share * N)).astype(float) for share in of], axis=1)


def test_drops_by_hand() -> None:
    both = shares(0.8, 0.6)
    assert drop(both).value == pytest.approx(0.2)
    assert relative_drop(both).value == pytest.approx(0.25)
    for found in (drop(both), relative_drop(both)):
        assert found.low < found.value < found.high <= 1 and found.n == N


def test_a_drop_pairs_the_images() -> None:
    hard_both = drop(shares(0.5, 0.5))
    clean, corrupted = shares(0.5, 0.5).T
    apart = drop(np.stack([clean, corrupted[::-1]], axis=1))
    assert hard_both.value == apart.value == 0
    assert hard_both.half_width < 0.6 * apart.half_width


def test_corruption_errors_by_hand() -> None:
    errors, baseline = shares(0.2, 0.3), shares(0.4, 0.5)
    assert mce(errors, baseline).value == pytest.approx((0.5 + 0.6) / 2)
    assert mce(baseline, baseline).value == 1
    found = relative_mce(errors, shares(0.1), baseline, shares(0.2))
    assert found.value == pytest.approx((0.1 / 0.2 + 0.2 / 0.3) / 2)
    assert mce(errors, baseline).low < 0.55 < mce(errors, baseline).high


def test_without_an_error_of_the_baselines_there_is_no_mce_and_no_nan_where_it_has_few() -> None:
    errors = shares(0.2, 0.3)
    none = mce(errors, shares(0.4, 0))
    assert math.isnan(none.value) and (none.low, none.high) == (0, math.inf)
    few = mce(errors, shares(0.4, 0.05))  # one image: in a third of all resamples it is not there
    assert few.value == pytest.approx((0.5 + 6) / 2)
    assert 0 <= few.low < few.value < few.high and not math.isnan(few.low + few.high)
    # What corruption adds may be less than nothing: there the ratio has no end on either side.
    unsure = relative_mce(errors, shares(0.1), shares(0.2, 0.3), shares(0.25))
    assert (unsure.low, unsure.high) == (-math.inf, math.inf)


def test_a_lost_accuracy_of_nothing_at_all_is_not_known() -> None:
    never = relative_drop(shares(0, 0))
    assert math.isnan(never.value) and never.high == 1 and never.low == -math.inf


def test_effective_robustness_of_images_is_that_of_their_means() -> None:
    own, reference = shares(0.8, 0.6), shares(0.9, 0.5)
    found = effective_robustness(own, [reference])
    expected = 0.6 - expit(logit(0.5) + logit(0.8) - logit(0.9))
    assert found.value == pytest.approx(expected)
    assert -1 <= found.low < found.value < found.high <= 1 and found.n == N
    assert effective_robustness(own, [own]).value == pytest.approx(0, abs=1e-9)


def test_error_consistency_is_cohens_kappa_and_overlap_is_jaccards() -> None:
    sk = pytest.importorskip("sklearn.metrics")
    draw = np.random.default_rng(0)
    hard = draw.normal(size=(500, 3))
    a, b = hard + draw.normal(size=(500, 3)) < 0.5, hard + draw.normal(size=(500, 3)) < 0.2
    found = agreement(a.astype(float), b.astype(float))
    pairs = list(zip(a.T, b.T, strict=True))
    assert found.alike.value == pytest.approx((a == b).mean())
    assert found.consistency.value == pytest.approx(np.mean([sk.cohen_kappa_score(*pair) for pair in pairs]))
    overlaps = [sk.jaccard_score(~one, ~other) for one, other in pairs]
    assert found.overlap.value == pytest.approx(np.mean(overlaps))
    for one in (found.alike, found.consistency, found.overlap):
        assert one.low < one.value < one.high


def test_agreement_is_of_the_images_that_both_saw() -> None:
    a, b = shares(0.8, 0.7), shares(0.6, 0.9)
    a[:5], b[15:] = np.nan, np.nan
    middle = agreement(a[5:15], b[5:15])
    found = agreement(a, b)
    assert found.alike.value == pytest.approx(middle.alike.value)
    assert found.overlap.value == pytest.approx(middle.overlap.value, nan_ok=True)


@pytest.mark.parametrize("errs", [0, 1])
def test_two_that_never_err_agree_and_nothing_is_known_of_their_errors(errs: int) -> None:
    right = np.ones((N, 2))
    other = right.copy()
    other[:errs, 0] = 0
    found = agreement(right, other)
    assert found.alike.value == 1 - errs / N / 2 and found.alike.low < found.alike.value
    assert math.isnan(found.overlap.value) == math.isnan(found.consistency.value) is True
    assert (found.overlap.low, found.overlap.high) == (0, 1)
    assert found.consistency.low >= -1 and found.consistency.high == 1


def test_a_baseline_that_loses_nothing_but_rounding_gives_no_number():
    """0.1 + 0.2 − 0.3 is not 0: by that, the relative mCE was 2e16."""
    errors, clean = np.full((10, 1), 0.3), np.full((10, 1), 0.1)
    found = relative_mce(errors, clean, np.full((10, 1), 0.1 + 0.2), np.full((10, 1), 0.3))
    assert math.isnan(found.value) and (found.low, found.high) == (-math.inf, math.inf)
