"""Experiment 4: reliance on backgrounds, from the predictions of a run. Needs no network, no images and no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.backgrounds import measures
from withstand.backgrounds.variants import MIXED, VARIANTS
from withstand.results.conditions import Condition
from withstand.results.run import Run
from withstand.results.stages import BACKGROUND, under_backgrounds
from withstand.results.store import Predictions
from withstand.statistics import Estimate

GAPS = {"bg_gap": ("mixed_same", "mixed_rand"), "study_gap": ("original", "mixed_rand")}
"""The literature's BG-gap; and the study's, which also counts the traces of cutting out."""

COLUMNS = ("model", "protocol", "measure", "variant", "images", "percent", "low", "high")


@dataclass(frozen=True, eq=False)
class Reliance:
    """How far a classifier relies on backgrounds, by its run under them.

    Attributes:
        run: under background conditions; its summary has the protocol's record under ``background``.
    """

    run: Run

    @property
    def model(self) -> str:
        return self.run.model

    @property
    def protocol(self) -> str:
        return str(self.run.summary["protocol"])

    @property
    def classes(self) -> tuple[str, ...]:
        return self.run.classes

    @property
    def record(self) -> Mapping[str, Any]:
        """What the protocol did: parts, leak, source, notes."""
        record: Mapping[str, Any] = self.run.summary[BACKGROUND]
        return record

    @cached_property
    def predictions(self) -> dict[str, Predictions]:
        """Variant → predictions, by id; of ``zero_shot`` seen through the map, with a last column for the outputs
        outside all classes.
        """
        return {
            variant: self.run.predictions(condition)
            for variant in VARIANTS
            if (condition := Condition(BACKGROUND, variant)) in self.run.files
        }

    @cached_property
    def accuracy(self) -> dict[str, Estimate]:
        """Top-1 in each variant, in shares."""
        return {variant: measures.accuracy(one) for variant, one in self.predictions.items()}

    @cached_property
    def gaps(self) -> dict[str, Estimate]:
        """Each gap whose two variants are there, in shares."""
        shown = self.predictions
        return {
            name: measures.gap(shown[minuend], shown[subtrahend])
            for name, (minuend, subtrahend) in GAPS.items()
            if minuend in shown and subtrahend in shown
        }

    @cached_property
    def pulls(self) -> dict[str, measures.Pull]:
        """What is predicted where object and background differ in class, in the mixed variants where they do."""
        found = {v: measures.pull(self.predictions[v]) for v in MIXED if v in self.predictions}
        return {variant: pull for variant, pull in found.items() if pull is not None}

    @cached_property
    def outside(self) -> dict[str, Estimate]:
        """``zero_shot`` only: the share of predictions outside all classes."""
        if self.protocol != "zero_shot":
            return {}
        return {variant: measures.outside(one) for variant, one in self.predictions.items()}

    @cached_property
    def restricted(self) -> dict[str, Estimate]:
        """``zero_shot`` only: top-1 with the choice restricted to the classes' own outputs."""
        if self.protocol != "zero_shot":
            return {}
        return {v: measures.accuracy(measures.restricted(one)) for v, one in self.predictions.items()}

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of ``background_results.csv``, in percent."""
        for measure, found in (
            ("top1", self.accuracy),
            ("outside", self.outside),
            ("restricted_top1", self.restricted),
        ):
            for variant, value in found.items():
                yield self._row(measure, variant, value)
        for name, value in self.gaps.items():
            yield self._row(name, " - ".join(GAPS[name]), value)
        for variant, pull in self.pulls.items():
            yield self._row("says_foreground", variant, pull.foreground)
            yield self._row("says_background", variant, pull.background)
        for variant, one in self.predictions.items():
            for name, own in zip(self.classes, measures.by_class(one, len(self.classes)), strict=True):
                if own is not None:
                    yield self._row(f"top1 of {name}", variant, own)

    def _row(self, measure: str, variant: str, value: Estimate) -> dict[str, Any]:
        percent = {"percent": value.value, "low": value.low, "high": value.high}
        return {
            "model": self.model,
            "protocol": self.protocol,
            "measure": measure,
            "variant": variant,
            "images": value.n,
            **{key: round(100 * share, 6) for key, share in percent.items()},
        }


def reliances(run: Run) -> list[Reliance]:
    """What a run has of experiment 4, a protocol each.

    Raises:
        UserError: the record is damaged.
    """
    return [Reliance(one) for one in under_backgrounds(run)]


def leaked(record: Mapping[str, Any]) -> str:
    """Which part of the test was seen in training, in words; empty without a leak."""
    shares = record.get("leak", {})
    seen = {v: one["foreground_trained"] for v, one in shares.items() if one["foreground_trained"]}
    if not seen:
        return ""
    worst = max(seen.values())
    picked = max(shares[v]["foreground_seen"] for v in seen)
    clean = [v for v in shares if v not in seen]
    return (
        f"it leaks: {100 * worst:.0f}% of the pictures tested in {_listed(list(seen))} show a foreground that was"
        f" in training, {100 * picked:.0f}% one that was in training or validation"
        + (f"; {_listed(clean)} {'does' if len(clean) == 1 else 'do'} not leak" if clean else "")
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def one_of_each_class(labels: NDArray[np.int64], most: int = 9) -> list[int]:
    """Positions of one foreground of each class, of the first ``most`` classes: the middle one of its class."""
    found = []
    for label in np.unique(labels)[:most]:
        rows = np.flatnonzero(labels == label)
        found.append(int(rows[len(rows) // 2]))
    return found
