"""The mean of everything from a part: valid at every look, and a part is all it takes."""

import numpy as np
import pytest

from withstand.statistics.sequential import finite_mean, next_look, order


def population(n: int = 1500, conditions: int = 12) -> np.ndarray:
    """Right or wrong, with hard images and hard conditions."""
    draw = np.random.default_rng(3)
    chance = 0.75 - 0.4 * np.linspace(0, 1, conditions) + 0.25 * np.sign(draw.normal(size=(n, 1)))
    return (draw.random((n, conditions)) < chance).astype(float)


def drawn(world: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    return np.stack([draw.permutation(column) for column in world.T], axis=1)


def evaluate(values: np.ndarray, aim: float) -> list:
    """All looks until the aim is met."""
    looks, steps = [], []
    while True:
        rounds = next_look(values[: steps[-1][0] if steps else 0], aim, len(values))
        steps.append((rounds, aim))
        looks.append(finite_mean(values[:rounds], steps, len(values)))
        if looks[-1].half_width <= aim or rounds == len(values):
            return looks


def test_it_holds_at_all_looks_at_once() -> None:
    world, draw = population(), np.random.default_rng(4)
    truth, missed = world.mean(), 0
    for _ in range(200):
        looks = evaluate(drawn(world, draw), 0.03)
        missed += not all(one.low <= truth <= one.high for one in looks)
    assert missed / 200 <= 0.05


def test_looking_again_and_again_with_an_ordinary_interval_is_too_sure() -> None:
    world, draw = population(conditions=4), np.random.default_rng(5)
    truth, left = world.mean(), 0
    for _ in range(200):
        means = np.cumsum(drawn(world, draw).mean(axis=1))[:800] / np.arange(1, 801)
        reach = 1.96 * np.sqrt(0.24 / 4 / np.arange(1, 801))
        left += bool((np.abs(means - truth) > reach)[20:].any())
    assert left / 200 > 0.15


def test_it_stops_early_and_not_too_early() -> None:
    world, draw = population(n=4000, conditions=20), np.random.default_rng(6)
    looks = evaluate(drawn(world, draw), 0.015)
    assert looks[-1].half_width <= 0.015 < looks[-2].half_width
    assert looks[-1].n < world.size / 5
    # No interval valid at one look alone could have stopped before this.
    assert looks[-1].n > 1.96**2 * 0.15 / 0.015**2


def test_everything_seen_is_no_doubt() -> None:
    values = drawn(population(n=70, conditions=3), np.random.default_rng(7))
    whole = finite_mean(values, [(64, 0.001), (70, 0.001)], 70)
    assert (whole.low, whole.high) == pytest.approx((values.mean(), values.mean()))
    assert evaluate(values, 0.0001)[-1].n == values.size


def test_images_alike_need_few_and_an_aim_changed_later_is_still_an_interval() -> None:
    certain = np.ones((1000, 5))
    assert evaluate(certain, 0.02)[-1].n < certain.size / 3
    values = drawn(population(), np.random.default_rng(8))
    found = finite_mean(values[:600], [(64, 0.05), (200, 0.05), (600, 0.01)], len(values))
    assert found.low < population().mean() < found.high


def test_the_order_is_a_permutation_of_its_own_for_each_condition() -> None:
    fog, snow = order("corruption-fog-3", 100), order("corruption-snow-3", 100)
    assert sorted(fog) == list(range(100))
    assert fog.tolist() == order("corruption-fog-3", 100).tolist()
    assert (fog == snow).sum() < 10


@pytest.mark.parametrize("steps", [[], [(3, 0.1)], [(2, 0.1), (9, 0.1)]])
def test_steps_that_do_not_fit_are_refused(steps: list) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        finite_mean(np.ones((4, 2)), steps, 10)
