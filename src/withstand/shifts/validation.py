"""The validation images of the training, answered once more: what a temperature is fitted on, never on test images.

They are chosen as training chooses them, by seed, from the data set's training images. A network that was trained
elsewhere may have seen all of these: ``shift.fitted_on=FOLDER`` has other images of the classes instead, a folder a
class. They stand in no mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from withstand import datasets
from withstand.base.errors import AbsentError, UserError
from withstand.config.checks import own_settings
from withstand.config.ranges import ranged
from withstand.config.schema import MOST, ShiftConfig
from withstand.images.imageset import Dataset
from withstand.shifts import other_images
from withstand.shifts.shown import Shown

NAME = "validation"


@dataclass
class Settings:
    """What ``configs/shift/validation.yaml`` sets: the share and the seed are those of the training."""

    share: float = ranged(0.1, 0, 1, between=True)
    split_seed: int = ranged(42, 0, MOST)
    fitted_on: str = ""


def from_config(settings: ShiftConfig, dataset: Dataset) -> Shown:
    """The images that a training by that seed validates on, or those that the settings name.

    Raises:
        UserError: there are none, or they are of other classes or test images.
    """
    own = own_settings(Settings, "shift", settings.options)
    if own.fitted_on:
        return _others(own.fitted_on, dataset, settings.seed)
    if not len(dataset.train):
        raise AbsentError(
            f"shift=validation takes a share of the training images, and {dataset.name} has none; set"
            " shift.fitted_on=FOLDER, with other images of its classes"
        )
    _, chosen = datasets.split(dataset.train, own.share, own.split_seed)
    share, seed = f"{100 * own.share:g}% of the training images", own.split_seed
    about = {"kind": NAME, "images": chosen.digest[:16], "seed": seed, "share": own.share}
    return Shown(NAME, chosen, f"{len(chosen):,} images, {share} by seed {seed}", (), about)


def _others(place: str, dataset: Dataset, seed: int) -> Shown:
    if not Path(place).is_dir():
        raise UserError(f"shift.fitted_on: there is no folder {place}; put images there, a folder a class")
    shown = other_images.read("folder", {"folder": place}, dataset, seed, None)
    if set(shown.classes) != set(dataset.classes):
        odd = sorted(set(shown.classes) ^ set(dataset.classes))
        raise UserError(
            f"{place}: its classes are not those of {dataset.name} ({', '.join(odd[:3])}); rename them"
        )
    if also := other_images.also_clean(shown, dataset.test, NAME):
        raise UserError(
            f"{place}: {also[0]}; a temperature is never fitted on test images, so leave them out"
        )
    shown = other_images.as_clean(shown, dataset.classes)
    about = {"kind": NAME, "images": shown.digest[:16]}
    return Shown(NAME, shown, f"{len(shown):,} images in {place}", (), about)
