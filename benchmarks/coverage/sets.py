"""Metrics that an image has by itself, and metrics of the whole set: calibration errors and AURC, in small sets too."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from benchmarks.coverage import measures
from benchmarks.coverage.line import Draw, Line, Lines, Outcome, covers
from benchmarks.coverage.worlds import N, predictions, two
from withstand.results import metrics

NAMES = {"ece": "ECE", "classwise_ece": "classwise ECE", "aurc": "AURC", "brier": "Brier", "nll": "NLL"}


@cache
def limit(name: str, sharp: float, skill: float, bins: int) -> float:
    """The metric of the world: of a million images; a calibration error in as many bins as few images have."""
    calibration = {"ece": metrics.calibration, "classwise_ece": metrics.classwise_calibration}
    if name in calibration and sharp == 1:
        return 0.0  # by construction
    drawn = (predictions(np.random.default_rng(seed), 250_000, sharp, skill) for seed in range(4))
    if name in calibration:
        return float(np.mean([calibration[name](one, bins, debias=False).mean() for one in drawn]))
    return float(np.mean([np.mean(metrics.find(name).per_image(one)) for one in drawn]))


def metric(name: str, n: int, sharp: float, skill: float, conditions: int = 1) -> Callable[[Draw], Outcome]:
    def one(draw: Draw) -> Outcome:
        shown = [predictions(draw, n, sharp, skill) for _ in range(conditions)]
        return covers(measures.metric(name, shown), limit(name, sharp, skill, measures.bins(n)))

    return one


def difference(name: str, n: int, sharp: tuple[float, float], skill: float) -> Callable[[Draw], Outcome]:
    def one(draw: Draw) -> Outcome:
        a, b = (limit(name, one, skill, measures.bins(n)) for one in sharp)
        return covers(measures.difference_of(name, *two(draw, n, sharp, skill)), a - b)

    return one


def lines() -> Lines:
    for name in ("brier", "nll"):
        yield Line(NAMES[name], metric(name, N, 2.5, 1), rounds=500)
    for name in ("aurc", "ece", "classwise_ece"):
        for n in (30, 100, 300, 1000):
            yield Line(f"{NAMES[name]}, {n:,} images, overconfident", metric(name, n, 2.5, 1), rounds=500)
    for n in (30, 100, 300, 1000):
        yield Line(f"AURC, {n:,} images, 96% right", metric("aurc", n, 2.5, 3), rounds=500)
        yield Line(f"ECE, {n:,} images, 96% right, overconfident", metric("ece", n, 2.5, 3), rounds=500)
    for n in (100, 1000):
        yield Line(f"ECE, {n:,} images, calibrated", metric("ece", n, 1, 1), rounds=500)
        yield Line(f"classwise ECE, {n:,} images, calibrated", metric("classwise_ece", n, 1, 1), rounds=500)
    for n in (100, 300, 1000):
        yield Line(
            f"difference of two ECEs, {n:,} images, 2.5 and 1.5 times too sure",
            difference("ece", n, (2.5, 1.5), 1),
            rounds=300,
        )
        yield Line(
            f"difference of two ECEs, {n:,} images, 1.5 times too sure and calibrated",
            difference("ece", n, (1.5, 1), 1),
            rounds=300,
        )
        yield Line(
            f"difference of two ECEs, {n:,} images, both 1.5 times too sure",
            difference("ece", n, (1.5, 1.5), 1),
            rounds=300,
        )
    yield Line("difference of two AURCs, 100 images", difference("aurc", 100, (2.5, 2.5), 1), rounds=300)
    for sharp, how in ((2.5, "overconfident"), (1.5, "a little overconfident"), (1, "calibrated")):
        yield Line(
            f"mean of the ECEs of 20 conditions, 300 images each, {how}",
            metric("ece", 300, sharp, 1, 20),
            rounds=100,
        )
