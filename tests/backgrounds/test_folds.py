"""No foreground on both sides of a split, and what the published split shares, measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from withstand.backgrounds import folds
from withstand.backgrounds.worlds import World, Worlds
from withstand.base.errors import UserError

VARIANTS = ("original", "mixed_same", "mixed_rand", "only_fg")


def make(per_class=20, classes=9, lenders=None, ids=None):
    n = per_class * classes
    ids = 1000 + np.arange(n) if ids is None else ids
    labels = np.repeat(np.arange(classes), per_class)
    images = np.zeros((n, 2, 2, 3), np.uint8)
    none = np.full(n, -1)
    lent = {"mixed_rand": lenders} if lenders is not None else {}
    variants = {v: World(images, np.arange(n), none, lent.get(v, none), v) for v in VARIANTS}
    names = tuple(map(str, range(classes)))
    return Worlds("test", ids, labels, names, variants, "nowhere", np.ones(n, bool))


@given(st.integers(5, 30), st.integers(2, 5), st.integers(0, 50))
def test_grouped_tests_each_foreground_once_and_never_trains_on_it(per_class, count, seed):
    worlds = make(per_class)
    parts = folds.grouped(worlds, count, 0.1, seed)
    for variant in VARIANTS:
        tested = np.concatenate([part.test[variant] for part in parts])
        assert sorted(tested) == list(range(len(worlds)))
    for part in parts:
        assert part.shared() == 0
        assert not set(worlds.ids[part.train]) & set(worlds.ids[part.val])
        assert len(part.train) + len(part.val) + len(part.test["original"]) == len(worlds)
        per = np.bincount(worlds.labels[part.test["original"]], minlength=9)
        assert per.max() - per.min() <= 1  # the classes are spread evenly
    assert set(folds.leak(worlds, parts)["mixed_rand"].values()) == {0.0}


def test_the_folds_do_not_depend_on_the_order_of_the_files():
    ids, labels = np.arange(90) * 7 % 91, np.repeat(np.arange(9), 10)
    order = np.random.default_rng(0).permutation(90)
    there = folds.folds(ids, labels, 5, 1)
    assert np.array_equal(folds.folds(ids[order], labels[order], 5, 1), there[order])
    assert not np.array_equal(folds.folds(ids, labels, 5, 2), there)


def test_one_foreground_under_two_positions_is_caught():
    ids = 1000 + np.arange(180)
    ids[7] = ids[8]
    with pytest.raises(AssertionError, match="one id"):
        make(ids=ids)


def test_a_split_that_shares_a_foreground_is_caught():
    """Break the split on purpose: a fold number that puts one image into two folds' tests and trainings."""
    worlds = make()
    object.__setattr__(worlds, "ids", worlds.ids.copy())
    worlds.ids[0] = worlds.ids[100]  # behind the back of the check in Worlds
    with pytest.raises(AssertionError, match="both sides"):  # in some of these splits the two fall apart
        [folds.grouped(worlds, 5, 0.1, seed) for seed in range(20)]


@pytest.mark.parametrize("count", [1, 21])
def test_as_many_folds_as_the_smallest_class_has_foregrounds_at_most(count):
    with pytest.raises(UserError, match=r"background\.folds=\d+ must lie between 2 and 20"):
        folds.grouped(make(), count, 0.1, 0)


def test_the_published_split_leaks_as_it_did():
    worlds = make(450)  # 4,050 foregrounds, as the release has
    (part,) = folds.published(worlds, 42)
    assert [len(part.train), len(part.val), len(part.test["original"])] == [3240, 405, 405]
    assert len(part.test["mixed_rand"]) == 4050
    leak = folds.leak(worlds, [part])
    assert leak["original"] == {"foreground_trained": 0, "foreground_seen": 0, "background_trained": 0}
    assert leak["mixed_rand"]["foreground_trained"] == pytest.approx(0.8)
    assert leak["mixed_rand"]["foreground_seen"] == pytest.approx(0.9)


def test_backgrounds_of_trained_pictures_are_counted():
    worlds = make(20)
    worlds = make(20, lenders=worlds.ids[np.roll(np.arange(180), 1)])
    parts = folds.grouped(worlds, 5, 0.1, 0)
    trained = folds.leak(worlds, parts)["mixed_rand"]["background_trained"]
    assert 0.6 < trained < 0.85  # about 0.8 × 0.9
