"""Effective robustness of many models at once: each by the line through all others, and what every image moves.

What the clean accuracy predicts is a line through the other classifiers on logit axes (Taori et al., 2020); through
a single one, or through some that are equally right on clean images, the line of slope 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from withstand.statistics import Estimate, mean_interval

Array = NDArray[np.float64]

_LEAST = 1e-4
"""Logits are kept finite for shares of 0 and 1."""

_ONE_PLACE = 1e-20
"""Squares of distances on logit axes that are rounding errors: one image in a thousand million moves more."""


def effective_robustness(clean: Array, shifted: Array) -> Sequence[Estimate]:
    """Accuracy under the shift beyond what the clean one predicts: of each of M models, by the M − 1 others.

    Args:
        clean: M×N, right or wrong on each clean image; ``shifted``: the mean under the shift.
    """
    values = np.concatenate([clean, shifted])
    means = values.mean(axis=1)
    value, slopes = beyond(means[: len(clean)], means[len(clean) :])
    moved = slopes @ (values - means[:, None])
    found = []
    for one, each in zip(value, moved, strict=True):
        interval = mean_interval(one + each, (-1, 1))
        found.append(Estimate(float(one), interval.low, interval.high, interval.n).within(-1, 1))
    return found


def beyond(clean: Array, shifted: Array) -> tuple[Array, Array]:
    """M values, and M×2M derivatives of each by all clean and then all shifted means."""
    models = len(clean)
    x, y = (logit(np.clip(one, _LEAST, 1 - _LEAST)) for one in (clean, shifted))
    steep_x, steep_y = (
        np.where((one > _LEAST) & (one < 1 - _LEAST), 1 / np.clip(one * (1 - one), _LEAST / 2, None), 0.0)
        for one in (clean, shifted)
    )
    others = ~np.eye(models, dtype=bool)
    count = models - 1
    mean_x, mean_y = ((one.sum() - one) / count for one in (x, y))
    from_x = np.where(others, x - mean_x[:, None], 0.0)  # row: the model; column: another
    from_y = np.where(others, y - mean_y[:, None], 0.0)
    spread = (from_x**2).sum(axis=1)
    known = spread > _ONE_PLACE  # else the line has slope 1
    safe = np.where(known, spread, 1.0)
    slope = np.where(known, (from_x * y).sum(axis=1) / safe, 1.0)
    away = x - mean_x
    expected = expit(mean_y + slope * away)
    steep = expected * (1 - expected)
    share = others / count
    by_slope = np.where(known[:, None], (from_y - 2 * slope[:, None] * from_x) / safe[:, None], 0.0)
    by_x = -slope[:, None] * share + away[:, None] * by_slope
    by_y = share + np.where(known, away / safe, 0.0)[:, None] * from_x
    slopes_x = -steep[:, None] * (by_x + np.diag(slope)) * steep_x
    slopes_y = -steep[:, None] * by_y * steep_y + np.eye(models)
    return shifted - expected, np.concatenate([slopes_x, slopes_y], axis=1)
