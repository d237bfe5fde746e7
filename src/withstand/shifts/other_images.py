"""Images that are none of the data set's test images, read for a shift by any data set's reader."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand import datasets
from withstand.base import counter
from withstand.base.errors import AbsentError, UserError
from withstand.config.composing import compose
from withstand.config.schema import ShiftConfig, folder_label
from withstand.images.imageset import Dataset, ImageSet, digests

_PLACES = ("folder", "images", "file")  # settings of data sets that say where something lies


def settings_for_the_reader(settings: ShiftConfig, own: Mapping[str, Any]) -> dict[str, Any]:
    """What is set beside ``own``, the settings of the shift itself: it is for the data set that reads the images."""
    further = {k: v for k, v in settings.options.items() if k not in own and v is not None}
    if settings.folder not in ("", ShiftConfig().folder):  # the schema's own is the corruptions'
        further["folder"] = settings.folder
    return further


def place_of(further: Mapping[str, Any]) -> str:
    """Where the images lie, or what they are called on the Hub; empty where neither is said."""
    return next((str(further[key]) for key in (*_PLACES, "repo") if key in further), "")


def called(place: str) -> str:
    """A folder by its name, whatever signs it has; a file without its ending."""
    path = Path(place)
    return path.stem if path.is_file() else folder_label(place)


def read(reader: str, further: Mapping[str, Any], dataset: Dataset, seed: int, limit: int | None) -> ImageSet:
    """The test images that ``dataset={reader}`` reads, decoded as the clean ones were.

    Raises:
        UserError: they are not there, or damaged; the settings are named as those of a shift.
    """
    for key in [key for key in _PLACES if key in further and not Path(str(further[key])).exists()]:
        raise AbsentError(f"there is no {further[key]}; put the images there, or set shift.{key}=PLACE")
    config = compose([f"dataset={reader}", "experiment=evaluate", "model=small_cnn", f"seed={seed}"])
    config.dataset.options |= decoding(getattr(datasets.code(config.dataset.name), "FITTED", ()), dataset)
    config.dataset.options |= dict(further)
    config.dataset.num_classes, config.dataset.test_limit = 0, limit
    try:
        return datasets.load(config).test
    except UserError as error:  # which names settings as those of a data set
        raise type(error)(str(error).replace("dataset.", "shift.")) from error


def decoding(fitted: tuple[str, ...], dataset: Dataset) -> dict[str, Any]:
    """Those of the settings ``fitted`` by which the data set's own images were decoded."""
    form = dataset.form or {"size": int(dataset.test.images.shape[1])}
    return {key: form[key] for key in fitted if key in form}


def as_clean(shown: ImageSet, classes: tuple[str, ...]) -> ImageSet:
    """The same with the data set's classes: by name; else one is the other in their order (``Cat`` and ``cat``)."""
    if set(shown.classes) != set(classes):
        return replace(shown, classes=classes)
    place = np.array([classes.index(name) for name in shown.classes], np.int64)
    return replace(shown, labels=place[shown.labels], classes=classes)


def apart(ids: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    """Ids that are no clean image's: a path in one folder says nothing of the same path in another."""
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")
    return counter.renamed(ids, seed)


def of_other_size(shown: ImageSet, test: ImageSet, name: str) -> list[str]:
    """That arrays are of another size than the clean ones, which classifiers may be sensitive to."""
    sizes = ["×".join(map(str, images.images.shape[1:3])) for images in (shown, test)]
    if sizes[0] == sizes[1]:
        return []
    return [
        f"images of {name} have {sizes[0]} pixels, the clean ones {sizes[1]}; each is resized by the classifier alone"
    ]


def also_clean(shown: ImageSet, test: ImageSet, name: str) -> list[str]:
    """That some of its images are the clean ones, byte for byte, where that is so."""
    if shown.images.shape[1:] != test.images.shape[1:]:
        return []
    same = int(np.isin(digests(shown), digests(test)).sum())
    return [f"{same:,} of the {len(shown):,} images of {name} are among the clean ones"] if same else []
