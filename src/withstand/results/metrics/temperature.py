"""Temperature scaling: one number that logits are divided by, so that confidence matches accuracy on other images."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import scipy

from withstand.results.metrics.answers import correct, not_numbers
from withstand.results.store import Predictions

HIGHEST = 100.0
"""The highest temperature looked at; the lowest is one over it."""


def temperature(predictions: Predictions) -> float:
    """The temperature at which the mean negative log likelihood of these predictions is least (Guo et al., 2017).

    Above 1 the classifier is too sure of itself. The likelihood is concave in one over it, so there is one optimum.
    Answers that are not numbers are left out. Where none is wrong, or there is none, it is the lowest looked at.
    """
    kept = predictions.take(np.flatnonzero(~not_numbers(predictions)))
    logits = kept.logits.astype(np.float64)
    truth = np.take_along_axis(logits, kept.labels[:, None], axis=1)[:, 0]
    if correct(kept).all():  # the surer the likelier, without end
        return 1 / HIGHEST

    def loss(log: float) -> float:
        by = math.exp(-log)
        return float(np.mean(scipy.special.logsumexp(by * logits, axis=1) - by * truth))

    limit = math.log(HIGHEST)
    return math.exp(
        scipy.optimize.minimize_scalar(
            loss, bounds=(-limit, limit), method="bounded", options={"xatol": 1e-6}
        ).x
    )


def at_temperature(predictions: Predictions, by: float) -> Predictions:
    """The same with every logit divided: what is chosen stays, how sure it is changes."""
    return replace(predictions, logits=(predictions.logits / np.float32(by)).astype(np.float32))
