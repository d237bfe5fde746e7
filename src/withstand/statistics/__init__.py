"""Uncertainty: intervals and paired comparisons. Pure functions of arrays; no file, no network.

All the conditions of an evaluation show the *same* source images, so their results rise and fall together: a million
rows from ten thousand images hold the evidence of ten thousand draws. Whatever is averaged over conditions therefore
becomes one value for each source image first, and intervals are of the mean of these.

Two questions must not be mixed up. "How would other images of this kind fare?" treats the test images as draws from a
wider world: that is what the intervals here answer, all but one. "What would the whole test set have given?" is about
these images alone, and is what an evaluation that stops early asks: ``sequential``, ``controlled``.
"""

from withstand.statistics.bounded import Bounds, greater_p, mean_interval, mean_p
from withstand.statistics.estimate import LEVEL, Estimate
from withstand.statistics.images import (
    condition_values,
    image_values,
    mean_over_conditions,
    minus,
    paired_difference,
    seen,
)
from withstand.statistics.multiple import holm, simultaneous_level
from withstand.statistics.paired import McNemar, mcnemar
from withstand.statistics.power import Pilot, cluster_values
from withstand.statistics.ratios import mean_of_ratios, ratio
from withstand.statistics.seeds import over_seeds, seeds_p
from withstand.statistics.shares import clopper_pearson, wilson

__all__ = [
    "LEVEL",
    "Bounds",
    "Estimate",
    "McNemar",
    "Pilot",
    "clopper_pearson",
    "cluster_values",
    "condition_values",
    "greater_p",
    "holm",
    "image_values",
    "mcnemar",
    "mean_interval",
    "mean_of_ratios",
    "mean_over_conditions",
    "mean_p",
    "minus",
    "over_seeds",
    "paired_difference",
    "ratio",
    "seeds_p",
    "seen",
    "simultaneous_level",
    "wilson",
]
