"""A classifier of ImageNet's 1,000 classes judged by the nine: the official map, and predictions seen through it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.base import json_file
from withstand.base.errors import UserError, nearest
from withstand.base.lock import one_writer
from withstand.images.download import download
from withstand.models.names import plain
from withstand.results.store import Predictions

URL = "https://raw.githubusercontent.com/MadryLab/backgrounds_challenge/master/in_to_in9.json"
MD5 = "9aa11d9e36f8ae123de8d1e18d423763"


NINE = (
    *("dog", "bird", "wheeled vehicle", "reptile", "carnivore"),
    *("insect", "musical instrument", "primate", "fish"),
)
"""What the numbers of the official map mean: the release's class folders, in their order."""


def read_map(path: Path, *, fetch: bool) -> tuple[str, ...]:
    """The class of each output by name, "" for none. The official map is downloaded where it is absent.

    Args:
        path: JSON, output → the class's name, or its number in the release; null or −1 for none.

    Raises:
        UserError: the map is missing, cannot be downloaded or read, or has a number that the release has not.
    """
    if not path.is_file() and not fetch:
        raise UserError(f"there is no map {path}; put in_to_in9.json of the backgrounds challenge there")
    if not path.is_file():
        with one_writer(path.parent):
            download((URL,), path, md5=MD5)
    content = json_file.read(
        path, dict[int, str | int | None], "get in_to_in9.json again, or write a map of your own"
    )
    try:
        said = [content[output] for output in range(len(content))]
        numbers = {label for label in said if label is not None and not isinstance(label, str)}
        if not said or not numbers <= {-1, *range(len(NINE))}:
            raise ValueError(
                f"numbers are those of the nine classes, 0 to {len(NINE) - 1}; write others by name"
            )
    except (ValueError, KeyError) as error:
        raise UserError(
            f"{path} is not a map of all outputs 0, 1, … to classes ({type(error).__name__}: {error}); get"
            " in_to_in9.json again, or write a map of your own"
        ) from error
    return tuple(one if isinstance(one, str) else "" if one in (None, -1) else NINE[one] for one in said)


def positions(names: Sequence[str], classes: Sequence[str], path: Path) -> NDArray[np.int64]:
    """Where each output's class stands among ``classes``, by name; −1 for those that are none of them: int64 K.

    Args:
        path: of the map, for messages.

    Raises:
        UserError: a class is not in the map.
    """
    known = [plain(name) for name in names]
    for name in classes:
        if plain(name) not in known:
            raise UserError(
                f"the data set's class '{name}' is not in {path}; {nearest(name, {one for one in names if one})}"
            )
    place = {plain(name): at for at, name in enumerate(classes)}
    return np.array([place.get(name, -1) if name else -1 for name in known], np.int64)


def through(predictions: Predictions, class_of: NDArray[np.int64], classes: int) -> Predictions:
    """Each class's highest logit, and that of the outputs outside all classes in a last column: float32 N×(classes +
    1).

    The highest of these stands where the highest output's class is, so accuracy, the share outside and the choice
    restricted to the classes' own outputs can all be read off it.
    """
    columns = [
        predictions.logits[:, class_of == label].max(axis=1, initial=-np.inf)
        for label in (*range(classes), -1)
    ]
    return Predictions(
        predictions.ids,
        predictions.labels,
        np.stack(columns, axis=1).astype(np.float32),
        predictions.background,
    )
