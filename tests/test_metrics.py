"""Metrics against their definitions, image by image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax

from withstand.metrics import (
    OF_THE_SET,
    PER_IMAGE,
    brier,
    calibration,
    classwise_calibration,
    correct,
    losses,
    nll,
    probabilities,
    risk_coverage,
    top1,
    top5,
)
from withstand.statistics import mean_over_conditions
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


def drawn(n: int = 1500, classes: int = 10, sharp: float = 1.5) -> Predictions:
    """An overconfident classifier of many images."""
    draw = np.random.default_rng(21)
    logits = draw.normal(size=(n, classes))
    labels = draw.integers(classes, size=n)
    logits[np.arange(n), labels] += 1.2 + draw.normal(size=n)
    return predictions(sharp * logits, labels)


def test_the_means_are_scikit_learns() -> None:
    sk = pytest.importorskip("sklearn.metrics")
    given_ = drawn()
    chances, labels = probabilities(given_), given_.labels
    assert top1(given_) == pytest.approx(sk.accuracy_score(labels, chances.argmax(1)))
    assert top5(given_) == pytest.approx(sk.top_k_accuracy_score(labels, chances, k=5))
    assert nll(given_) == pytest.approx(sk.log_loss(labels, chances))
    ours = brier(given_).mean()
    assert ours == pytest.approx(sk.brier_score_loss(labels, chances, scale_by_half=False))


def test_calibration_errors_are_those_of_scikit_learns_curve() -> None:
    curve = pytest.importorskip("sklearn.calibration").calibration_curve
    given_ = drawn()
    chances, labels = probabilities(given_), given_.labels

    def error(happened: np.ndarray, chance: np.ndarray) -> float:
        share, mean = curve(happened, chance, n_bins=15, strategy="quantile")
        return float(np.abs(share - mean).mean())  # 1500 images in 15 bins: all of one weight

    top = chances.max(1)
    assert calibration(given_).mean() == pytest.approx(error(chances.argmax(1) == labels, top))
    each = [error(labels == k, chances[:, k]) for k in range(10)]
    assert classwise_calibration(given_).mean() == pytest.approx(np.mean(each))
    assert calibration(given_).mean() > 0.05  # overconfident by construction


def test_calibration_of_fewer_images_than_bins_and_of_one() -> None:
    sure = predictions([[9, 0], [0, 9], [9, 0]], [0, 1, 1])
    confidence = 1 / (1 + np.exp(-9))
    expected = (2 * (1 - confidence) + confidence) / 3
    assert calibration(sure).mean() == pytest.approx(expected)
    assert calibration(predictions([[0.0, 0.0]], [1])).mean() == pytest.approx(0.5)


def test_risk_coverage_is_its_definition_in_words() -> None:
    given_ = drawn(n=200)
    confidence, right = probabilities(given_).max(1), correct(given_)
    order = np.argsort(-confidence, kind="stable")
    risks = [np.mean(~right[order[:kept]]) for kept in range(1, 201)]
    assert risk_coverage(given_).mean() == pytest.approx(np.mean(risks))


@pytest.mark.parametrize("name", sorted(OF_THE_SET))
def test_an_influence_is_what_one_more_image_moves(name: str) -> None:
    # Each image's value less the mean is n times what a hair more weight of it moves the metric by: check by doubling
    # every image once in a large set, where the sum of moves must come to nothing and each must have the right sign.
    given_ = drawn(n=1500)
    values, n = METRICS[name].per_image(given_), 1500
    assert np.mean(values) == pytest.approx(METRICS[name].per_image(given_).mean())
    chosen = np.random.default_rng(2).permutation(n)[:750]
    # A half more of the images at once: the linear prediction against the metric of the enlarged set.
    twice = given_.take(np.sort(np.concatenate([np.arange(n), chosen])))
    moved = METRICS[name].per_image(twice).mean() - values.mean()
    predicted = (values.sum() + values[chosen].sum()) / (n + 750) - values.mean()
    assert moved == pytest.approx(predicted, abs=0.35 * abs(predicted) + 0.002)


@pytest.mark.parametrize("name", ["ece", "aurc", "brier"])
def test_the_interval_of_a_metric_covers_its_limit(name: str) -> None:
    draw, rounds, covered = np.random.default_rng(9), 300, 0

    def fresh(n: int) -> Predictions:
        logits = draw.normal(size=(n, 4))
        labels = draw.integers(4, size=n)
        logits[np.arange(n), labels] += 1
        return predictions(2.5 * logits, labels)

    limit = METRICS[name].per_image(fresh(400_000)).mean()
    for seed in range(rounds):
        values = METRICS[name].per_image(fresh(600))
        found = mean_over_conditions(np.asarray(values)[:, None], resamples=400, seed=seed)
        covered += found.low <= limit <= found.high
    assert 0.92 <= covered / rounds <= 0.98
