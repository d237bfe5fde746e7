"""Effects from values alone: a claim on a metric without an upper bound."""

from types import SimpleNamespace

import numpy as np
import pytest

from withstand.analysis.hypotheses.effects import Measured, contrasts, effect

PAIR = ([SimpleNamespace(name="more")], [SimpleNamespace(name="less")])


def losses(*, n: int, apart: float, infinite: bool = False) -> Measured:
    """Losses of two trainings, the one's the higher; with ``infinite``, an answer of the other is not a number."""
    less = np.random.default_rng(0).random(n)
    more = less + apart * (1 + np.random.default_rng(1).random(n))
    if infinite:
        less[0] = np.inf
    return Measured({"more": more, "less": less}, np.arange(n), None)


def test_two_images_decide_nothing_of_losses_and_many_do() -> None:
    few, p, _ = effect([PAIR], losses(n=2, apart=0.5))  # type: ignore[list-item]
    assert p > 0.2 and not few.excludes_zero
    many, p, _ = effect([PAIR], losses(n=200, apart=0.5))  # type: ignore[list-item]
    assert p < 0.001 and many.low > 0 and many.value == pytest.approx(0.75, abs=0.05)


def test_an_infinite_loss_of_the_one_is_no_effect_in_its_favour() -> None:
    measured = losses(n=200, apart=0.5, infinite=True)
    found, p, _ = effect([PAIR], measured)  # type: ignore[list-item]
    assert (found.value, found.low, p) == (-np.inf, -np.inf, 1.0)
    assert contrasts([PAIR], measured)[0].value == -np.inf  # type: ignore[list-item]
