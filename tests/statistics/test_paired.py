"""The permutation test of a mean over conditions."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from withstand.statistics import sign_flip


def test_it_is_the_share_of_all_sign_patterns() -> None:
    d = np.random.default_rng(1).normal(0.3, 1, size=9)
    patterns = np.array(list(product([1, -1], repeat=9)))
    expected = np.mean(np.abs(patterns @ d) >= abs(d.sum()) - 1e-9)
    (found,) = sign_flip(d[:, None], flips=40_000, seed=2)
    assert found == pytest.approx(expected, abs=0.01)


def test_columns_are_tests_of_their_own_and_p_is_never_zero() -> None:
    draw = np.random.default_rng(2)
    values = np.column_stack([draw.normal(1, 1, 400), np.zeros(400), draw.normal(0, 1, 400)])
    p = sign_flip(values, flips=999, seed=1)
    assert p[0] == 1 / 1000
    assert p[1] == 1
    assert p[2] == pytest.approx(sign_flip(values[:, [2]], flips=999, seed=1)[0])
    assert sign_flip(-values, flips=999, seed=1).tolist() == p.tolist()


def test_it_does_not_depend_on_the_size_of_its_blocks() -> None:
    values = np.random.default_rng(3).normal(0.004, 1, size=(50_000, 1))  # 80 flips a block
    (found,) = sign_flip(values, flips=500, seed=1)
    z = values.mean() / (values.std() / np.sqrt(len(values)))
    assert found == pytest.approx(2 * stats.norm.sf(abs(z)), abs=0.08)


def test_it_holds_its_size_where_rows_are_clustered() -> None:
    draw, rounds = np.random.default_rng(4), 1000
    # Two classifiers alike on average; each image pushes all ten conditions one way.
    image = draw.normal(size=(150, rounds))
    values = image + draw.normal(size=(10, 150, rounds)).mean(axis=0)
    assert 0.035 <= np.mean(sign_flip(values, flips=499) < 0.05) <= 0.065
