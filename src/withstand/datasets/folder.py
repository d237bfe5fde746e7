"""Images of the user's own: a folder for each class, decoded once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.checks import own_settings
from withstand.config.schema import Config
from withstand.datasets import photographed, splits
from withstand.datasets.photographed import DEFAULT, FITTED, Part
from withstand.images.imageset import Dataset
from withstand.images.listing import in_words

__all__ = ["DEFAULT", "FITTED", "Settings", "from_config"]


@dataclass
class Settings(photographed.Settings):
    """What ``configs/dataset/folder.yaml`` sets beside what every dataset has."""

    folder: str = "data/images"
    order: str = "string"


def from_config(config: Config) -> Dataset:
    """Test images, and training images where there are any: uint8 N×S×S×3, memory-mapped.

    Classes are the folders' names, in alphabetical order unless ``dataset.order`` says another.

    Raises:
        UserError: there is no such folder, it has another number of classes, or an image is damaged.
    """
    settings = own_settings(Settings, "dataset", config.dataset.options)
    settings.check()
    root = Path(settings.folder)
    if not root.is_dir():
        raise UserError(
            f"there is no folder {root}; put images there, one folder per class, or set dataset.folder"
        )
    train, test = splits.find(root)
    classes = splits.ordered(splits.agreed(train, test, config.dataset.num_classes), settings.order)
    _warn(classes, test, config, settings.order)
    parts = Part.of(train, classes) if train else None, Part.of(test, classes)
    return photographed.dataset("folder", root, parts, classes, settings)


def _warn(classes: tuple[str, ...], test: splits.Split, config: Config, order: str) -> None:
    """Say what could make the labels others than a reader thinks."""
    if test.passed:
        say(f"{test.folder}: skipped {in_words(test.passed)}")
    numbers = splits.in_number_order(classes)
    if config.model.weights and order == "string" and numbers != classes:
        at = next(n for n, pair in enumerate(zip(classes, numbers, strict=True)) if pair[0] != pair[1])
        say(
            f"{test.folder}: output {at} is taken for '{classes[at]}', as names are sorted; weights trained in the"
            f" order of numbers, as timm trains, mean '{numbers[at]}'; if yours were, set dataset.order=natural"
        )
