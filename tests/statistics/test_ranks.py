"""All pairs in one array give what each pair gives alone; ranks follow from who is surely ahead."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from withstand.statistics import greater_p, mean_interval, simultaneous_level
from withstand.statistics.ranks import greater_p_each, pairs_level, ranks, surely_ahead


def drawn(models: int, images: int, conditions: int, seed: int = 0, apart: float = 0.05) -> np.ndarray:
    """Models on images that are hard for all alike."""
    draw = np.random.default_rng(seed)
    hard = draw.normal(size=(images, 1))
    able = [apart * place + 0.6 * draw.normal(size=(images, conditions)) for place in range(models)]
    return np.stack([(one > 0.9 * hard + 0.3 * draw.normal(size=(images, 1))).sum(axis=1) for one in able])


@given(
    st.lists(st.sampled_from([-3, -2, -1, 0, 0, 0, 0, 1, 2, 3]), min_size=1, max_size=60),
)
def test_each_p_value_is_the_one_of_the_pair_alone(values):
    tally = np.bincount(np.array(values) + 3, minlength=7).astype(float)[None]
    together = greater_p_each(tally, np.arange(-3, 4) / 3)[0]
    assert together == pytest.approx(greater_p(np.array(values) / 3), rel=1e-6, abs=1e-9)


def test_the_level_is_that_of_the_differences_of_all_pairs():
    counts = drawn(7, 400, 10)
    differences = [(counts[a] - counts[b]) / 10 for a, b in combinations(range(7), 2)]
    expected = simultaneous_level(np.stack(differences, axis=1))
    assert 1 - pairs_level(counts) == pytest.approx(1 - expected, rel=0.1), (
        "other draws, the same distribution"
    )
    assert pairs_level(counts[:1]) == pairs_level(counts[:2]) == 0.95
    assert pairs_level(np.zeros((3, 50), int)) == pytest.approx(1 - 0.05 / 3)


def test_ahead_is_where_the_interval_of_the_pair_excludes_zero():
    counts = drawn(6, 300, 5)
    level, ahead = pairs_level(counts), surely_ahead(counts, 5)
    assert 4 < ahead.sum() < 15, "neither none nor all"
    for one, other in combinations(range(6), 2):
        found = mean_interval((counts[one] - counts[other]) / 5, (-1, 1), level)
        assert (ahead[one, other], ahead[other, one]) == (found.low > 0, found.high < 0)


def test_ranks_count_those_surely_ahead_and_behind():
    ahead = np.zeros((4, 4), bool)
    ahead[0, 2:] = ahead[1, 3] = True
    low, high = ranks(ahead)
    assert low.tolist() == [1, 1, 2, 3] and high.tolist() == [2, 3, 4, 4]


def test_blocks_of_pairs_change_nothing(monkeypatch):
    from withstand.statistics import ranks as module

    counts = drawn(9, 200, 4)
    whole = surely_ahead(counts, 4)
    monkeypatch.setattr(module, "_ROWS", 3)
    assert np.array_equal(surely_ahead(counts, 4), whole)
    assert np.array_equal(surely_ahead(counts.astype(np.uint8), 4), whole), "counts may be of any kind"


def test_equals_and_few_images_leave_every_rank_open():
    same = np.tile(drawn(1, 100, 5), (4, 1))
    assert not surely_ahead(same, 5).any() and not surely_ahead(same[:, :1], 5).any()
    assert not surely_ahead(same[:, :0], 5).any() and not surely_ahead(same[:1], 5).any()
