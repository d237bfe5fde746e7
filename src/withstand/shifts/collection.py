"""Other images of the same classes: a published collection, last month's camera, another country, a folder.

A collection is the test images of another data set, whatever reads them: ``shift.dataset=folder`` (the default),
``npy``, ``csv``, ``hf``, ``imagenet``. None of its images is a clean one, so it is compared with them unpaired; two
classifiers on it are paired. Where it has some of the data set's classes alone (200 of ImageNet's 1,000), there are two
answers: the best of these classes, and the best of all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from withstand.base.errors import UserError
from withstand.config.checks import own_settings
from withstand.config.known import GROUPINGS
from withstand.config.ranges import one_of, ranged
from withstand.config.schema import ShiftConfig
from withstand.images.imageset import Dataset, ImageSet
from withstand.models.answers import bring_together
from withstand.results.answering import ClassMap
from withstand.shifts import other_images
from withstand.shifts.shown import Shown, check_name

NAME = "collection"
ANSWERS = ("both", "restricted", "open")


@dataclass
class Settings:
    """What ``configs/shift/collection.yaml`` sets; whatever else a YAML has is for the data set that reads it."""

    label: str = ""
    dataset: str = "folder"
    class_map: str | None = None
    class_groups: str = one_of("mean", GROUPINGS)
    answers: str = one_of("both", ANSWERS)
    paired: bool = False
    limit: int | None = ranged(None, 1)


@dataclass(frozen=True, eq=False)
class Collection(Shown):
    """The images of a collection, with the classes in the order of the data set's where they are the same.

    Attributes:
        through: from the data set's classes to its own; None: they are the same.
    """

    through: ClassMap | None = None


def from_config(settings: ShiftConfig, dataset: Dataset) -> Collection:
    """The collection that the settings name, beside the test images of ``dataset``.

    Raises:
        UserError: its images are not there, or one of its classes is none of the data set's.
    """
    own, further = _settings(settings)
    place = other_images.place_of(further)
    name = own.label or (other_images.called(place) if place else "")
    if not name:
        raise UserError(
            "shift=collection needs images: set shift.folder=FOLDER, or shift.dataset and what it reads"
        )
    check_name(name)
    shown = other_images.read(own.dataset, further, dataset, settings.seed, own.limit)
    through = _through(own, shown, dataset, name)
    notes = []
    if through is None:
        shown = other_images.as_clean(shown, dataset.classes)
    elif through.open:
        some = f"{len(shown.classes):,} of the {len(dataset.classes):,} classes"
        notes.append(f"{name} has {some}: answers among these and among all are both kept")
    if own.paired:
        _check_paired(shown, dataset.test, name)
    else:
        notes += other_images.of_other_size(shown, dataset.test, name)
        notes += other_images.also_clean(shown, dataset.test, name)
        shown = replace(shown, ids=other_images.apart(shown.ids, name))
    about = {
        "kind": NAME,
        "classes": list(shown.classes),
        "of": None if through is None else through.of.tolist(),
        "groups": own.class_groups,
        "both": own.answers == "both" and through is not None,
        "open": own.answers == "open" and through is not None,
        "images": shown.digest[:16],
        "paired": own.paired,
    }
    source = f"{len(shown):,} images of {len(shown.classes):,} classes in {place or own.dataset}"
    return Collection(name, shown, source, tuple(notes), about, through)


def _settings(settings: ShiftConfig) -> tuple[Settings, dict[str, Any]]:
    """What is ours, and what is for the data set that reads the images."""
    known = Settings.__dataclass_fields__
    own = own_settings(Settings, "shift", {k: v for k, v in settings.options.items() if k in known})
    further = other_images.settings_for_the_reader(settings, known)
    return own, further


def _through(own: Settings, shown: ImageSet, dataset: Dataset, name: str) -> ClassMap | None:
    """From the data set's classes to those of the collection, by name or by file."""
    known = dataset.classes
    if not own.class_map and set(shown.classes) == set(known):
        return None
    asked = {"file": own.class_map, "open": own.answers != "restricted", "groups": own.class_groups}
    try:
        return bring_together(known, len(known), shown.classes, asked)
    except UserError as error:
        why = str(error).partition("; ")[0].replace("the data set", "the collection")
        why = why.replace("its outputs", "the data set's classes").replace(
            "outputs", "classes of the data set"
        )
        lines = "CLASS OF THE DATA SET,CLASS OF THE COLLECTION"
        raise UserError(f"{name}: {why}; give shift.class_map=FILE, with lines {lines}") from error


def _check_paired(shown: ImageSet, test: ImageSet, name: str) -> None:
    """Each of its images is another picture of a clean one."""
    there = np.isin(shown.ids, test.ids)
    if not there.all():
        raise UserError(
            f"shift.paired=true: {int((~there).sum()):,} of the {len(shown):,} images of {name} have no clean image of"
            " the same path; leave it out"
        )
    order = np.argsort(test.ids)
    same = test.labels[order[np.searchsorted(test.ids, shown.ids, sorter=order)]] == shown.labels
    if not same.all() or set(shown.classes) != set(test.classes):
        raise UserError(
            f"shift.paired=true: images of {name} are of other classes than the clean ones; leave it out"
        )
