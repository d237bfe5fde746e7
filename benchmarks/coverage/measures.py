"""What is put to the test, each as the library works it out; nothing here is simulated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.coverage.line import Values
from withstand.analysis import merit
from withstand.results.metrics import BINS, find
from withstand.results.store import Predictions
from withstand.statistics import (
    Estimate,
    clopper_pearson,
    condition_values,
    mean_interval,
    mean_over_conditions,
    mean_p,
    paired_difference,
    simultaneous_level,
)

mean = mean_over_conditions
difference = paired_difference
p_of_mean = mean_p
share = clopper_pearson
effective_robustness = merit.effective_robustness


def lost(clean: Values, corrupted: Values) -> Estimate:
    return merit.relative_drop(np.stack([clean.mean(axis=1), corrupted.mean(axis=1)], axis=1))


def mce(errors: Values, baseline: Values) -> Estimate:
    return merit.mce(errors, baseline)


def relative_mce(errors: Values, clean: Values, baseline: Values, baseline_clean: Values) -> Estimate:
    return merit.relative_mce(errors, clean, baseline, baseline_clean)


def agreement(one: Values, other: Values) -> tuple[Estimate, Estimate]:
    """Error consistency (kappa), and overlap of the errors."""
    found = merit.agreement(one, other)
    return found.consistency, found.overlap


def together(values: Values) -> list[Estimate]:
    """The means of the columns, with intervals that hold at once."""
    level = simultaneous_level(values)
    return [mean_interval(column, (-1, 1), level) for column in values.T]


def metric(name: str, conditions: Sequence[Predictions]) -> Estimate:
    """The mean of a metric over conditions that show the same images."""
    known = find(name)
    values = np.stack([np.asarray(known.per_image(one), np.float64) for one in conditions], axis=1)
    return mean_over_conditions(values, known.bounds).within(known.low, known.high)


def difference_of(name: str, one: Predictions, other: Predictions) -> Estimate:
    known = find(name)
    values = np.asarray(known.per_image(one), np.float64) - known.per_image(other)
    return mean_interval(condition_values(values[:, None])[:, 0], (-(known.high or 0), known.high))


def bins(n: int) -> int:
    """As many as a calibration error of n images has: what it estimates is the error in so many."""
    return max(1, min(BINS, n // 10))
