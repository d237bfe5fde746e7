"""What a leaderboard has of a model: for each shift, under how many of its conditions each image was right.

That is all that models are compared by, in whole numbers, from a run's folder or from another group's file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import Condition
from withstand.results.facts import UNKNOWN
from withstand.results.marks import Marks
from withstand.results.run import Run
from withstand.results.runs import LeftOut

Counts = NDArray[np.uint16]


@dataclass(frozen=True)
class Shown:
    """What a shift showed: equal ones compare.

    Attributes:
        images: a digest of the ids, ``labels`` one of the labels, and ``n``: how many.
        pixels: a digest of the test images, and ``sources`` of what they were decoded from; empty where not known.
        conditions: each with a digest of the settings that it was made with.
    """

    shift: str
    images: str
    labels: str
    n: int
    pixels: str
    sources: str
    conditions: Mapping[Condition, str]


@dataclass(frozen=True, eq=False)
class Part:
    """What a model gave under the ``conditions`` of a shift.

    Attributes:
        counts: uint16 N: under how many each image was right, in the order of the ids.
        right: how many images were right under each.
    """

    conditions: tuple[Condition, ...]
    counts: Counts
    right: tuple[int, ...]

    @cached_property
    def mean(self) -> float:
        """A share."""
        return int(self.counts.sum(dtype=np.int64)) / (len(self.counts) * len(self.conditions))

    def of(self, condition: Condition) -> float:
        """The share of the images that were right under one condition."""
        return self.right[self.conditions.index(condition)] / len(self.counts)


@dataclass(frozen=True, eq=False)
class Offer:
    """What may be had of a model under a shift: ``whole``, or the part of any of the conditions."""

    shown: Shown
    take: Callable[[tuple[Condition, ...]], Part]
    whole: bool


@dataclass(frozen=True)
class About:
    """What is said of a model beside its answers; None and empty where its record does not say.

    Attributes:
        where: the run's folder, or the file that it came in.
        rate: images a second, as measured on ``device`` in ``precision``.
    """

    model: str
    dataset: str
    where: str = ""
    family: str = UNKNOWN
    corpus: str = UNKNOWN
    parameters: int | None = None
    macs: int | None = None
    image_size: int | None = None
    rate: float | None = None
    device: str = ""
    precision: str = ""
    weights: str = ""
    made: str = ""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A model that asks for a place.

    Attributes:
        offers: by shift.
        refused: why it cannot have one; empty where it can.
        metric: what its file counts; empty: whatever is asked for.
    """

    about: About
    offers: Mapping[str, Offer] = field(default_factory=dict)
    refused: str = ""
    metric: str = ""
    left_out: Sequence[LeftOut] = ()


def of_run(run: Run, metric: str) -> Candidate:
    """What a run offers.

    Raises:
        UserError: its cells cannot be read.
    """
    about = _about(run)
    if run.sampled:
        return Candidate(
            about,
            refused="it is a sample: a part of the images of its own under each condition; give its command again"
            " without evaluation.precision to complete it",
        )
    marks, said = Marks.of(run), str(run.summary.get("corruption_source") or "")
    offers, left_out = {}, []
    for shift in run.shifts:
        conditions = tuple(sorted(one for one in run.conditions if one.shift == shift))
        if len({marks.images(one) for one in conditions}) > 1:
            reason = "its conditions show different images, so they have no mean over the same ones"
            left_out.append(LeftOut(f"{run.model} under {shift}", reason))
            continue
        offers[shift] = Offer(_shown(run, marks, shift, conditions, said), _taker(marks, metric), whole=False)
    return Candidate(about, offers, left_out=left_out)


def _shown(run: Run, marks: Marks, shift: str, conditions: tuple[Condition, ...], said: str) -> Shown:
    first = conditions[0]
    ids, labels = marks.ids(first), marks.labels(first)
    settings = {one: marks.shown(one) or _digest(said.encode("utf-8", "surrogatepass")) for one in conditions}
    return Shown(
        shift,
        _digest(ids.tobytes()),
        _digest(labels.tobytes()),
        len(ids),
        marks.pixels(first),
        run.sources,
        settings,
    )


def _taker(marks: Marks, metric: str) -> Callable[[tuple[Condition, ...]], Part]:
    def take(conditions: tuple[Condition, ...]) -> Part:
        right = tuple(int(marks.right(one, metric).sum(dtype=np.int64)) for one in conditions)
        return Part(conditions, marks.counts(conditions, metric), right)

    return take


def _about(run: Run) -> About:
    made, facts = run.provenance, run.facts
    rates: Mapping[str, Any] = made.get("images_per_second") or {}
    return About(
        run.model,
        run.dataset,
        run.folder.name,
        facts.family,
        facts.corpus,
        facts.parameters or None,
        made.get("macs") or None,
        facts.image_size,
        rates.get("evaluate"),
        str(made.get("device") or ""),
        str(made.get("precision") or ""),
        str(made.get("weights_digest") or ""),
        str(made.get("made") or ""),
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def every_shift(candidates: Sequence[Candidate]) -> Iterator[str]:
    """The shifts that any offers, in order."""
    yield from dict.fromkeys(shift for one in candidates for shift in one.offers)
