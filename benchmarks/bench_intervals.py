"""Intervals: one of a mean over 95 conditions, and those of all pairs of 8 runs on 10,000 images."""

from __future__ import annotations

import numpy as np

from benchmarks.frame import Contest, Options, contest, peak
from withstand.analysis.comparison import Comparison
from withstand.analysis.pairs import Standing
from withstand.corruptions.names import CORRUPTIONS, SEVERITIES
from withstand.results.conditions import Condition
from withstand.statistics import mean_over_conditions, paired_difference

CONDITIONS = tuple(Condition("corruption", name, severity) for name in CORRUPTIONS for severity in SEVERITIES)
RUNS = tuple("abcdefgh")


class Drawn(Comparison):
    """A comparison of drawn values in place of runs read from folders."""

    @property
    def sampled(self) -> tuple[str, ...]:
        return ()

    def values(self, name: str, group: str, metric: str = "top1") -> np.ndarray:
        return DRAWN[name]


DRAWN: dict[str, np.ndarray] = {}


def run(options: Options) -> list[Contest]:
    n, resamples, turns = (200, 50, 1) if options.quick else (10_000, 2_000, 3)
    draw = np.random.default_rng(0)
    hard = draw.normal(size=(n, 1))
    for place, name in enumerate(RUNS):
        right = draw.normal(size=(n, len(CONDITIONS))) + 0.3 + 0.02 * place > hard
        DRAWN[name] = right.astype(np.float64)
    together = Drawn((), RUNS, np.arange(n), CONDITIONS, False, ())
    first, second = DRAWN["a"], DRAWN["b"]
    widths = [_bootstrap(first - second, resamples), paired_difference(first, second).half_width * 2]
    # The image that was not seen and may lie at the bound costs width: a seventh here.
    assert options.quick or 1 < widths[1] / widths[0] < 1.3, f"the intervals differ: {widths}"
    one = contest(
        f"the interval of a mean of {n:,} images under 95 conditions",
        {
            f"bootstrap of {resamples:,} resamples, row by row": lambda: _bootstrap(first, resamples),
            "withstand": lambda: mean_over_conditions(first),
        },
        amount=1,
        unit="intervals",
        turns=turns,
    )
    pairs = contest(
        f"all pairs of 8 runs on {n:,} images under 95 conditions, with intervals that hold at once",
        {"withstand": lambda: Standing.of(together, "corrupted")},
        amount=28,
        unit="pairs",
        turns=turns,
        values_gib=round(sum(values.nbytes for values in DRAWN.values()) / 2**30, 2),
    )
    pairs.notes["peak_memory_of_the_process_gib"] = round(peak() / 2**30, 2)
    return [one, pairs]


def _bootstrap(values: np.ndarray, resamples: int) -> float:
    """The width of the interval that one writes first: draw images again and again, and average."""
    draw, per_image = np.random.default_rng(1), values.mean(axis=1)
    n = len(per_image)
    means = [per_image[draw.integers(n, size=n)].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(high - low)
