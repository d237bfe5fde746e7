"""`python -m benchmarks.sample_redraws RUN …`: does a sample's interval hold, and how many images does it take?

Runs that were evaluated in whole are the populations: their true means are known. Each redraw gives every condition
another order of its images and looks until the aim is met, as `evaluation.precision` does. It is missed where the true
mean is outside of the bounds at any round up to the last, whether anyone looked there or not. Figures go to
results/sample_redraws.json.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from withstand.base import json_file
from withstand.results import metrics
from withstand.results.conditions import CLEAN
from withstand.results.reading import load_run
from withstand.statistics import controlled, sequential
from withstand.statistics.guessing import Guesses, Known

RESULT = Path(__file__).parent / "results" / "sample_redraws.json"
SEED = 11
Floats = NDArray[np.float64]


def population(run: Path) -> tuple[Known, Floats]:
    """What is known before, and N×C: whether each answer was right."""
    found = load_run(run)
    conditions = sorted((c for c in found.conditions if c.shift == "corruption"), key=str)
    clean = found.predictions(CLEAN)
    ids = np.sort(clean.ids)
    clean = clean.at(ids)
    right = [metrics.correct(found.predictions(c).at(ids)) for c in conditions]
    known = Known.of(clean.logits, clean.labels, [(c.shift, c.variant) for c in conditions])
    return known, np.stack(right, axis=1).astype(np.float64)


def redrawn(
    known: Known, right: Floats, aim: float, draw: np.random.Generator
) -> tuple[bool, int, int, float, Floats]:
    """Whether the truth was missed at any round; rounds, looks and the value of one sample; its answers in order."""
    n, conditions = right.shape
    orders = np.stack([draw.permutation(n) for _ in range(conditions)], axis=1)
    answers, guesses = np.take_along_axis(right, orders, 0), Guesses(known, orders)
    steps, control, found = list[tuple[int, float]](), None, None
    while found is None or (found.half_width > aim and steps[-1][0] < n):
        seen = answers[: steps[-1][0] if steps else 0]
        steps.append((controlled.next_look(seen, steps, aim, n, control, guesses.spread(seen)), aim))
        seen = answers[: steps[-1][0]]
        control = guesses.control(seen, [end for end, _ in steps])
        found = controlled.finite_mean(seen, steps, n, control)
    lows, highs = controlled.bounds(seen, steps, n, control)
    missed = bool(((lows > right.mean()) | (highs < right.mean())).any())
    return missed, steps[-1][0], len(steps), found.value, answers


def without(answers: Floats, aim: float) -> int:
    """The rounds that the same images take without a control."""
    rounds, steps, n = 0, list[tuple[int, float]](), len(answers)
    while not rounds or (sequential.finite_mean(answers[:rounds], steps, n).half_width > aim and rounds < n):
        rounds = sequential.next_look(answers[:rounds], aim, n)
        steps.append((rounds, aim))
    return rounds


def study(known: Known, right: Floats, aim: float, redraws: int) -> Mapping[str, Any]:
    draw, n = np.random.default_rng(SEED), len(right)
    missed, rounds, looks, values, old = list[bool](), list[int](), list[int](), list[float](), list[int]()
    for number in range(redraws):
        one = redrawn(known, right, aim, draw)
        for kept, value in zip((missed, rounds, looks, values), one, strict=False):
            kept.append(value)  # type: ignore[attr-defined]
        if number < 3:
            old.append(without(one[4], aim))
    shares = 100 * np.array(rounds) / n
    return {
        "accuracy": 100 * float(right.mean()),
        "redraws": redraws,
        "missed_at_any_round": sum(missed),
        "percent_of_images": {"mean": float(shares.mean()), "most": float(shares.max())},
        "percent_without_control": 100 * float(np.mean(old)) / n,
        "looks": float(np.mean(looks)),
        "value_minus_truth_points": {
            "mean": 100 * float(np.mean(values) - right.mean()),
            "sd": 100 * float(np.std(values)),
        },
    }


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m benchmarks.sample_redraws", description=__doc__)
    words.add_argument("runs", nargs="+", type=Path)
    words.add_argument("--redraws", type=int, default=300)
    words.add_argument("--precision", type=float, default=0.5)
    words.add_argument("--out", type=Path, default=RESULT)
    chosen = words.parse_args()
    found = {}
    for run in chosen.runs:
        found[run.name] = study(*population(run), chosen.precision / 100, chosen.redraws)
        print(run.name, found[run.name], flush=True)
        json_file.write(chosen.out, {"precision": chosen.precision, "seed": SEED, "runs": found})


if __name__ == "__main__":
    main()
