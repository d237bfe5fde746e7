"""Figures of merit made of several means: drops, mCE, effective robustness, agreement.

Functions of means in shares (0 to 1), of any leading shape, so that they take resampled means as they take the means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Means = NDArray[np.float64]


def relative_drop(clean: Means, shifted: Means) -> Means:
    """The share of the clean accuracy that is lost: 1 − shifted / clean."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - shifted / clean


def mce(errors: Means, baseline: Means) -> Means:
    """Mean corruption error (Hendrycks & Dietterich, 2019): each corruption's error by the baseline's, then the mean.

    Args:
        errors: …×V, the mean error over severities under each of V corruptions.
        baseline: …×V, the same of the classifier that all are measured by. On ImageNet-C that is AlexNet; CIFAR-10-C
            has none by custom, so a number without the baseline's name says nothing.

    Returns:
        (…); 1 is as many errors as the baseline.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: Means = (errors / baseline).mean(axis=-1)
    return mean


def relative_mce(errors: Means, clean: Means, baseline: Means, baseline_clean: Means) -> Means:
    """The same for the errors that corruption *adds* (Hendrycks & Dietterich, 2019).

    Unstable where the baseline loses next to nothing under a corruption: its interval shows it.

    Args:
        errors: …×V, and ``baseline`` likewise, as in ``mce``.
        clean: (…), the error on clean images, and ``baseline_clean`` likewise.
    """
    return mce(errors - np.asarray(clean)[..., None], baseline - np.asarray(baseline_clean)[..., None])


def effective_robustness(clean: Means, shifted: Means, of_clean: Means, of_shifted: Means) -> Means:
    """Accuracy under the shift beyond what the clean accuracy predicts (Taori et al., 2020).

    The prediction is a line through reference classifiers on logit axes; through a single one, the line of slope 1.

    Args:
        clean: (…), the accuracy on clean images, and ``shifted`` under the shift.
        of_clean: …×M, those of the reference classifiers, and ``of_shifted`` likewise.
    """
    x, y = _logit(of_clean), _logit(of_shifted)
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = (centred**2).sum(axis=-1)
    slope = np.where(spread > 0, (centred * y).sum(axis=-1) / np.where(spread > 0, spread, 1), 1.0)
    expected = expit(y.mean(axis=-1) + slope * (_logit(clean) - x.mean(axis=-1)))
    return np.asarray(shifted - expected)


def error_consistency(a: Means, b: Means, alike: Means) -> Means:
    """Cohen's kappa of being right: whether two err on the same images more than chance has it (Geirhos et al., 2020).

    Args:
        a: accuracy of the one, ``b`` of the other.
        alike: share of the images where both are right or both are wrong.

    Returns:
        1 where they err on the same images, 0 where as if by chance, NaN where one of them never errs or always does.
    """
    by_chance = a * b + (1 - a) * (1 - b)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (alike - by_chance) / (1 - by_chance)


def error_overlap(a: Means, b: Means, alike: Means) -> Means:
    """Images that both get wrong, as a share of those that either does (Jaccard, 1901): 0 to 1."""
    either_wrong = (3 - a - b - alike) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - (1 - alike) / either_wrong


def _logit(share: Means) -> Means:
    """Logit, kept finite for a share of 0 or 1."""
    return np.asarray(logit(np.clip(share, 1e-4, 1 - 1e-4)))
