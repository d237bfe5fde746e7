"""Metrics of single predictions, against definitions, image by image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from withstand.results.metrics import brier, correct, losses, nll, not_numbers, probabilities, top1, top5


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 40), st.integers(1, 6), st.booleans())
def test_correct_is_what_sorting_says(predictions, seed, classes, n, k, ties) -> None:
    draw = np.random.default_rng(seed)
    logits = draw.integers(3, size=(n, classes)) if ties else draw.normal(size=(n, classes))
    labels = draw.integers(classes, size=n)
    best = np.argsort(-np.asarray(logits, np.float32), axis=1, kind="stable")[:, :k]
    expected = [label in row for label, row in zip(labels, best, strict=True)]
    assert correct(predictions(logits, labels), k).tolist() == expected


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1000))
def test_losses_are_the_cross_entropy(predictions, seed: int, scale: float) -> None:
    draw = np.random.default_rng(seed)
    logits = (scale * draw.normal(size=(7, 4))).astype(np.float32)
    labels = draw.integers(4, size=7)
    expected = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(7), labels]
    found = losses(predictions(logits, labels))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert (found >= -1e-12).all()


def test_the_first_of_equal_logits_wins_as_in_argmax(predictions) -> None:
    flat = predictions(np.zeros((3, 3)), [0, 1, 2])
    assert correct(flat).tolist() == [True, False, False]
    assert top1(flat) == pytest.approx(1 / 3)


def test_means_and_few_classes(predictions) -> None:
    two = predictions([[1, 0], [1, 0], [0, 1], [1, 0]], [0, 0, 0, 1])
    assert top1(two) == 0.5
    assert top5(two) == 1
    assert nll(two) == pytest.approx(np.log(1 + np.exp(-1)) / 2 + np.log(1 + np.exp(1)) / 2)


def test_the_means_are_scikit_learns(drawn) -> None:
    sk = pytest.importorskip("sklearn.metrics")
    given_ = drawn()
    chances, labels = probabilities(given_), given_.labels
    assert top1(given_) == pytest.approx(sk.accuracy_score(labels, chances.argmax(1)))
    assert top5(given_) == pytest.approx(sk.top_k_accuracy_score(labels, chances, k=5))
    assert nll(given_) == pytest.approx(sk.log_loss(labels, chances))
    ours = brier(given_).mean()
    assert ours == pytest.approx(sk.brier_score_loss(labels, chances, scale_by_half=False))


BROKEN = {
    "one NaN": [np.nan, 1, 2],
    "NaN at the truth": [3, np.nan, 1],
    "NaN beside the truth": [np.nan, 9, 1],
    "all NaN": [np.nan] * 3,
    "+inf at the truth": [0, np.inf, 1],
    "+inf beside the truth": [np.inf, 9, 1],
    "all -inf": [-np.inf] * 3,
    "+inf and -inf": [np.inf, -np.inf, 0],
}


@pytest.mark.parametrize("row", BROKEN.values(), ids=BROKEN.keys())
def test_a_row_that_is_not_a_number_is_wrong_in_everything(predictions, row: list[float]) -> None:
    given_ = predictions([row, [0, 5, 0]], [1, 1])
    assert not_numbers(given_).tolist() == [True, False]
    assert correct(given_).tolist() == [False, True]
    assert correct(given_, 5).tolist() == [False, True]  # also with fewer than five classes
    assert losses(given_)[0] == np.inf and np.isfinite(losses(given_)[1])
    assert brier(given_)[0] == pytest.approx(2)
    chances = probabilities(given_)
    assert chances[0].max() == 1 and chances[0, 1] == 0
    assert np.isfinite(chances).all() and chances.sum(axis=1) == pytest.approx([1, 1])


@pytest.mark.parametrize("row", [[np.nan], [np.inf], [-np.inf]])
def test_so_is_the_only_class_there_is(predictions, row: list[float]) -> None:
    given_ = predictions([row, [3.0]], [0, 0])
    assert correct(given_).tolist() == [False, True] == correct(given_, 5).tolist()
    assert losses(given_).tolist() == [np.inf, 0]


def test_a_class_that_is_ruled_out_is_a_number(predictions) -> None:
    # A classifier of fewer outputs gives the others −∞: that is no failure.
    given_ = predictions([[2, -np.inf, 0], [2, -np.inf, 0]], [0, 1])
    assert not not_numbers(given_).any()
    assert correct(given_).tolist() == [True, False]
    assert losses(given_)[1] == np.inf
    assert brier(given_)[0] == pytest.approx(2 / (1 + np.exp(2)) ** 2)


def test_the_row_of_others_is_untouched_by_one_that_is_not_a_number(predictions, drawn) -> None:
    whole = drawn(n=50)
    logits = whole.logits.copy()
    logits[7] = np.nan
    hurt = predictions(logits, whole.labels)
    others = np.arange(50) != 7
    for metric in (correct, losses, brier):
        np.testing.assert_array_equal(metric(hurt)[others], metric(whole)[others])
    assert np.isnan(hurt.logits[7]).all(), "the predictions themselves were changed"
