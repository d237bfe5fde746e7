"""Classifiers whose gap is known by construction, and the arithmetic of intervals."""

import numpy as np
import pytest

from withstand.analysis.backgrounds import measures
from withstand.backgrounds import drawn
from withstand.datasets import shapes
from withstand.results import store
from withstand.results.store import Predictions
from withstand.statistics import paired_difference

K = 10


@pytest.fixture(scope="module")
def worlds():
    ids = 50_000 + np.arange(3000)
    original = shapes.draw(ids, seed=5, size=16, correlation=0.5)
    return drawn.worlds(original, shapes.render, None, seed=5, size=16)


def says(answers, truth, background=None, ids=None):
    logits = np.eye(K, dtype=np.float32)[answers]
    return Predictions(np.arange(len(truth)) if ids is None else ids, truth, logits, background)


def of(worlds, variant, answers):
    return says(answers, worlds.labels, worlds.variants[variant].background, worlds.ids)


def test_a_classifier_that_sees_the_background_alone_has_the_gap_of_theory(worlds):
    """On its own kind it is always right, on a random kind one time in K: a gap of 1 − 1/K."""
    shown = {
        v: of(worlds, v, worlds.variants[v].background) for v in ("mixed_same", "mixed_rand", "mixed_next")
    }
    assert measures.accuracy(shown["mixed_same"]).value == 1
    gap = measures.gap(shown["mixed_same"], shown["mixed_rand"])
    assert gap.low <= 1 - 1 / K <= gap.high
    assert gap.value == 1 - (worlds.variants["mixed_rand"].background == worlds.labels).mean()
    assert gap.high - gap.low < 0.03
    pull = measures.pull(shown["mixed_next"])
    assert (pull.background.value, pull.foreground.value, pull.other.value, pull.n) == (1, 0, 0, 3000)


def test_a_classifier_that_sees_the_object_alone_has_no_gap(worlds):
    shown = {v: of(worlds, v, worlds.labels) for v in ("original", "mixed_same", "mixed_rand")}
    for first in ("mixed_same", "original"):
        gap = measures.gap(shown[first], shown["mixed_rand"])
        # No foreground differs, and yet one in a few hundred of others might: the interval is not a point.
        assert gap.value == 0 and -0.0013 < gap.low < 0 < gap.high < 0.0013
    assert measures.pull(shown["mixed_rand"]).foreground.value == 1


def test_in_between_the_gap_is_in_proportion(worlds):
    """Led by the background in half of the pictures, by the object in the others: half of the gap."""
    led = np.random.default_rng(0).random(len(worlds)) < 0.5
    shown = {
        v: of(worlds, v, np.where(led, worlds.variants[v].background, worlds.labels))
        for v in ("mixed_same", "mixed_rand")
    }
    gap = measures.gap(shown["mixed_same"], shown["mixed_rand"])
    assert gap.low <= 0.5 * (1 - 1 / K) <= gap.high


def test_the_gap_is_paired_by_foreground_whatever_the_order():
    draw = np.random.default_rng(1)
    truth = draw.integers(K, size=400)
    a, b = (np.where(draw.random(400) < share, truth, (truth + 1) % K) for share in (0.8, 0.6))
    ours, other = says(a, truth), says(b, truth)
    gap = measures.gap(ours, other)
    paired = paired_difference((a == truth)[:, None].astype(float), (b == truth)[:, None].astype(float))
    assert (gap.value, gap.low, gap.high) == pytest.approx((paired.value, paired.low, paired.high))
    order = draw.permutation(400)
    mixed = says(b[order], truth[order], ids=order)
    assert measures.gap(ours, mixed).value == pytest.approx(gap.value)


def test_pairing_narrows_the_interval_of_foregrounds_that_are_hard_everywhere():
    draw = np.random.default_rng(2)
    truth = draw.integers(K, size=1000)
    hard = draw.random(1000) < 0.4
    a = np.where(hard, (truth + 1) % K, truth)
    b = np.where(hard | (draw.random(1000) < 0.05), (truth + 1) % K, truth)
    paired = measures.gap(says(a, truth), says(b, truth))
    apart = measures.gap(says(a, truth), says(b, truth, ids=5000 + np.arange(1000)))
    assert paired.value == pytest.approx(apart.value)
    assert paired.half_width < 0.5 * apart.half_width


def test_the_published_gap_is_a_difference_of_two_means_over_different_foregrounds():
    truth = np.zeros(4050, np.int64)
    right = np.arange(4050) % 5 != 0  # 80%
    everything = says(np.where(right, 0, 1), truth)
    tenth = np.arange(0, 4050, 10)
    some = says(np.zeros(len(tenth), np.int64), truth[tenth], ids=tenth)
    gap = measures.gap(some, everything)
    assert gap.value == pytest.approx(0.2)
    assert gap.n == 4050
    assert gap.low < 0.2 < gap.high


def test_answers_are_told_apart_where_object_and_background_differ():
    truth, scene = np.array([0, 0, 0, 0, 1, 2]), np.array([1, 1, 1, 0, -1, 0])
    pull = measures.pull(says(np.array([0, 1, 2, 0, 1, 0]), truth, scene))
    assert pull.n == 4  # neither the one on its own background nor the one whose background is unknown
    assert (pull.foreground.value, pull.background.value, pull.other.value) == (0.25, 0.5, 0.25)
    assert measures.pull(says(truth, truth)) is None
    assert measures.pull(says(truth, truth, truth)) is None


def test_the_matrix_of_answers_by_class():
    truth, scene = np.array([0, 0, 1, 1]), np.array([1, 1, 1, 0])
    matrix = measures.pull_matrix(says(np.array([1, 0, 1, 1]), truth, scene), 3)
    assert matrix[0, 1] == 0.5 and matrix[1, 1] == 1 and matrix[1, 0] == 0
    assert np.isnan(matrix[2]).all()


def test_by_class():
    found = measures.by_class(says(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])), 3)
    assert [None if one is None else (one.value, one.n) for one in found] == [(0.5, 2), (1.0, 2), None]


def test_parts_come_together_by_id_and_never_twice():
    first, second = (
        says(np.array([1, 2]), np.array([1, 2]), ids=np.array([9, 3])),
        says(np.array([4]), np.array([5]), ids=np.array([5])),
    )
    whole = store.together([first, second])
    assert whole.ids.tolist() == [3, 5, 9] and whole.labels.tolist() == [2, 5, 1]
    with pytest.raises(ValueError, match="twice"):
        store.together([first, first])
