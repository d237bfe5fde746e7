"""Exact intervals and Holm's correction, against SciPy and values worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from withstand.statistics import exact, holm, wilson


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_exact_is_the_binomials_own_tail(counts: tuple[int, int]) -> None:
    successes, n = counts
    found = exact(successes, n)
    assert found.low <= found.value <= found.high
    # By definition: at either end, what was seen or more (or less) has a chance of 2.5%.
    if successes:
        assert stats.binom.sf(successes - 1, n, found.low) == pytest.approx(0.025, abs=1e-6)
    if successes < n:
        assert stats.binom.cdf(successes, n, found.high) == pytest.approx(0.025, abs=1e-6)


def test_exact_never_covers_less_than_it_says_and_wilson_does_on_average() -> None:
    n, shares = 40, np.linspace(0.02, 0.98, 49)
    ends = [(exact(k, n), wilson(k, n)) for k in range(n + 1)]
    covered = np.zeros((2, len(shares)))
    for k, both in enumerate(ends):
        for kind, one in enumerate(both):
            covered[kind] += stats.binom.pmf(k, n, shares) * ((one.low <= shares) & (shares <= one.high))
    assert covered[0].min() >= 0.95
    assert 0.935 <= covered[1].mean() <= 0.965


def test_exact_refuses_what_is_no_share() -> None:
    with pytest.raises(ValueError, match="is no share"):
        exact(3, 2)


def test_holm_by_hand() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03 0.06 0.06 0.02
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1, 1]
    assert holm([]).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_stays_between_nothing_and_bonferroni(p: list[float]) -> None:
    corrected = holm(p)
    assert (corrected >= np.array(p) - 1e-12).all()
    assert (corrected <= np.minimum(1, np.array(p) * len(p)) + 1e-12).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(corrected[order]) >= 0).all()


def test_holm_holds_the_error_of_the_family() -> None:
    draw = np.random.default_rng(3)
    wrong = [(holm(draw.random(6)) < 0.05).any() for _ in range(2000)]
    assert 0.03 <= np.mean(wrong) <= 0.07
