"""The bootstrap by source image: 10,000 images under 95 conditions, 2,000 resamples."""

from __future__ import annotations

import resource
import sys

import numpy as np

from benchmarks.frame import Contest, Options, contest
from withstand.statistics import percentile_interval, resampled_means


def run(options: Options) -> list[Contest]:
    n, resamples = (200, 50) if options.quick else (10_000, 2_000)
    values = (np.random.default_rng(0).random((n, 95)) < 0.7).astype(np.float64)

    def ours() -> np.ndarray:
        return np.stack(percentile_interval(resampled_means(values, resamples=resamples), n))

    def theirs() -> np.ndarray:
        """The loop that one writes first: copy the rows that were drawn, and average."""
        draw = np.random.default_rng(1)
        means = np.stack([values[draw.integers(n, size=n)].mean(axis=0) for _ in range(resamples)])
        return np.stack(percentile_interval(means, n))

    ours()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    widths = [np.diff(one(), axis=0).mean() for one in (ours, theirs)]
    assert options.quick or abs(widths[0] / widths[1] - 1) < 0.02, f"the intervals differ: {widths}"
    return [
        contest(
            f"95% intervals of 95 means of {n:,} images, {resamples:,} resamples",
            {"loop that copies rows": theirs, "withstand": ours},
            amount=resamples,
            unit="resamples",
            turns=1 if options.quick else 3,
            peak_memory_of_the_process_gib=round(peak / 2**30, 2),
        )
    ]
