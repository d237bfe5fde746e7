"""Calibration errors against scikit-learn's curve and values by hand, with ties, and without what chance adds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from withstand.results.metrics import (
    METRICS,
    bin_of,
    calibration,
    calibration_of,
    classwise_calibration,
    correct,
    probabilities,
)


def test_the_errors_are_those_of_scikit_learns_curve(drawn) -> None:
    curve = pytest.importorskip("sklearn.calibration").calibration_curve
    given_ = drawn()
    chances, labels = probabilities(given_), given_.labels

    def error(happened: np.ndarray, chance: np.ndarray) -> float:
        share, mean = curve(happened, chance, n_bins=15, strategy="quantile")
        return float(np.abs(share - mean).mean())  # 1500 images in 15 bins: all of one weight

    top = chances.max(1)
    found = calibration(given_, debias=False).mean()
    assert found == pytest.approx(error(chances.argmax(1) == labels, top))
    each = [error(labels == k, chances[:, k]) for k in range(10)]
    assert classwise_calibration(given_, debias=False).mean() == pytest.approx(np.mean(each))
    assert calibration(given_).mean() > 0.05  # overconfident by construction
    assert calibration(given_).mean() <= found


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 20), st.integers(1, 12))
def test_bins_hold_equals_together_and_equally_many_where_none_are(seed, n, bins, values) -> None:
    draw = np.random.default_rng(seed)
    tied = draw.integers(values, size=(n, 2)) / 7
    found = bin_of(tied, bins)
    for column, place in zip(tied.T, found.T, strict=True):
        assert all(len(set(place[column == value])) == 1 for value in set(column))
        order = np.argsort(column, kind="stable")
        assert (np.diff(place[order]) >= 0).all() and 0 <= place.min() <= place.max() < min(bins, n)
    (apart,) = bin_of(draw.permutation(n)[:, None], bins).T
    counts = np.bincount(apart, minlength=min(bins, n))
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("order", ["sorted by class", "shuffled"])
def test_where_all_is_tied_and_the_classes_are_balanced_there_is_no_error(predictions, order: str) -> None:
    labels = np.repeat(np.arange(10), 100)
    if order == "shuffled":
        labels = np.random.default_rng(0).permutation(labels)
    flat = predictions(np.zeros((1000, 10)), labels)
    for debias in (True, False):
        assert calibration(flat, debias=debias).mean() == pytest.approx(0, abs=1e-9)
        assert classwise_calibration(flat, debias=debias).mean() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("n", [300, 1000, 10_000])
def test_a_calibrated_classifier_has_an_error_of_about_nothing(drawn, n: int) -> None:
    seeds = range(20 if n < 10_000 else 5)
    found = {
        debias: np.mean([calibration(drawn(n, 4, 1, 0, seed), debias=debias).mean() for seed in seeds])
        for debias in (True, False)
    }
    assert found[True] < 0.45 * found[False]
    assert found[False] > 0.15 / np.sqrt(n / 15)  # what chance adds to 15 bins


def test_what_is_taken_off_does_not_hide_an_error_that_is_there(drawn) -> None:
    limit = calibration(drawn(200_000, 4, 2.5, 0), debias=False).mean()
    for n in (100, 300, 1000):
        found = [calibration(drawn(n, 4, 2.5, 0, seed)).mean() for seed in range(40)]
        assert np.mean(found) == pytest.approx(limit, abs=3 * np.std(found) / np.sqrt(40) + 0.01)


def test_fewer_images_than_make_a_bin_and_one(predictions) -> None:
    sure = predictions([[9, 0], [0, 9], [9, 0]], [0, 1, 1])
    confidence = 1 / (1 + np.exp(-9))
    assert calibration(sure, debias=False).mean() == pytest.approx(confidence - 2 / 3)  # one bin
    one = predictions([[0.0, 0.0]], [1])
    assert calibration(one, debias=False).mean() == pytest.approx(0.5)
    assert 0 <= calibration(one).mean() <= 0.5


def test_a_row_that_is_not_a_number_counts_as_sure_and_wrong(predictions, drawn) -> None:
    whole = drawn(n=200)
    logits = whole.logits.copy()
    logits[:20] = np.nan
    sure = whole.logits.copy()
    sure[np.arange(20), (whole.labels[:20] + 1) % 10] = 1e4
    for metric in (calibration, classwise_calibration):
        found = metric(predictions(logits, whole.labels), debias=False)
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, metric(predictions(sure, whole.labels), debias=False), atol=1e-9)


def test_answers_under_several_conditions_bin_together_and_come_back_in_their_places(drawn) -> None:
    under = [drawn(400, seed=seed) for seed in range(3)]
    sure = np.stack([probabilities(one).max(axis=1) for one in under], axis=1)
    right = np.stack([correct(one) for one in under], axis=1)
    found = calibration_of(sure, right, debias=False)
    assert found.shape == (400, 3)
    flat = calibration_of(sure.reshape(-1, 1), right.reshape(-1, 1), debias=False)
    np.testing.assert_allclose(found.ravel(), flat[:, 0])
    alone = calibration_of(sure[:, :1], right[:, :1])
    np.testing.assert_allclose(alone[:, 0], calibration(under[0]))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 80),
    st.sampled_from([1, 2, 100]),
    st.sampled_from(sorted(METRICS)),
)
def test_the_order_of_the_rows_changes_nothing(predictions, seed, n, levels, name) -> None:
    """With ties of confidence, between right and wrong answers, and of logits."""
    draw = np.random.default_rng(seed)
    logits, labels = draw.integers(levels, size=(n, 4)) / 3, draw.integers(4, size=n)
    if n > 5:
        logits[0] = np.nan
    order = draw.permutation(n)
    first, second = (
        METRICS[name].per_image(predictions(logits[rows], labels[rows])) for rows in (np.arange(n), order)
    )
    np.testing.assert_allclose(np.asarray(second, float), np.asarray(first, float)[order], atol=1e-7)
