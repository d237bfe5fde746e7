"""What a sampled evaluation says of itself, in ``summary.json`` and in every table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from withstand.statistics import Estimate


@dataclass(frozen=True)
class Sample:
    """The part of the shifted images that an evaluation to a wanted precision has seen.

    Attributes:
        precision: the half-width that was asked for, in percentage points.
        rounds: images seen under each condition.
        evaluated: pairs of image and condition that were evaluated.
        of: as many as there are.
        seed: decides which.
        value: mean top-1 over the conditions, a share: in the sample; with a control, the middle of the interval.
        low: the mean that *all* of these images would give is at least this, with 95% confidence at whatever moment the
            evaluation stopped.
        high: and at most this.
        steps: (rounds, precision asked for) at each look so far.
        control: what the answers are compared with, to know more from fewer; None in samples that older versions drew,
            which go on without.
    """

    precision: float
    rounds: int
    evaluated: int
    of: int
    seed: int
    value: float
    low: float
    high: float
    steps: list[Any]
    control: str | None = None

    @property
    def mean(self) -> Estimate:
        """The mean over the conditions; its interval is about these images in full, not about other images."""
        return Estimate(self.value, self.low, self.high, self.evaluated)

    @property
    def share(self) -> float:
        return self.evaluated / self.of

    def __str__(self) -> str:
        return f"a sample: {self.evaluated:,} of {self.of:,} ({100 * self.share:.1f}%)"
