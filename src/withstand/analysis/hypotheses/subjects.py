"""The subjects of hypotheses: a classifier with its facts and one value per image and condition, of any experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.backgrounds.reliance import leaked
from withstand.analysis.changes import Change, changes
from withstand.analysis.groups import groups
from withstand.analysis.hypotheses.claim import Measure
from withstand.analysis.hypotheses.confounders import settings
from withstand.results.conditions import CLEAN, Condition
from withstand.results.facts import Facts
from withstand.results.run import Run
from withstand.results.runs import names
from withstand.results.stages import BACKGROUND, under_backgrounds
from withstand.statistics import image_values

Tables = tuple[NDArray[np.float64], ...]
"""N×C for the conditions that a measure is over, then for those that are taken off, if any; NaN where not seen."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One classifier as one experiment left it.

    Attributes:
        facts: fact → value, what selectors look at.
        settings: every recorded setting, by key; empty where the run has no record.
        basis: what it was measured on: dataset, source of the images, conditions. Only equal ones compare.
        ids: int64 N, the source images.
        tables: gives the measure of each of the images asked for, under each condition.
        clean: gives N×1, whether each of them is right clean; None where clean images are no part of the measure.
        sampled: whether it saw a random part of the images only.
        level: for ranking: the accuracy before.
    """

    name: str
    facts: dict[str, Any]
    settings: Mapping[str, str]
    basis: tuple[Any, ...]
    ids: NDArray[np.int64]
    tables: Callable[[NDArray[np.int64]], Tables] = field(repr=False)
    clean: Callable[[NDArray[np.int64]], NDArray[np.float64]] | None = field(default=None, repr=False)
    sampled: bool = False
    level: float | None = None


def subjects(runs: Sequence[Run], measure: Measure) -> list[Subject]:
    """All that the runs have for a measure; a run without it gives none."""
    make = {
        "corruption": _corruption,
        "finetuning": _finetuning,
        "background": _background,
    }.get(measure.of, _alone)
    found = [one for name, run in zip(names(runs), runs, strict=True) for one in make(name, run, measure)]
    return _ranked(found)


def _facts(run: Run, **more: Any) -> dict[str, Any]:
    known = asdict(Facts.of(run.summary, run.provenance))
    model = (run.provenance.get("config") or {}).get("model") or {}
    own = {
        "architecture": model.get("name") or known["model"],
        "leaks": "no",
        "training": run.training,
        "weights": run.provenance.get("weights_digest"),
    }
    return known | own | more


def _corruption(name: str, run: Run, measure: Measure) -> Iterator[Subject]:
    corrupted = run.under(c for c in run.conditions if c == CLEAN or c.shift == "corruption")
    yield from _measured(name, corrupted, measure, _facts(run))


def _alone(name: str, run: Run, measure: Measure) -> Iterator[Subject]:
    """Of a shift whose images may be others than the clean ones, which are no part of the measure."""
    shift = measure.over if measure.of == "collection" else measure.of
    under = run.under(c for c in run.conditions if c.shift == shift)
    if under.files:
        yield from _measured(name, under, measure, _facts(run))


def _background(name: str, run: Run, measure: Measure) -> Iterator[Subject]:
    for under in under_backgrounds(run):
        protocol, record = under.summary["protocol"], under.summary[BACKGROUND]
        facts = _facts(run, protocol=protocol, leaks="yes" if leaked(record) else "no")
        yield from _measured(f"{name} ({protocol})", under, measure, facts, (record.get("source"),))


def _measured(
    name: str, run: Run, measure: Measure, facts: dict[str, Any], source: tuple[Any, ...] | None = None
) -> Iterator[Subject]:
    """A run by a measure; nothing where it lacks the conditions that the measure is over."""
    known = groups(run.conditions)
    wanted = [known.get(group) for group in (measure.over, measure.minus) if group]
    conditions = [one for one in wanted if one is not None]
    if len(conditions) < len(wanted):
        return
    clean_too = CLEAN in run.conditions and CLEAN not in conditions[0]
    if source is None:
        shown = [run.shown(group[0]) for group in conditions]
        said = tuple(str(one) for one in shown) if all("shift" in one for one in shown) else _words(run)
        source = (said, *conditions)
    else:  # of parts that were tested apart, what this measure is over counts
        run = run.under(one for group in conditions for one in group)

    def tables(ids: NDArray[np.int64]) -> Tables:
        scores = run.on(ids).scores
        return tuple(scores.of(measure.metric, group, ids).astype(np.float64) for group in conditions)

    def clean(ids: NDArray[np.int64]) -> NDArray[np.float64]:
        return run.on(ids).scores.of("top1", [CLEAN], ids).astype(np.float64)

    yield Subject(
        name,
        facts,
        settings(run.provenance),
        (run.dataset, *source),
        run.scores.ids,
        tables,
        clean if clean_too else None,
        run.sampled is not None,
    )


def _words(run: Run) -> tuple[Any, ...]:
    """Where the images come from, in the words of a record that does not say what they depend on."""
    return (run.summary.get("corruption_source"),)


def _finetuning(name: str, run: Run, measure: Measure) -> Iterator[Subject]:
    for tuned in changes(run.folder):
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

        def tables(
            ids: NDArray[np.int64], before: Run = tuned.before, after: Run = tuned.after, on: Any = conditions
        ) -> Tables:
            a, b = (one.on(ids).scores.of(measure.metric, on, ids) for one in (after, before))
            return (a.astype(np.float64) - b,)

        ids = np.intersect1d(tuned.before.scores.ids, tuned.after.scores.ids)
        level = _level(run, tuned, conditions, ids)
        basis = (run.dataset, tuned.after.summary.get("corruption_source"), conditions)
        record = settings(tuned.after.provenance)
        yield Subject(f"{name} ({tuned.name})", facts, record, basis, ids, tables, level=level)


_ENOUGH = 30
"""Images, at least, that classifiers are ranked by beside those that their gains are measured on."""


def _level(run: Run, tuned: Change, conditions: Sequence[Condition], ids: NDArray[np.int64]) -> float:
    """Accuracy before, to rank by: on images that the gain is not measured on, where the run has them.

    Whoever is weakest by chance on some images gains on them by chance.
    """
    same = run.provenance.get("weights_digest") == tuned.facts.get("start")
    if same and set(conditions) <= set(run.conditions):
        whole = run.under(conditions)
        others = np.setdiff1d(whole.scores.ids, ids)
        if len(others) >= _ENOUGH:
            return float(image_values(whole.scores.of("top1", conditions, others)).mean())
    return float(image_values(tuned.before.scores.of("top1", conditions, ids)).mean())


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
