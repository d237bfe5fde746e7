"""AURC in words, with ties, in any order of the rows."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from withstand.results.metrics import METRICS, correct, probabilities, risk_coverage, selective
from withstand.statistics import mean_interval


def in_words(confidence: np.ndarray, wrong: np.ndarray) -> float:
    """The risk at each coverage, averaged, where no two are equally sure."""
    order = np.argsort(-confidence, kind="stable")
    return float(np.mean([np.mean(wrong[order[:kept]]) for kept in range(1, len(order) + 1)]))


def test_it_is_its_definition_in_words(drawn) -> None:
    given_ = drawn(n=200)
    confidence, right = probabilities(given_).max(1), correct(given_)
    assert risk_coverage(given_).mean() == pytest.approx(in_words(confidence, ~right))


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=6))
def test_ties_count_as_the_average_over_all_their_orders(predictions, answers) -> None:
    sure, wrong = (np.array(part) for part in zip(*answers, strict=True))
    given_ = predictions(np.stack([1.0 + sure, np.zeros(len(sure))], axis=1), wrong.astype(int))
    expected = np.mean(
        [in_words(sure[list(order)], wrong[list(order)]) for order in permutations(range(len(sure)))]
    )
    assert risk_coverage(given_).mean() == pytest.approx(expected)


@pytest.mark.parametrize("order", ["sorted by class", "shuffled"])
def test_saturated_answers_of_which_a_class_is_wrong(predictions, order: str) -> None:
    labels = np.repeat(np.arange(10), 1000)
    if order == "shuffled":
        labels = np.random.default_rng(0).permutation(labels)
    said = np.where(labels == 9, 0, labels)
    logits = np.zeros((10_000, 10))
    logits[np.arange(10_000), said] = 1000  # float64 has no probability between this and 1
    assert risk_coverage(predictions(logits, labels)).mean() == pytest.approx(0.1)


def test_a_row_that_is_not_a_number_is_the_surest_and_wrong(predictions) -> None:
    given_ = predictions([[np.nan, 0], [3, 0], [2, 0], [1, 0]], [0, 0, 0, 0])
    assert risk_coverage(given_).mean() == pytest.approx(np.mean([1, 1 / 2, 1 / 3, 1 / 4]))


def test_never_wrong_is_no_risk_and_never_right_is_all(predictions) -> None:
    logits = np.random.default_rng(1).random((20, 1)) * [[1, -1]]
    assert risk_coverage(predictions(logits, np.zeros(20))).mean() == 0
    assert risk_coverage(predictions(logits, np.ones(20))).mean() == 1


def test_selective_accuracy_is_that_of_the_surest(drawn) -> None:
    given_ = drawn(n=500)
    surest = np.argsort(-probabilities(given_).max(1))[:400]
    assert selective(given_).mean() == pytest.approx(correct(given_)[surest].mean())
    assert selective(given_, 1.0).mean() == pytest.approx(correct(given_).mean())


@pytest.mark.parametrize("right", [True, False])
def test_selective_accuracy_of_all_or_none_has_an_interval(predictions, right: bool) -> None:
    logits = np.random.default_rng(1).random((100, 1)) * [[1, -1]]
    values = selective(predictions(logits, np.full(100, 1 - right)))
    low, high = METRICS["selective"].bounds
    found = mean_interval(values, (low, high)).within(0, 1)
    assert (low, high) == pytest.approx((-0.25, 1.25)) and found.value == right
    assert 0.03 < found.high - found.low < 0.06  # 3.7 of 80 images


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=5, max_size=5))
def test_equally_sure_answers_at_the_threshold_count_in_part(predictions, answers) -> None:
    sure, wrong = (np.array(part) for part in zip(*answers, strict=True))
    given_ = predictions(np.stack([1.0 + sure, np.zeros(len(sure))], axis=1), wrong.astype(int))
    orders = [
        [~wrong[place] for place in sorted(order, key=lambda i: -sure[i])] for order in permutations(range(5))
    ]
    assert selective(given_).mean() == pytest.approx(np.mean([np.mean(order[:4]) for order in orders]))


def test_what_an_image_moves_selective_accuracy_by_has_the_spread_that_other_images_give(drawn) -> None:
    worlds = [selective(drawn(n=1000, seed=seed)) for seed in range(200)]
    spread = np.std([values.mean() for values in worlds])
    assert np.mean([values.std() / np.sqrt(1000) for values in worlds]) == pytest.approx(spread, rel=0.15)
