"""McNemar's test and its interval, by brute force and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from withstand.statistics import mcnemar


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_is_the_binomial_by_brute_force(rows: list[tuple[bool, bool]]) -> None:
    a, b = (np.array(side) for side in zip(*rows, strict=True))
    found = mcnemar(a, b)
    only_a = sum(x and not y for x, y in rows)
    only_b = sum(y and not x for x, y in rows)
    assert (found.only_a, found.only_b) == (only_a, only_b)
    tail = stats.binom.cdf(min(only_a, only_b), only_a + only_b, 0.5)
    assert found.p == pytest.approx(min(1.0, 2 * tail), abs=1e-9)
    assert found.difference.value == pytest.approx(a.mean() - b.mean())
    assert -1 <= found.difference.low <= found.difference.high <= 1
    assert found.difference.low < found.difference.high  # never surer than the data


def test_mcnemar_interval_covers() -> None:
    draw, rounds = np.random.default_rng(13), 2000
    covered = 0
    for _ in range(rounds):
        shared = draw.random(80)
        a, b = shared < 0.7, (shared < 0.5) | (draw.random(80) < 0.1)
        covered += (found := mcnemar(a, b).difference).low <= 0.7 - 0.55 <= found.high
    assert 0.93 <= covered / rounds <= 0.98


@pytest.mark.parametrize("lengths", [(3, 4), (0, 0)])
def test_mcnemar_refuses_what_is_not_paired(lengths: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not paired"):
        mcnemar(*(np.zeros(length, bool) for length in lengths))
