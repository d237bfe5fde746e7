"""Intervals of a share, exact and Wilson's, against SciPy and the binomial's own tail."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from withstand.statistics import Estimate, clopper_pearson, wilson


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_exact_is_the_binomials_own_tail(counts: tuple[int, int]) -> None:
    successes, n = counts
    found = clopper_pearson(successes, n)
    assert found.low <= found.value <= found.high
    # By definition: at either end, what was seen or more (or less) has a chance of 2.5%.
    if successes:
        assert stats.binom.sf(successes - 1, n, found.low) == pytest.approx(0.025, abs=1e-6)
    if successes < n:
        assert stats.binom.cdf(successes, n, found.high) == pytest.approx(0.025, abs=1e-6)


def test_exact_never_covers_less_than_it_says_and_wilson_does_on_average() -> None:
    n, shares = 40, np.linspace(0.02, 0.98, 49)
    ends = [(clopper_pearson(k, n), wilson(k, n)) for k in range(n + 1)]
    covered = np.zeros((2, len(shares)))
    for k, both in enumerate(ends):
        for kind, one in enumerate(both):
            covered[kind] += stats.binom.pmf(k, n, shares) * ((one.low <= shares) & (shares <= one.high))
    assert covered[0].min() >= 0.95
    assert 0.935 <= covered[1].mean() <= 0.965


@given(st.integers(1, 20_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(counts: tuple[int, int]) -> None:
    successes, n = counts
    found = wilson(successes, n)
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.low <= found.value <= found.high
    assert found.n == n


@pytest.mark.parametrize("kind", [clopper_pearson, wilson])
@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(kind: Callable[[int, int], Estimate], successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        kind(successes, n)


def test_at_999_in_1000_the_exact_one_still_covers_and_wilsons_does_not() -> None:
    covered = {}
    for kind in (clopper_pearson, wilson):
        for n in (50, 100, 300, 1000):
            counts = np.arange(max(0, n - 40), n + 1)
            inside = [(found := kind(int(k), n)).low <= 0.999 <= found.high for k in counts]
            covered[kind, n] = float(stats.binom.pmf(counts, n, 0.999) @ inside)
    assert min(share for (kind, _), share in covered.items() if kind is clopper_pearson) >= 0.95
    assert min(share for (kind, _), share in covered.items() if kind is wilson) < 0.92
