"""Which runs may stand side by side: the same source images under the same conditions, or a reason why not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import CLEAN, Condition
from withstand.results.run import Run
from withstand.results.runs import LeftOut, names


@dataclass(frozen=True, eq=False)
class Matched:
    """Runs by name that compare, what they compare on, and those that do not, with the reason."""

    kept: dict[str, Run]
    ids: NDArray[np.int64]
    conditions: tuple[Condition, ...]
    clean: bool
    left_out: tuple[LeftOut, ...]


def matching(runs: Sequence[Run], shift: str = "corruption") -> Matched:
    """The runs that cover what most runs saw, cut to that."""
    wanted = [_under(run, shift) for run in runs]
    called = dict(zip(names(runs), wanted, strict=True))
    shown = {name: run for name, run in called.items() if len(run.scores.ids)}
    left_out = [
        LeftOut(name, "it saw neither clean nor corrupted images") for name in called if name not in shown
    ]
    shifted = {name: run for name, run in shown.items() if _shifted(run, shift)}
    left_out += [
        LeftOut(n, f"it was not evaluated under {shift}") for n in shown if shifted and n not in shifted
    ]
    candidates = shifted or shown
    if not candidates:
        return Matched({}, np.empty(0, np.int64), (), False, tuple(left_out))
    every = list(candidates.values())
    seen = cache(partial(_seen, shift=shift))

    @cache
    def lacks(run: Run, reference: Run, shift: str) -> str:
        return "" if seen(run) == seen(reference) else _lacks(run, reference, shift)

    def standing(run: Run) -> tuple[int, int, int, int]:
        covering = [other for other in every if not lacks(other, run, shift)]
        return (
            sum(not lacks(run, other, shift) for other in covering),
            len(covering),
            len(run.conditions) * len(run.scores.ids),
            run.sampled is None,
        )

    reference = max(every, key=standing)
    kept: dict[str, Run] = {}
    for name, run in candidates.items():
        reason = lacks(run, reference, shift) or _apart(run, kept.values())
        if reason:
            left_out.append(LeftOut(name, reason))
        else:
            kept[name] = run.on(reference.scores.ids)
    return Matched(
        kept,
        reference.scores.ids,
        tuple(sorted(_shifted(reference, shift))),
        CLEAN in reference.conditions,
        tuple(left_out),
    )


def _under(run: Run, shift: str) -> Run:
    """The run under clean and a shift; under the shift alone where that shows other source images."""
    both = run.under(c for c in run.conditions if c == CLEAN or c.shift == shift)
    alone = run.under(_shifted(run, shift))
    return both if set(alone.conditions) <= set(both.scores.conditions) else alone


def _apart(run: Run, others: Iterable[Run]) -> str:
    """Whether a sample shares no image with another of other images under a condition; empty where it does."""
    if run.sampled is None:
        return ""
    for other in others:
        if other.sampled is None or other.sampled.seed == run.sampled.seed:
            continue
        for condition in set(run.conditions) & set(other.conditions):
            if not np.intersect1d(run.predictions(condition).ids, other.predictions(condition).ids).size:
                return (
                    f"it is a sample that shares no image with that of {other.model} under {condition}; give its"
                    " command again without evaluation.precision to complete it"
                )
    return ""


def _shifted(run: Run, shift: str) -> set[Condition]:
    return {condition for condition in run.conditions if condition.shift == shift}


def _seen(run: Run, shift: str) -> tuple[object, ...]:
    """What a run says of the images that it saw: runs that say the same compare."""
    shown = {
        str(one): run.shown(one) for one in sorted({*_shifted(run, shift), *({CLEAN} & {*run.conditions})})
    }
    ids, labels = (one.tobytes() for one in (run.scores.ids, run.scores.labels))
    sample = None if run.sampled is None else run.folder  # no two are alike
    return json.dumps(shown, sort_keys=True), ids, labels, run.summary.get("corruption_source"), sample


def _lacks(run: Run, reference: Run, shift: str) -> str:
    """Why ``run`` cannot be compared on what ``reference`` saw; empty where it can."""
    needed = _shifted(reference, shift) | ({CLEAN} & set(reference.conditions))
    missing = sorted(needed - set(run.conditions))
    if missing:
        some = ", ".join(map(str, missing[:3])) + (", …" if len(missing) > 3 else "")
        return f"it lacks {len(missing)} of {len(needed)} conditions ({some}); give its command again to complete it"
    if run.sampled and reference.sampled and run.sampled.seed != reference.sampled.seed:
        return "it is a sample of other images; give its command again with the seed of the others"
    other_images = _other_images(run, reference, needed)
    if other_images:
        return other_images
    ids, wanted = run.scores.ids, reference.scores.ids
    # A sample is compared on what it saw, which must be among what the other has.
    within, of = (ids, wanted) if run.sampled else (wanted, ids)
    shared = np.isin(within, of)
    if not shared.all():
        return f"it was evaluated on other images: it shares {shared.sum():,} of {len(wanted):,}"
    mine_labels, their_labels = (
        one.scores.labels[np.searchsorted(one.scores.ids, within)] for one in (run, reference)
    )
    if not np.array_equal(mine_labels, their_labels):
        return "the same ids have other labels in it: these are not the same images"
    return ""


def _other_images(run: Run, reference: Run, needed: set[Condition]) -> str:
    """Whether the same condition shows the two runs other images, by what their predictions record of them."""
    for condition in sorted(needed):
        mine, theirs = run.shown(condition), reference.shown(condition)
        if mine.get("shift") != theirs.get("shift"):
            sources = [one.summary.get("corruption_source") for one in (run, reference)]
            return f"its corrupted images are {sources[0]}, the others' are {sources[1]}"
        alike = len(run.scores.ids) == len(
            reference.scores.ids
        )  # a digest is of all the test images of a run
        if alike and mine.get("images") != theirs.get("images") and not run.of_the_sources_of(reference):
            return "the same ids are other images in it: its data set was drawn or decoded otherwise"
        if condition != CLEAN and "shift" not in mine:  # an older record says it in words only
            sources = [one.summary.get("corruption_source") for one in (run, reference)]
            if sources[0] != sources[1]:
                return f"its corrupted images are {sources[0]}, the others' are {sources[1]}"
    return ""
