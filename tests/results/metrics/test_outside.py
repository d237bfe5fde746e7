"""AUROC and FPR95: scikit-learn's values, and intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from withstand.results.metrics.outside import auroc, auroc_ahead, energy, fpr, max_logit


def drawn(seed: int, n: int = 300, m: int = 200, apart: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return draw.normal(apart, 1, n), draw.normal(0, 1, m)


@pytest.mark.parametrize("rounded", [None, 1, 0])
def test_they_are_scikit_learns_with_ties_or_without(rounded: int | None) -> None:
    inside, outside = drawn(0)
    if rounded is not None:
        inside, outside = inside.round(rounded), outside.round(rounded)
    truth, score = np.repeat([1, 0], [len(inside), len(outside)]), np.concatenate([inside, outside])
    false, true, _ = roc_curve(truth, score, drop_intermediate=False)
    assert auroc(inside, outside).value == pytest.approx(roc_auc_score(truth, score))
    assert fpr(inside, outside).value == pytest.approx(false[true >= 0.95].min())
    assert auroc(inside, outside).n == 500


def test_their_intervals_cover() -> None:
    truth = norm.cdf(1.5 / np.sqrt(2)), 1 - norm.cdf(1.5 + norm.ppf(0.05))
    held = np.zeros(2)
    for seed in range(400):
        pair = drawn(seed)
        found = auroc(*pair), fpr(*pair)
        held += [one.low <= true <= one.high for one, true in zip(found, truth, strict=True)]
    assert (held / 400 >= 0.925).all() and held[0] / 400 <= 0.98, held / 400


def test_one_score_ahead_of_another_is_paired() -> None:
    """Two scores of the same images, equally good and nearly alike: their difference is known far better than each."""
    held, narrow = 0, []
    for seed in range(300):
        inside, outside = drawn(seed)
        noise = np.random.default_rng(seed + 10_000)
        again = [part + noise.normal(0, 0.3, len(part)) for part in (inside, outside)]
        other = [part + noise.normal(0, 0.3, len(part)) for part in (inside, outside)]
        found = auroc_ahead(tuple(again), tuple(other))
        assert found.value == pytest.approx(auroc(*again).value - auroc(*other).value)
        held += found.low <= 0 <= found.high
        narrow.append(found.half_width / auroc(*again).half_width)
    assert held / 300 >= 0.92 and np.mean(narrow) < 0.5


def test_a_perfect_score_still_has_an_interval() -> None:
    perfect = auroc(np.arange(50.0) + 100, np.arange(40.0))
    none = fpr(np.arange(50.0) + 100, np.arange(40.0))
    assert (perfect.value, perfect.high) == (1, 1) and 0.8 < perfect.low < 0.95
    assert (none.value, none.low) == (0, 0) and 0.02 < none.high < 0.15


def test_scores_are_what_they_are_called(predictions) -> None:
    read = predictions([[1.0, 3.0], [0.0, 0.0], [np.nan, 1.0]], [0, 0, 0])
    assert max_logit(read).tolist() == [3, 0, -np.inf]
    assert (
        energy(read)[:2] == pytest.approx([np.log(np.e + np.e**3), np.log(2)]) and energy(read)[2] == -np.inf
    )
