"""Images from outside: how well each run's logits tell them from the clean images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from withstand.results.conditions import CLEAN
from withstand.results.metrics.outside import SCORES, Floats, auroc, auroc_ahead, fpr
from withstand.results.run import Run
from withstand.results.runs import LeftOut, names, of_kind_aside
from withstand.results.store import Predictions
from withstand.statistics import Estimate

KIND = "outside"

Scores = tuple[Floats, Floats]
"""Of the clean images and of those from outside, each in the order of their ids."""


@dataclass(frozen=True)
class Told:
    """What one score of one run tells: AUROC and FPR95, 0 to 1; and by how much AUROC is behind the best run's."""

    auroc: Estimate
    fpr: Estimate
    behind: Estimate | None = None


@dataclass(frozen=True)
class Outsiders:
    """Runs that were shown the same images from outside.

    Attributes:
        name: of the images from outside.
        told: run → score → what it tells; the best run by AUROC of the max logit first.
        inside, outside: how many images of each kind.
        left_out: runs that saw others, and why.
    """

    name: str
    told: Mapping[str, Mapping[str, Told]]
    inside: int
    outside: int
    left_out: tuple[LeftOut, ...]

    @classmethod
    def of(cls, runs: Sequence[Run], name: str) -> Outsiders | None:
        """None where no run was shown them beside clean images."""
        called = {
            own: run
            for own, run in zip(names(runs), runs, strict=True)
            if name in run.aside and CLEAN in run.files
        }
        if not called:
            return None
        clean = {own: _in_order(run.predictions(CLEAN)) for own, run in called.items()}
        seen = {own: (run.about(name).get("images"), run.content) for own, run in called.items()}
        count = list(seen.values())
        first = max(called, key=lambda own: (count.count(seen[own]), str(called[own].provenance.get("made"))))
        left_out, scored = [], {}
        for own, run in called.items():
            same = np.array_equal(clean[own].ids, clean[first].ids)
            if seen[own][0] != seen[first][0] or not same:
                which = "images from outside" if same else "clean images"
                left_out.append(
                    LeftOut(own, f"its {which} are not those of {first}; evaluate it on the same")
                )
                continue
            others = _in_order(run.beside(name))
            scored[own] = {score: (of(clean[own]), of(others)) for score, of in SCORES.items()}
        inside, outside = map(len, scored[first]["max logit"])
        return cls(name, _told(scored), inside, outside, tuple(left_out))


def _in_order(read: Predictions) -> Predictions:
    return read.take(np.argsort(read.ids, kind="stable"))


def _told(scored: Mapping[str, Mapping[str, Scores]]) -> dict[str, dict[str, Told]]:
    areas = {own: {score: auroc(*pair) for score, pair in of.items()} for own, of in scored.items()}
    ranked = sorted(areas, key=lambda own: -areas[own]["max logit"].value)
    found: dict[str, dict[str, Told]] = {own: {} for own in ranked}
    for own in ranked:
        for score, pair in scored[own].items():
            best = max(areas, key=lambda one: areas[one][score].value)
            behind = None if own == best else auroc_ahead(scored[best][score], pair)
            found[own][score] = Told(areas[own][score], fpr(*pair), behind)
    return found


def all_of(runs: Sequence[Run]) -> list[Outsiders]:
    """Every set of images from outside that any of the runs was shown."""
    found = (Outsiders.of(runs, name) for name in of_kind_aside(runs, KIND))
    return [one for one in found if one is not None]
