"""How sure a number is: intervals and paired comparisons. Pure functions of arrays; no file, no network.

All the conditions of an evaluation show the *same* source images, so their results rise and fall together: a million
rows from ten thousand images hold the evidence of ten thousand draws. Whatever is averaged over conditions is therefore
resampled by source image, all the rows of an image together.

Two questions must not be mixed up. "How would other images of this kind fare?" treats the test images as draws from a
wider world: that is what the intervals here answer, all but one. "What would the whole test set have given?" is about
these images alone, and is what an evaluation that stops early asks: ``sequential``.
"""

from withstand.statistics.bootstrap import (
    RESAMPLES,
    function_of_means,
    mean_over_conditions,
    percentile_interval,
    resampled_means,
)
from withstand.statistics.estimate import LEVEL, Estimate
from withstand.statistics.multiple import holm, simultaneous_intervals
from withstand.statistics.paired import McNemar, mcnemar, paired_difference, sign_flip
from withstand.statistics.sampled import condition_values, image_values
from withstand.statistics.seeds import over_seeds
from withstand.statistics.shares import exact, wilson

__all__ = [
    "LEVEL",
    "RESAMPLES",
    "Estimate",
    "McNemar",
    "condition_values",
    "exact",
    "function_of_means",
    "holm",
    "image_values",
    "mcnemar",
    "mean_over_conditions",
    "over_seeds",
    "paired_difference",
    "percentile_interval",
    "resampled_means",
    "sign_flip",
    "simultaneous_intervals",
    "wilson",
]
