"""Metrics: pure functions of predictions. One value per image, whose mean is the metric.

Per-image values are what everything later resamples and pairs, so a new metric in ``METRICS`` gains intervals,
comparisons and a name in every table, also for runs made before it was written. A plug-in's metric is in there, too:
a module of the group ``withstand.metrics`` that has ``METRIC``, a `Metric`, under the name of its entry point.

Some metrics are no mean of anything an image has by itself: calibration error and the area under the risk-coverage
curve are made of the whole set. Their value for an image is the metric plus what the image moves it by (its influence:
Hampel, 1974; the infinitesimal jackknife: Efron, 1982). The mean of these values is the metric exactly; for a part of
the images they must be worked out anew (``Metric.of_the_set``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from withstand.base import plugins
from withstand.base.errors import UserError, nearest
from withstand.results.metrics.answers import (
    NO_NUMBER,
    answered,
    brier,
    chosen,
    confidence,
    correct,
    losses,
    nll,
    not_numbers,
    probabilities,
    top1,
    top5,
)
from withstand.results.metrics.calibration import (
    BINS,
    bin_of,
    bins_together,
    calibration,
    calibration_of,
    classwise_calibration,
)
from withstand.results.metrics.cues import decided, decisions, shape_bias
from withstand.results.metrics.ranking import COVERAGE, risk_coverage, selective
from withstand.results.store import Predictions

__all__ = [
    "BINS",
    "METRICS",
    "NO_NUMBER",
    "Metric",
    "Metrics",
    "answered",
    "bin_of",
    "bins_together",
    "brier",
    "calibration",
    "calibration_of",
    "chosen",
    "classwise_calibration",
    "confidence",
    "correct",
    "decided",
    "decisions",
    "find",
    "losses",
    "nll",
    "not_numbers",
    "probabilities",
    "risk_coverage",
    "selective",
    "shape_bias",
    "top1",
    "top5",
]

PerImage = Callable[[Predictions], NDArray[np.floating] | NDArray[np.bool_]]


@dataclass(frozen=True)
class Metric:
    """A metric and what tables and statistics must know of it.

    Attributes:
        per_image: takes predictions to N values, whose mean is the metric.
        title: what people call it.
        better: whether more of it is better.
        low: no value can be below.
        high: none above; None where there is no bound.
        share: whether it counts images: shown in percent.
        of_the_set: whether the value for an image depends on the other images.
        signed: whether that value may be below ``low``, as far as ``high`` is above it.
        unit: of the metric; empty for a pure number.
        only: the shift whose images it is asked of; empty: of all.
        reach: how far beyond ``low`` and ``high`` an image may lie, though the metric does not; ``inf``: any far.
        rests_on: the images that say something, where not all do: bool N. A share of them that is 0 or 1 is as sure as
            their number allows, which no value tells.
    """

    per_image: PerImage
    title: str
    better: Literal["higher", "lower"] = "lower"
    low: float = 0.0
    high: float | None = None
    share: bool = False
    of_the_set: bool = False
    signed: bool = False
    unit: str = ""
    only: str = ""
    reach: float = 0.0
    rests_on: PerImage | None = None

    def asked_of(self, shift: str) -> bool:
        """Whether it means something under a shift."""
        return self.only in ("", shift)

    @property
    def counts(self) -> bool:
        """Whether it only counts right answers, which needs no probabilities."""
        return self.share and not self.of_the_set

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Of an image's value: an influence on the whole set may be of either sign."""
        if math.isinf(self.reach):
            return None, None
        low = self.low - (self.high or 0) if self.signed else self.low
        return low - self.reach, None if self.high is None else self.high + self.reach


class Metrics(MutableMapping[str, Metric]):
    """Name → metric, in order. Those of plug-ins join when all are listed, or one is asked for that is not there."""

    def __init__(self, ours: Mapping[str, Metric]) -> None:
        self.ours = ours
        self._known = dict(ours)
        self._whole = False

    def __getitem__(self, name: str) -> Metric:
        return self._known[name] if name in self._known else self._all()[name]

    def __setitem__(self, name: str, metric: Metric) -> None:
        self._known[name] = metric

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> dict[str, Metric]:
        if not self._whole:
            added = {name: _plugged(name, taken=name in self._known) for name in plugins.offered("metrics")}
            self._known |= added
            self._whole = True
        return self._known


def _plugged(name: str, taken: bool) -> Metric:
    """The metric that a plug-in offers under that name.

    Raises:
        UserError: the name is ``taken``, the plug-in cannot be imported, or what it has is no metric.
    """
    module = plugins.load("metrics", name)
    whose = plugins.origin("metrics", name)
    if taken:
        raise UserError(f"two go by the name of metric '{name}': withstand and {whose}; uninstall one")
    if not isinstance(module.METRIC, Metric):
        place = f"METRIC in {module.__name__}"
        raise UserError(
            f"the metric '{name}' of {whose}: {place} is not a withstand.results.metrics.Metric; fix it"
        )
    metric: Metric = module.METRIC
    return metric


_OURS: dict[str, Metric] = {
    "top1": Metric(correct, "Top-1", "higher", high=1, share=True, unit="%"),
    "top5": Metric(lambda read: correct(read, 5), "Top-5", "higher", high=1, share=True, unit="%"),
    "nll": Metric(losses, "NLL", unit="nats"),
    "brier": Metric(brier, "Brier score", high=2),
    "ece": Metric(calibration, "ECE", high=1, of_the_set=True, signed=True),
    "classwise_ece": Metric(classwise_calibration, "Classwise ECE", high=1, of_the_set=True, signed=True),
    "aurc": Metric(risk_coverage, "AURC", high=1, of_the_set=True),
    "selective": Metric(
        selective,
        f"Top-1 of the surest {100 * COVERAGE:.0f}%",
        "higher",
        high=1,
        share=True,
        of_the_set=True,
        unit="%",
        reach=1 / COVERAGE - 1,
    ),
    "shape_bias": Metric(
        shape_bias,
        "Shape bias",
        "higher",
        high=1,
        share=True,
        of_the_set=True,
        unit="%",
        only="cue_conflict",
        reach=math.inf,
        rests_on=decided,
    ),
}

METRICS = Metrics(_OURS)
"""Name → metric. Tables, statistics and hypotheses read whatever is here."""


def find(name: str) -> Metric:
    """The metric of that name.

    Raises:
        UserError: there is none.
    """
    if name not in METRICS:
        raise UserError(f"unknown metric '{name}'; {nearest(name, METRICS)}")
    return METRICS[name]
