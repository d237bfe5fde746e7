"""What hypotheses speak of: a classifier with its facts and one value an image, of any experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.backgrounds.results import leaked, outcomes
from withstand.facts import Facts
from withstand.finetuned import load_finetuned
from withstand.groups import groups
from withstand.hypotheses.claim import Measure
from withstand.metrics import PER_IMAGE
from withstand.runs import Run, names
from withstand.statistics import image_values

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Subject:
    """One classifier as one experiment left it.

    Attributes:
        facts: fact → value, what selectors and confounders look at.
        basis: what it was measured on: dataset, source of the images, conditions. Only equal ones compare.
        ids: int64 N, the source images.
        values: gives float64, the measure of each of the images asked for.
        sampled: whether it saw a random part of the images only.
        level: for ranking: the accuracy before.
    """

    name: str
    facts: dict[str, Any]
    basis: tuple[Any, ...]
    ids: NDArray[np.int64]
    values: Callable[[NDArray[np.int64]], Values] = field(repr=False)
    sampled: bool = False
    level: float | None = None


def subjects(runs: Sequence[Run], measure: Measure) -> list[Subject]:
    """All that the runs have for a measure; a run without it gives none."""
    make = {"corruption": _corruption, "finetuning": _finetuning, "background": _background}[measure.of]
    found = [one for name, run in zip(names(runs), runs, strict=True) for one in make(name, run, measure)]
    return _ranked(found)


def _facts(run: Run, **more: Any) -> dict[str, Any]:
    known = asdict(Facts.of(run.summary, run.provenance))
    model = (run.provenance.get("config") or {}).get("model") or {}
    own = {"architecture": model.get("name") or known["model"], "leaks": "no", "training": run.training}
    return known | own | more


def _corruption(name: str, run: Run, measure: Measure) -> Iterator[Subject]:
    known = groups(run.conditions)
    wanted = [group for group in (measure.over, measure.minus) if group]
    if any(group not in known for group in wanted):
        return
    basis = (run.dataset, run.summary.get("corruption_source"), *(known[group] for group in wanted))

    def values(ids: NDArray[np.int64]) -> Values:
        means = [image_values(run.on(ids).scores.of(measure.metric, known[g], ids)) for g in wanted]
        return means[0] - means[1] if len(means) > 1 else means[0]

    yield Subject(name, _facts(run), basis, run.scores.ids, values, run.sampled is not None)


def _finetuning(name: str, run: Run, measure: Measure) -> Iterator[Subject]:
    for tuned in load_finetuned(run.folder):
        if measure.over not in tuned.groups:
            continue
        conditions = tuned.groups[measure.over]
        leak = tuned.facts.get("leak") or {}
        facts = _facts(
            tuned.after,
            stage="finetuned",
            protocol=tuned.facts["protocol"],
            leaks="yes" if leak.get("images") else "no",
        )

        def values(
            ids: NDArray[np.int64], before: Run = tuned.before, after: Run = tuned.after, on: Any = conditions
        ) -> Values:
            a, b = (image_values(one.on(ids).scores.of(measure.metric, on, ids)) for one in (after, before))
            return a - b

        ids = np.intersect1d(tuned.before.scores.ids, tuned.after.scores.ids)
        level = float(image_values(tuned.before.scores.of("top1", conditions, ids)).mean())
        basis = (run.dataset, tuned.after.summary.get("corruption_source"), conditions)
        yield Subject(f"{name} ({tuned.name})", facts, basis, ids, values, level=level)


def _background(name: str, run: Run, measure: Measure) -> Iterator[Subject]:
    wanted = [variant for variant in (measure.over, measure.minus) if variant]
    for outcome in outcomes(run.folder, run.summary):
        if any(variant not in outcome.predictions for variant in wanted):
            continue
        shown = [outcome.predictions[variant] for variant in wanted]
        each = [PER_IMAGE[measure.metric](one).astype(np.float64) for one in shown]
        ids = shown[0].ids
        for one in shown[1:]:
            ids = np.intersect1d(ids, one.ids)

        def values(asked: NDArray[np.int64], shown: Any = shown, each: Any = each) -> Values:
            aligned = []
            for one, value in zip(shown, each, strict=True):
                order = np.argsort(one.ids)
                aligned.append(value[order[np.searchsorted(one.ids[order], asked)]])
            difference: Values = aligned[0] - (aligned[1] if len(aligned) > 1 else 0)
            return difference

        facts = _facts(run, protocol=outcome.protocol, leaks="yes" if leaked(outcome.record) else "no")
        label = f"{name} ({outcome.protocol})"
        yield Subject(label, facts, (run.dataset, outcome.record.get("source")), np.sort(ids), values)


def _ranked(found: Iterable[Subject]) -> list[Subject]:
    """With the fact ``rank``: weakest for the lowest before of its protocol, stronger for the others."""
    ranked = list(found)
    for one in ranked:
        rivals = [
            other.level
            for other in ranked
            if other.level is not None and other.facts["protocol"] == one.facts["protocol"]
        ]
        if one.level is not None:
            one.facts["rank"] = "weakest" if one.level == min(rivals) else "stronger"
    return ranked
