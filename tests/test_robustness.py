"""Figures of merit made of means, against their definitions by hand."""

import numpy as np
import pytest
from withstand.robustness import (
    effective_robustness,
    error_consistency,
    error_overlap,
    mce,
    relative_drop,
    relative_mce,
)


def test_drops_and_corruption_errors_by_hand() -> None:
    assert relative_drop(np.array(0.8), np.array(0.6)) == pytest.approx(0.25)
    errors, baseline = np.array([0.2, 0.3]), np.array([0.4, 0.5])
    assert mce(errors, baseline) == pytest.approx((0.5 + 0.6) / 2)
    found = relative_mce(errors, np.array(0.1), baseline, np.array(0.2))
    assert found == pytest.approx((0.1 / 0.2 + 0.2 / 0.3) / 2)
    assert mce(baseline, baseline) == 1


def test_effective_robustness_is_the_distance_from_the_line_on_logit_axes() -> None:
    def share(x: float) -> float:
        return 1 / (1 + np.exp(-x))

    clean = np.array([share(x) for x in (1.0, 2.0, 3.0)])
    shifted = np.array([share(0.5 * x - 0.2) for x in (1.0, 2.0, 3.0)])
    found = effective_robustness(np.array(share(2.5)), np.array(0.9), clean, shifted)
    assert found == pytest.approx(0.9 - share(0.5 * 2.5 - 0.2))
    # One reference gives no slope: the line through it that moves as clean accuracy does.
    alone = effective_robustness(np.array(share(2.5)), np.array(0.9), clean[:1], shifted[:1])
    assert alone == pytest.approx(0.9 - share(0.3 + 1.5))


def test_error_consistency_is_cohens_kappa_and_overlap_is_jaccards() -> None:
    sk = pytest.importorskip("sklearn.metrics")
    draw = np.random.default_rng(0)
    hard = draw.normal(size=500)
    a, b = hard + draw.normal(size=500) < 0.5, hard + draw.normal(size=500) < 0.2
    means = a.mean(), b.mean(), (a == b).mean()
    assert error_consistency(*means) == pytest.approx(sk.cohen_kappa_score(a, b))
    assert error_overlap(*means) == pytest.approx(sk.jaccard_score(~a, ~b))


def test_they_take_resampled_means_as_they_take_means() -> None:
    draw = np.random.default_rng(1)
    many, base = draw.random((7, 5)), draw.random((7, 5))
    assert mce(many, base).tolist() == pytest.approx([mce(x, y) for x, y in zip(many, base, strict=True)])
    found = effective_robustness(many[:, 0], many[:, 1], many[:, :3], base[:, :3])
    assert found.shape == (7,)
    one = effective_robustness(many[3, 0], many[3, 1], many[3, :3], base[3, :3])
    assert found[3] == pytest.approx(one)
