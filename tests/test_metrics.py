"""Metrics against their definitions, image by image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from withstand.metrics import PER_IMAGE, correct, losses, nll, top1, top5
from withstand.store import Predictions


def predictions(logits: object, labels: object) -> Predictions:
    labels = np.asarray(labels, np.int64)
    return Predictions(np.arange(len(labels)), labels, np.asarray(logits, np.float32))


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 40), st.integers(1, 6), st.booleans())
def test_correct_is_what_sorting_says(seed: int, classes: int, n: int, k: int, ties: bool) -> None:
    draw = np.random.default_rng(seed)
    logits = draw.integers(3, size=(n, classes)) if ties else draw.normal(size=(n, classes))
    labels = draw.integers(classes, size=n)
    best = np.argsort(-np.asarray(logits, np.float32), axis=1, kind="stable")[:, :k]
    expected = [label in row for label, row in zip(labels, best, strict=True)]
    assert correct(predictions(logits, labels), k).tolist() == expected


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1000))
def test_losses_are_the_cross_entropy(seed: int, scale: float) -> None:
    draw = np.random.default_rng(seed)
    logits = (scale * draw.normal(size=(7, 4))).astype(np.float32)
    labels = draw.integers(4, size=7)
    expected = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(7), labels]
    found = losses(predictions(logits, labels))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    assert (found >= -1e-12).all()


def test_the_first_of_equal_logits_wins_as_in_argmax() -> None:
    flat = predictions(np.zeros((3, 3)), [0, 1, 2])
    assert correct(flat).tolist() == [True, False, False]
    assert top1(flat) == pytest.approx(1 / 3)


def test_a_row_that_is_not_a_number_is_never_right() -> None:
    logits = np.array([[np.nan, 1, 2], [3, np.nan, 1], [np.nan] * 3, [3, 2, 1]])
    assert correct(predictions(logits, [0, 0, 0, 0])).tolist() == [False, False, False, True]


def test_means_and_few_classes() -> None:
    two = predictions([[1, 0], [1, 0], [0, 1], [1, 0]], [0, 0, 0, 1])
    assert top1(two) == 0.5
    assert top5(two) == 1
    assert nll(two) == pytest.approx(np.log(1 + np.exp(-1)) / 2 + np.log(1 + np.exp(1)) / 2)


def test_every_metric_gives_one_value_an_image() -> None:
    some = predictions(np.random.default_rng(0).normal(size=(11, 6)), np.arange(11) % 6)
    for metric in PER_IMAGE.values():
        assert np.shape(metric(some)) == (11,)
