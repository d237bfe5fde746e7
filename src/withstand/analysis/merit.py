"""Figures of merit with intervals, from one value per image: drops, mCE, effective robustness, agreement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.analysis import beyond
from withstand.statistics import (
    Estimate,
    condition_values,
    mean_interval,
    mean_of_ratios,
    ratio,
)

Both = NDArray[np.float64]
"""N×2: the top-1 of each image clean, and its mean under corruption."""


@dataclass(frozen=True)
class Agreement:
    """How two runs err alike.

    Attributes:
        alike: share of the images where both are right or both wrong, mean over conditions.
        consistency: Cohen's kappa of that in each condition, averaged (Geirhos et al., 2020): 0 is chance, 1 the same.
        overlap: images that both get wrong, of those that either does, in each condition, averaged.
    """

    alike: Estimate
    consistency: Estimate
    overlap: Estimate


def drop(both: Both) -> Estimate:
    """Clean accuracy minus the mean under corruption."""
    return mean_interval(both[:, 0] - both[:, 1], (-1, 1)).within(-1, 1)


def relative_drop(both: Both) -> Estimate:
    """The share of the clean accuracy that is lost."""
    return _less(1, ratio(both[:, 1], both[:, 0])).within(-np.inf, 1)


def mce(errors: NDArray[np.float64], baseline: NDArray[np.float64]) -> Estimate:
    """Mean corruption error (Hendrycks & Dietterich, 2019): each corruption's error by the baseline's, then the mean.

    On ImageNet-C the baseline is AlexNet; CIFAR-10-C has none by custom, so a number without the baseline's name says
    nothing. NaN where the baseline makes no error under a corruption; without an upper end where it may make none.

    Args:
        errors: N×V, the error of each image over severities under each of V corruptions; ``baseline`` likewise.
    """
    return mean_of_ratios(errors, baseline)


def of_itself(one: Estimate) -> Estimate:
    """The mCE of the baseline, by itself: 1 on any images, where it has one."""
    return one if math.isnan(one.value) else Estimate(1.0, 1.0, 1.0, one.n)


def mce_by(errors: NDArray[np.float64], known: Sequence[float]) -> Estimate:
    """The same by errors that are known once and for all, as a published table's are.

    Args:
        errors: N×V, as for ``mce``.
        known: V, the baseline's errors, shares above 0.
    """
    by = np.asarray(known, np.float64)
    return mean_interval((errors / by).mean(axis=1), (0, float((1 / by).mean())))


def relative_mce(
    errors: NDArray[np.float64],
    clean: NDArray[np.float64],
    baseline: NDArray[np.float64],
    baseline_clean: NDArray[np.float64],
) -> Estimate:
    """The same for the errors that corruption *adds* to those on clean images, N×1 (Hendrycks & Dietterich, 2019)."""
    return mean_of_ratios(errors - clean, baseline - baseline_clean, low=-1)


def effective_robustness(own: Both, references: Sequence[Both]) -> Estimate:
    """Accuracy under the shift beyond what the clean accuracy predicts by the line through the references."""
    both = np.stack([own, *references])
    return beyond.effective_robustness(both[..., 0], both[..., 1])[0]


def agreement(one: NDArray[np.float64], other: NDArray[np.float64]) -> Agreement:
    """How alike two runs err: N×C right or wrong each, NaN where not seen."""
    alike = np.where(np.isnan(one + other), np.nan, one == other)
    a, b = (condition_values(np.where(np.isnan(alike), np.nan, side)) for side in (one, other))
    same = condition_values(alike)
    p, q = a.mean(axis=0), b.mean(axis=0)
    # By chance the two differ in p(1 − q) + q(1 − p); to first order an image moves that as it moves p and q.
    by_chance = p + q - 2 * p * q + (1 - 2 * q) * (a - p) + (1 - 2 * p) * (b - q)
    either_wrong = (3 - a - b - same) / 2
    return Agreement(
        mean_interval(same.mean(axis=1)).within(0, 1),
        _less(1, mean_of_ratios(1 - same, by_chance)).within(-1, 1),
        _less(1, mean_of_ratios(1 - same, either_wrong)).within(0, 1),
    )


def _less(total: float, one: Estimate) -> Estimate:
    """``total`` minus the estimate."""
    return Estimate(total - one.value, total - one.high, total - one.low, one.n)
