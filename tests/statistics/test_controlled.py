"""With guesses as a control: valid at every round whatever the guesses, and fewer images where they are good."""

import numpy as np
import pytest

from withstand.statistics import controlled, sequential
from withstand.statistics.estimate import Estimate
from withstand.statistics.guessing import Guesses, Known

N, CONDITIONS, CLASSES = 800, 12, 5
KINDS = [condition // 3 for condition in range(CONDITIONS)]


def population(seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clean logits and labels of a classifier, and the right answers under harder and harder conditions."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, CLASSES, N)
    logits = draw.normal(size=(N, CLASSES)) + 2.5 * np.eye(CLASSES)[labels]
    rival = np.where(np.eye(CLASSES)[labels] > 0, -np.inf, logits).max(axis=1)
    margin = logits[np.arange(N), labels] - rival
    harm = np.linspace(0, 3, CONDITIONS)
    right = margin[:, None] - harm + 0.8 * draw.normal(size=(N, CONDITIONS)) > 0
    return logits, labels, right.astype(float)


def drawn(seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return np.stack([draw.permutation(N) for _ in range(CONDITIONS)], axis=1)


def evaluate(known: Known, world: np.ndarray, orders: np.ndarray, aim: float) -> list[Estimate]:
    """All looks until the aim is met."""
    answers, guesses = np.take_along_axis(world, orders, 0), Guesses(known, orders)
    looks, steps, control = [], [], None
    while not looks or looks[-1].half_width > aim:
        seen = answers[: steps[-1][0] if steps else 0]
        steps.append((controlled.next_look(seen, steps, aim, N, control, guesses.spread(seen)), aim))
        seen = answers[: steps[-1][0]]
        control = guesses.control(seen, [end for end, _ in steps])
        looks.append(controlled.finite_mean(seen, steps, N, control))
    return looks


def plain(world: np.ndarray, orders: np.ndarray, aim: float) -> int:
    """How many rounds it takes without guesses."""
    answers, rounds, steps = np.take_along_axis(world, orders, 0), 0, []
    while not rounds or sequential.finite_mean(answers[:rounds], steps, N).half_width > aim:
        rounds = sequential.next_look(answers[:rounds], aim, N)
        steps.append((rounds, aim))
    return rounds


def worlds() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Clean logits beside answers that they foretell, do not, foretell the wrong way round; and answers all alike."""
    logits, _, right = population()
    shuffled = np.random.default_rng(1).permutation(N)
    return {
        "informative": (logits, right),
        "uninformative": (logits[shuffled], right),
        "the wrong way round": (-logits, right),
        "right where clean is wrong": (logits, 1 - right),
        "hardly ever right": (logits, (np.random.default_rng(2).random(right.shape) < 0.01) * 1.0),
    }


@pytest.mark.parametrize("world", worlds())
def test_it_holds_at_all_looks_at_once_whatever_the_guesses(world: str) -> None:
    logits, right = worlds()[world]
    known, truth, missed = Known.of(logits, population()[1], KINDS), right.mean(), 0
    for seed in range(25):
        looks = evaluate(known, right, drawn(seed), 0.03)
        missed += not all(one.low <= truth <= one.high for one in looks)
        assert looks[-1].half_width <= 0.03
    assert missed <= 4  # of 25 at 5%: more than that is less likely than 1 in 100


def test_good_guesses_take_far_fewer_images_and_bad_ones_hardly_more() -> None:
    labels, share = population()[1], {}
    for name, (logits, right) in worlds().items():
        known, orders = Known.of(logits, labels, KINDS), drawn(5)
        taken = evaluate(known, right, orders, 0.02)[-1].n / CONDITIONS
        share[name] = taken / plain(right, orders, 0.02)
    assert share["informative"] < 0.65
    assert max(share.values()) < 1.1, share


def test_guesses_are_chances_and_made_before_the_answers_are_seen() -> None:
    logits, labels, right = population()
    orders = drawn(0)
    guesses, answers = Guesses(Known.of(logits, labels, KINDS), orders), np.take_along_axis(right, orders, 0)
    control = guesses.control(answers[:200], [40, 200])
    assert control.guessed.min() >= 0 and control.guessed.max() <= 1
    other = answers[:200].copy()
    other[40:] = 1 - other[40:]
    again = Guesses(guesses.known, orders).control(other, [40, 200])
    assert np.array_equal(control.guessed, again.guessed) and np.array_equal(control.ahead, again.ahead)
    misses = ((answers[40:200] - control.guessed[40:]) ** 2).mean()
    assert misses == pytest.approx(control.spreads[1], rel=0.15)


def test_the_mean_of_the_guesses_ahead_is_that_of_all_images_not_yet_drawn() -> None:
    logits, labels, right = population()
    orders = drawn(1)
    guesses, answers = Guesses(Known.of(logits, labels, KINDS), orders), np.take_along_axis(right, orders, 0)
    control = guesses.control(answers[:60], [50, 60])
    guess = guesses._after(answers[:50])[0]
    left = [guess(orders[57:, c], np.full(N - 57, c)).mean() for c in range(CONDITIONS)]
    assert control.ahead[57] == pytest.approx(np.mean(left))


def test_everything_seen_is_no_doubt() -> None:
    logits, labels, right = population()
    looks = evaluate(Known.of(logits, labels, KINDS), right, drawn(2), 1e-5)
    assert looks[-1].n == right.size
    assert (looks[-1].low, looks[-1].high) == pytest.approx((right.mean(), right.mean()))


def test_strange_clean_answers_are_no_trouble() -> None:
    logits, labels, right = population()
    masked = np.where(np.arange(CLASSES) == 4, -np.inf, logits)
    for strange in (masked, np.zeros_like(logits), logits * 1e30):
        assert evaluate(Known.of(strange, labels, KINDS), right, drawn(3), 0.05)[-1].half_width <= 0.05
    for same in (np.ones_like(right), np.zeros_like(right)):
        looks = evaluate(Known.of(logits, labels, KINDS), same, drawn(3), 0.02)
        assert looks[-1].low <= same.mean() <= looks[-1].high and looks[-1].n < same.size / 3


@pytest.mark.parametrize("steps", [[], [(3, 0.1)], [(2, 0.1), (9, 0.1)]])
def test_steps_that_do_not_fit_are_refused(steps: list) -> None:
    control = controlled.Control(np.full((4, 2), 0.5), np.full(4, 0.5), [0.25])
    with pytest.raises(ValueError, match="do not fit"):
        controlled.finite_mean(np.ones((4, 2)), steps, 10, control)
