"""Do the intervals hold what they say? Simulations where the truth is known: ``python -m benchmarks.coverage``.

Each line draws data many times over, from a world whose truth is known, and counts how often the 95% interval covers
it, or how often a test of a true null hypothesis is below 5%. The suite does the same at small size.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from withstand import atomic, metrics, robustness
from withstand.statistics import (
    Estimate,
    exact,
    function_of_means,
    holm,
    image_values,
    mcnemar,
    mean_over_conditions,
    over_seeds,
    paired_difference,
    resampled_means,
    sequential,
    sign_flip,
    simultaneous_intervals,
    wilson,
)
from withstand.store import Predictions

RESULTS = Path(__file__).parent / "results" / "coverage.json"
Draw = np.random.Generator
Values = NDArray[np.float64]
N, C = 1000, 20  # images and conditions of a simulated evaluation
R = 1000  # resamples


def clustered(draw: Draw, ability: float = 0.0, hard: Values | None = None) -> Values:
    """N×C right or wrong; an image is easy or hard under all conditions, and conditions differ. Truth: ``truth``."""
    image = draw.normal(size=(N, 1)) if hard is None else hard
    return (draw.random((N, C)) < stats.norm.cdf(1.5 * (ability + steps() + image))).astype(float)


def steps() -> Values:
    return np.linspace(0.8, -0.4, C)


def truth(ability: float = 0.0) -> Values:
    """The accuracy under each condition in the world that ``clustered`` draws from."""
    return np.asarray(stats.norm.cdf(1.5 * (ability + steps()) / np.sqrt(1 + 1.5**2)))


def holds(found: Estimate, value: float) -> bool:
    return bool(found.low <= value <= found.high)


def bootstrap(draw: Draw) -> bool:
    return holds(mean_over_conditions(clustered(draw), resamples=R, seed=_seed(draw)), truth().mean())


def naive(draw: Draw) -> bool:
    """The rows of all conditions as if each were a draw of its own."""
    rows = clustered(draw).ravel()
    count = draw.binomial(rows.size, rows.mean(), size=R)  # the bootstrap of 0 and 1, exactly
    low, high = np.quantile(count / rows.size, [0.025, 0.975])
    return bool(low <= truth().mean() <= high)


def ratio(draw: Draw) -> bool:
    means = np.stack([(v := clustered(draw))[:, :4].mean(axis=1), v.mean(axis=1)], axis=1)
    found = function_of_means(
        means, lambda m: robustness.relative_drop(m[..., 0], m[..., 1]), resamples=R, seed=_seed(draw)
    )
    return holds(found, 1 - truth().mean() / truth()[:4].mean())


def corruption_error(draw: Draw) -> bool:
    hard = draw.normal(size=(N, 1))
    both = np.concatenate([clustered(draw, 0.2, hard), clustered(draw, 0.0, hard)], axis=1)
    found = function_of_means(
        both, lambda m: robustness.mce(1 - m[..., :C], 1 - m[..., C:]), resamples=R, seed=_seed(draw)
    )
    return holds(found, float(robustness.mce(1 - truth(0.2), 1 - truth())))


def paired(draw: Draw) -> bool:
    hard = draw.normal(size=(N, 1))
    a, b = clustered(draw, 0.1, hard), clustered(draw, 0.0, hard)
    return holds(paired_difference(a, b, resamples=R, seed=_seed(draw)), truth(0.1).mean() - truth().mean())


def together(draw: Draw) -> bool:
    values = draw.normal(size=(200, 1)) + draw.normal(size=(200, 10))
    found = simultaneous_intervals(
        values.mean(axis=0), resampled_means(values, resamples=R, seed=_seed(draw)), 200
    )
    return all(holds(one, 0) for one in found)


def one_cell(kind: Callable[[int, int], Estimate]) -> Callable[[Draw], bool]:
    def covers(draw: Draw) -> bool:
        share = draw.uniform(0.05, 0.95)
        return holds(kind(int(draw.binomial(200, share)), 200), share)

    return covers


def discordant(draw: Draw) -> bool:
    shared = draw.random(150)
    a, b = shared < 0.7, (shared < 0.5) | (draw.random(150) < 0.1)
    return holds(mcnemar(a, b).difference, 0.7 - 0.55)


def part(draw: Draw) -> bool:
    """A sample of a fifth under each condition, for the wider world."""
    values = clustered(draw)
    values[draw.random((N, C)).argsort(axis=0) >= N // 5] = np.nan
    found = mean_over_conditions(image_values(values)[:, None], resamples=R, seed=_seed(draw))
    return holds(found, truth().mean())


def seeds(draw: Draw) -> bool:
    trained = 0.7 + 0.05 * draw.normal(size=(5, 1)) + 0.3 * draw.normal(size=300) + draw.normal(size=(5, 300))
    return holds(over_seeds(trained), 0.7)


def predictions(draw: Draw, n: int, sharp: float) -> Predictions:
    logits = draw.normal(size=(n, 4))
    labels = draw.integers(4, size=n)
    logits[np.arange(n), labels] += 1  # `sharp` 1 is calibrated exactly: logits are log likelihoods
    return Predictions(np.arange(n), labels, (sharp * logits).astype(np.float32))


def metric(name: str, sharp: float) -> Callable[[Draw], bool]:
    values = metrics.PER_IMAGE[name]
    limit = np.mean([values(predictions(np.random.default_rng(s), 400_000, sharp)).mean() for s in range(3)])

    def covers(draw: Draw) -> bool:
        given = np.asarray(values(predictions(draw, N, sharp)), dtype=np.float64)
        return holds(mean_over_conditions(given[:, None], resamples=R, seed=_seed(draw)), float(limit))

    return covers


def stopping(aim: float) -> Callable[[Draw], bool]:
    """Whether the interval covers the population's mean at *every* look until it stops: 10,000 images × 95."""
    world = np.random.default_rng(0)
    chance = stats.norm.cdf(1.2 * (np.linspace(1.2, -0.6, 95) + world.normal(size=(10_000, 1))))
    population = world.random((10_000, 95)) < chance
    mean = float(population.mean())

    def covers(draw: Draw) -> bool:
        most = 2500
        drawn = [column[draw.permutation(10_000)[:most]] for column in population.T]
        values, looks = np.stack(drawn, axis=1).astype(np.float64), []
        while True:
            rounds = sequential.next_look(values[: looks[-1][0] if looks else 0], aim, 10_000)
            looks.append((rounds, aim))
            found = sequential.finite_mean(values[:rounds], looks, 10_000)
            if not holds(found, mean):
                return False
            if found.half_width <= aim:
                return True

    return covers


def size_of_mcnemar(draw: Draw) -> bool:
    hard = draw.random(200)
    a, b = (hard + 0.5 * draw.random(200) < 0.9 for _ in range(2))
    return mcnemar(a, b).p < 0.05


def size_of_sign_flip(draw: Draw) -> bool:
    hard = draw.normal(size=(N, 1))
    d = image_values(clustered(draw, 0, hard) - clustered(draw, 0, hard))
    return bool(sign_flip(d[:, None], flips=999, seed=_seed(draw))[0] < 0.05)


def size_of_holm(draw: Draw) -> bool:
    values = draw.normal(size=(200, 1)) + draw.normal(size=(200, 6))
    signs = sign_flip(values, flips=999, seed=_seed(draw))
    return bool((holm(signs) < 0.05).any())


def _seed(draw: Draw) -> int:
    return int(draw.integers(2**31))


def lines() -> dict[str, tuple[str, Callable[[Draw], bool]]]:
    """Name → what is expected of it, and one simulated round."""
    within, least = "0.935 to 0.965", "at least 0.95"
    return {
        "wilson, one cell": (within, one_cell(wilson)),
        "exact, one cell": (least, one_cell(exact)),
        "McNemar's difference, one cell": (within, discordant),
        "mean over conditions, images resampled": (within, bootstrap),
        "mean over conditions, rows resampled (naive)": ("fails", naive),
        "relative drop": (within, ratio),
        "mCE": (within, corruption_error),
        "paired difference of two classifiers": (within, paired),
        "ten differences together": (within, together),
        "a sample, for the wider world": (within, part),
        "five seeds": ("0.935 or more", seeds),
        "Brier": (within, metric("brier", 2.5)),
        "NLL": (within, metric("nll", 2.5)),
        "AURC": (within, metric("aurc", 2.5)),
        "ECE, overconfident": (within, metric("ece", 2.5)),
        "classwise ECE, overconfident": (within, metric("classwise_ece", 2.5)),
        "ECE, calibrated (its known bias)": ("fails", metric("ece", 1.0)),
        "sequential ± 0.5 points, at every look": (least, stopping(0.005)),
        "sequential ± 1 point, at every look": (least, stopping(0.01)),
        "size of McNemar's test": ("at most 0.05", size_of_mcnemar),
        "size of the permutation test": ("0.035 to 0.065", size_of_sign_flip),
        "size of Holm over six": ("at most 0.065", size_of_holm),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    told = parser.parse_args()
    results = []
    for name, (expected, one) in lines().items():
        started = time.perf_counter()
        draw = np.random.default_rng(17)
        share = float(np.mean([one(draw) for _ in range(told.rounds)]))
        seconds = time.perf_counter() - started
        print(f"{name:48} {share:.4f}   expected {expected}   ({seconds:.1f} s)", flush=True)
        results.append({"what": name, "expected": expected, "share": share, "rounds": told.rounds})
    atomic.write_json(told.out, results)


if __name__ == "__main__":
    main()
