"""A line of the table: a simulated round, how often it should turn out well, and how often it did."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.statistics import Estimate

Draw = np.random.Generator
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """Of one round: whether it was counted, and how wide the interval was; NaN where there is none."""

    counted: bool
    width: float = math.nan


@dataclass(frozen=True)
class Line:
    """What is counted, in which share of the rounds it should be, and how many rounds there are at full size."""

    what: str
    one: Callable[[Draw], Outcome]
    least: float = 0.95
    most: float = 1.0
    rounds: int = 1000

    def measured(self, rounds: int | None = None) -> dict[str, Any]:
        """JSON values; ``holds`` allows for three standard errors of the simulation itself."""
        draw, rounds = np.random.default_rng(17), rounds or self.rounds
        seen = [self.one(draw) for _ in range(rounds)]
        share = float(np.mean([one.counted for one in seen]))
        slack = 3 * math.sqrt(max(self.least * (1 - self.least), self.most * (1 - self.most)) / rounds)
        found = {"what": self.what, "least": self.least, "most": self.most, "share": round(share, 4)}
        found["holds"] = self.least - slack <= share <= self.most + slack
        widths = np.array([one.width for one in seen])
        if not np.isnan(widths).all():
            found["median_width"] = _rounded(float(np.nanmedian(widths)))
            found["without_an_end"] = round(float(np.isinf(widths).mean()), 4)
        return found | {"rounds": rounds}


def covers(found: Estimate, truth: float) -> Outcome:
    return Outcome(bool(found.low <= truth <= found.high), found.high - found.low)


def claimed(p: float) -> Outcome:
    """Whether a true null hypothesis is refused at 5%."""
    return Outcome(p < 0.05)


def size(what: str, one: Callable[[Draw], Outcome], most: float = 0.05, rounds: int = 1000) -> Line:
    """A line that counts what should not happen."""
    return Line(what, one, 0.0, most, rounds)


def _rounded(width: float) -> float | None:
    return float(f"{width:.4g}") if math.isfinite(width) else None


Lines = Iterator[Line]
