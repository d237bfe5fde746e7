"""``evaluate``: a classifier, images and shifts in, a run out."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from withstand.base.console import say
from withstand.base.crew import crew
from withstand.base.errors import UserError, few
from withstand.engines import device as devices
from withstand.engines.macs import macs
from withstand.engines.predictor import Predictor
from withstand.evaluation.cells import Cells
from withstand.evaluation.sampling import fill_sample
from withstand.images.imageset import ImageSet
from withstand.models import Classifier
from withstand.results import provenance
from withstand.results.conditions import CLEAN
from withstand.results.folder import RunFolder
from withstand.results.metrics import METRICS
from withstand.results.reading import load_run
from withstand.results.run import Run
from withstand.results.sample import Sample
from withstand.shifts import Shift, distinct, extras

_SOON = 1 << 28
"""Bytes of cells that metrics are made of in seconds: it is done at once. Of more, the first report does it."""


@dataclass(frozen=True)
class About:
    """What a run's records say beside its cells.

    Attributes:
        title: what to call the run on the screen.
        summary: for ``summary.json``: model, dataset and classes.
        provenance: for ``provenance.json``: settings, versions, device, weights.
    """

    title: str
    summary: Mapping[str, Any]
    provenance: Mapping[str, Any]

    @classmethod
    def plain(
        cls,
        name: str,
        classifier: Classifier,
        images: ImageSet,
        predictor: Predictor,
        dataset: str | None = None,
    ) -> About:
        """Of a classifier and images that no settings describe."""
        return cls(
            name,
            {"model": name, "dataset": dataset or images.digest[:8], "classes": list(images.classes)},
            {
                "weights_digest": classifier.digest(),
                "precision": predictor.precision,
                "device": devices.describe(predictor.device),
                "versions": provenance.versions(),
                "pretrained": classifier.origin,
                "image_size": classifier.preprocessing.image_size or None,
                "parameters": sum(p.numel() for p in classifier.network.parameters()) or None,
                "macs": macs(classifier),
            },
        )


def evaluate(
    classifier: Classifier,
    images: ImageSet,
    shifts: Sequence[Shift],
    folder: str | Path | RunFolder,
    *,
    predictor: Predictor | None = None,
    about: About | None = None,
    precision: float | None = None,
) -> Run:
    """Predict the images, clean and under every condition of the shifts, where the run's folder lacks that.

    Args:
        folder: where the run is, or goes: what its store holds is not computed again.
        predictor: of ``classifier``; by default, the usual one of this machine: eager, in float32.
        about: what the records say beside the cells; by default the folder's name, and a digest of the weights.
        precision: where given, a random part of the shifted images, until their mean is known to this many points.

    Returns:
        The run as it is read back from its folder.
    """
    folder = folder if isinstance(folder, RunFolder) else RunFolder(Path(folder))
    predictor = predictor or Predictor.of(classifier, devices.choose("auto"), torch.float32, 0)
    about = about or About.plain(folder.path.name, classifier, images, predictor)
    distinct(shifts)
    work = Cells.of(classifier, predictor, images, shifts, folder.store)
    _refuse_other_order(work, images, shifts)
    _refuse_mixed(work, folder, precision)
    if precision is not None:
        _refuse_others(work, images, shifts)
    missing = work.missing
    many = _many(work, images, shifts)
    sources = [f"{_called(shift)}: {shift.source}" for shift in shifts]
    say("; ".join([f"{about.title}: {many}, {len(work.cells) - len(missing)} done", *sources]))
    for note in (note for shift in shifts for note in (*shift.notes, *_replaced(folder, shift))):
        say(f"  {note}")
    sample = None
    if precision is not None and set(missing) - {CLEAN}:
        spent = work.fill("clean", [CLEAN])
        before = folder.summary().get("sample")
        sample, more = fill_sample(
            work, precision, before, lambda found: _record(work, shifts, folder, about, found)
        )
        spent += more
        low, high = 100 * sample.low, 100 * sample.high
        say(f"  {sample}; over all of them, top-1 is {100 * sample.value:.2f}% ({low:.2f} to {high:.2f})")
    else:
        spent = work.fill(", ".join(_called(shift) for shift in shifts) or "clean")
    _record(work, shifts, folder, about, sample)
    for cell in work.cells.values():
        folder.store.forget_part(cell)
    folder.update("provenance.json", spent.record() | crew().costs())
    done = load_run(folder.path)
    with contextlib.suppress(UserError, OSError):  # whoever asks for a damaged cell is told
        if sum(path.stat().st_size for path in done.cells()) < _SOON:
            done.work_out(METRICS.ours)
    return done


def _replaced(folder: RunFolder, shift: Shift) -> list[str]:
    """That the run has another shift of that name on record, whose place it takes."""
    before = folder.summary().get("shifts", {}).get(shift.name, {}).get("images")
    now = extras(shift).about.get("images")
    return (
        [f"{shift.name} was of other images before: these take their place"]
        if before not in (None, now)
        else []
    )


def _called(shift: Shift) -> str:
    return "corruptions" if shift.name == "corruption" else shift.name.replace("_", " ")


def _many(work: Cells, images: ImageSet, shifts: Sequence[Shift]) -> str:
    """How many conditions of how many images."""
    count = len(work.cells)
    first = [shift.conditions()[0] for shift in shifts]
    others = {one.shift: len(work.images(one)) for one in first if len(work.images(one)) != len(images)}
    if not others:
        return f"{count} condition{'s' if count > 1 else ''} × {len(images):,} images"
    more = ", ".join(f"{many:,} of {shift}" for shift, many in others.items())
    return f"{count} conditions: {len(images):,} clean images, {more}"


def _record(
    work: Cells, shifts: Sequence[Shift], folder: RunFolder, about: About, sample: Sample | None
) -> None:
    """Which cells belong to this run, and whether they are a sample."""
    before = folder.summary()
    sources = {f"{shift.name}_source": shift.source for shift in shifts}
    classes = {
        shift.name: list(shift.images(shift.conditions()[0]).classes)
        for shift in shifts
        if extras(shift).answered_by is not None
    }
    named = {"shift_classes": before.get("shift_classes", {}) | classes} if classes else {}
    about_them = {shift.name: extras(shift).about for shift in shifts if extras(shift).about}
    named |= {"shifts": before.get("shifts", {}) | about_them} if about_them else {}
    groups = {shift.name: {name: list(of) for name, of in shift.groups().items()} for shift in shifts}
    # Not merged with an earlier sample, which is replaced, or gone once everything is there.
    folder.write(
        "summary.json",
        before
        | dict(about.summary)
        | sources
        | named
        | {"groups": before.get("groups", {}) | groups}
        | {"cells": work.files() + _others(work, folder), "sample": asdict(sample) if sample else None},
    )
    folder.update("provenance.json", about.provenance)


def _others(work: Cells, folder: RunFolder) -> list[dict[str, Any]]:
    """The cells of the run under other shifts, which stay."""
    ours = {condition.shift for condition in work.cells}
    return [cell for cell in folder.summary().get("cells", ()) if cell["shift"] not in ours]


def _refuse_other_order(work: Cells, images: ImageSet, shifts: Sequence[Shift]) -> None:
    """Labels are numbers: where classes stand in another order, they would be taken for each other.

    Raises:
        UserError: a class of a shift, which does not say how answers stand for its classes, has another number.
    """
    place = {name: at for at, name in enumerate(images.classes)}
    for shift in shifts:
        classes, own = work.images(shift.conditions()[0]).classes, extras(shift)
        moved = any(place.get(name, at) != at for at, name in enumerate(classes))
        if moved and own.answered_by is None and own.through is None:
            raise UserError(
                f"the classes of {shift.name} are in another order than those of the clean images ({few(classes)};"
                f" clean: {few(images.classes)}); give its images the same order"
            )


def _refuse_others(work: Cells, images: ImageSet, shifts: Sequence[Shift]) -> None:
    """A sample is drawn from the test images, so it can be only of shifts that show these.

    Raises:
        UserError: one shows others.
    """
    for shift in shifts:
        if not np.array_equal(work.images(shift.conditions()[0]).ids, images.ids):
            raise UserError(
                f"evaluation.precision looks at a part of the test images, and {shift.name} has images of its own;"
                " leave it out"
            )


def _refuse_mixed(work: Cells, folder: RunFolder, precision: float | None) -> None:
    """A run is a sample under all its shifts, or under none.

    Raises:
        UserError: it would be one under some.
    """
    others = sorted({str(cell["shift"]) for cell in _others(work, folder)})
    if others and folder.summary().get("sample"):
        raise UserError(
            f"{folder.path} is a sample under {', '.join(others)}; give that command again without"
            " evaluation.precision first"
        )
    if others and precision is not None:
        raise UserError(
            f"{folder.path} was evaluated on all images under {', '.join(others)}; leave evaluation.precision out"
        )
