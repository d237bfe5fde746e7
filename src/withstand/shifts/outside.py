"""Images from outside: of none of the classes. Does the classifier show by its logits that it does not know them?

Nothing about them is right or wrong, so they stand in no mean. What is asked is how well scores made of the logits
tell them from the clean images (``analysis/outsiders.py``). A folder's images are taken as they lie, in class folders
or not; ``shift.dataset=NAME`` has them read as any data set's test images.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from withstand.base.errors import AbsentError, UserError
from withstand.config.checks import own_settings
from withstand.config.ranges import ranged
from withstand.config.schema import ShiftConfig
from withstand.datasets import photographed
from withstand.datasets.splits import Split
from withstand.images.imageset import Dataset, ImageSet
from withstand.images.listing import listed
from withstand.shifts import other_images
from withstand.shifts.shown import Shown, check_name

NAME = "outside"
_FOLDER = "folder"


@dataclass
class Settings:
    """What ``configs/shift/outside.yaml`` sets; whatever else a YAML has is for the data set that reads the images."""

    label: str = ""
    dataset: str = _FOLDER
    limit: int | None = ranged(None, 1)


def from_config(settings: ShiftConfig, dataset: Dataset) -> Shown:
    """The images that the settings name, each with label 0, which means nothing.

    Raises:
        UserError: they are not there, one is damaged, or one is a test image.
    """
    known = Settings.__dataclass_fields__
    own = own_settings(Settings, "shift", {k: v for k, v in settings.options.items() if k in known})
    further = other_images.settings_for_the_reader(settings, known)
    place = other_images.place_of(further)
    if own.dataset == _FOLDER and not place:
        raise UserError("shift=outside needs images of none of the classes: set shift.folder=FOLDER")
    name = own.label or (other_images.called(place) if place else own.dataset)
    check_name(name)
    shown = _read(own, further, dataset, settings.seed)
    if also := other_images.also_clean(shown, dataset.test, name):
        raise UserError(f"{also[0]}, so they are not from outside; leave them out")
    shown = replace(
        shown,
        labels=np.zeros(len(shown), np.int64),
        classes=dataset.classes,
        ids=other_images.apart(shown.ids, name),
    )
    notes = tuple(other_images.of_other_size(shown, dataset.test, name))
    source = f"{len(shown):,} images of none of the classes in {place or own.dataset}"
    return Shown(name, shown, source, notes, {"kind": NAME, "images": shown.digest[:16]})


def _read(own: Settings, further: Mapping[str, Any], dataset: Dataset, seed: int) -> ImageSet:
    if own.dataset != _FOLDER:
        return other_images.read(own.dataset, further, dataset, seed, own.limit)
    folder = Path(str(further[_FOLDER]))
    if not folder.is_dir():
        raise AbsentError(f"there is no {folder}; put the images there, or set shift.folder=FOLDER")
    decoding = other_images.decoding(photographed.FITTED, dataset)
    asked = {key: value for key, value in further.items() if key != _FOLDER}
    # Read as photographs of one class, whatever folders they lie in.
    how = own_settings(photographed.Settings, "shift", decoding | asked)
    how.check()
    files = listed(folder)
    if not files:
        raise UserError(f"{folder} holds no image; put images of none of the classes there")
    part = photographed.Part.of(Split(folder, {NAME: files}, Counter()), (NAME,))
    try:
        found = photographed.dataset(_FOLDER, folder, (None, part), (NAME,), how).test
    except UserError as error:  # which names settings as those of a data set
        raise type(error)(str(error).replace("dataset.", "shift.")) from error
    return found if own.limit is None else found.take(_some(len(found), own.limit, seed))


def _some(count: int, limit: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rows of a part of the images, by seed, in their order."""
    chosen = np.random.default_rng(seed).permutation(count)[:limit]
    return np.sort(chosen).astype(np.int64)
