"""The solver beside SciPy's, on functions like those that it is for and on awkward ones."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import optimize

from withstand.base.root import root

SHAPES = {
    "line": lambda x: x,
    "steep at one end": lambda x: math.expm1(30 * x),
    "flat at the root": lambda x: x**5,
    "a step": lambda x: (x > 0) - (x < 0),
    "tails": math.atan,
    "falling": lambda x: -math.sinh(x),
}


@pytest.mark.parametrize("shape", SHAPES)
@given(low=st.floats(-20, 0), high=st.floats(0, 20))
@example(low=0.0, high=1.0)
@example(low=-1.0, high=0.0)
@example(low=-20.0, high=1e-9)
def test_it_finds_what_scipy_finds(shape: str, low: float, high: float) -> None:
    asked = []

    def function(x: float) -> float:
        asked.append(x)
        return SHAPES[shape](x)

    found = root(function, low, high, xtol=1e-9, rtol=1e-9)
    assert all(low <= x <= high for x in asked)
    assert found == pytest.approx(0, abs=2e-9) or abs(function(found)) < 1e-40
    if SHAPES[shape](low) * SHAPES[shape](high) < 0 and shape != "flat at the root":
        assert found == pytest.approx(optimize.brentq(SHAPES[shape], low, high, xtol=1e-12), abs=2e-9)
    assert len(asked) < 130


@given(st.floats(-1e3, 1e3), st.floats(1e-6, 1e3))
def test_the_root_is_as_near_as_was_asked(at: float, width: float) -> None:
    found = root(lambda x: math.tanh((x - at) / width), at - 3 * width, at + width, xtol=0, rtol=1e-12)
    assert found == pytest.approx(at, rel=2e-12, abs=1e-12 * width)


@pytest.mark.parametrize("function", [lambda x: 1 + x * x, lambda x: -1 - x * x, lambda x: math.nan])
def test_like_signs_are_refused(function) -> None:
    with pytest.raises(ValueError, match="alike"):
        root(function, -1, 1, 1e-9, 1e-9)
