"""A classifier of ImageNet's 1,000 classes judged by the nine: the official map, and predictions seen through it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.data.download import download
from withstand.errors import UserError
from withstand.metrics import chosen
from withstand.statistics import Estimate, exact
from withstand.store import Predictions

URL = "https://raw.githubusercontent.com/MadryLab/backgrounds_challenge/master/in_to_in9.json"
MD5 = "9aa11d9e36f8ae123de8d1e18d423763"


def read_map(path: Path, classes: int, *, fetch: bool) -> NDArray[np.int64]:
    """The class of each output, −1 for none: int64 K. The official map is downloaded where it is absent.

    Args:
        path: JSON, output → class.
        classes: how many classes the data set has.

    Raises:
        UserError: the map is missing, cannot be downloaded or read, or names a class that there is not.
    """
    if not path.is_file() and not fetch:
        raise UserError(f"there is no map {path}; put in_to_in9.json of the backgrounds challenge there")
    if not path.is_file():
        download((URL,), path, md5=MD5)
    try:
        content = {int(output): int(label) for output, label in json.loads(path.read_text()).items()}
        found = np.array([content[output] for output in range(len(content))], np.int64)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is no map of outputs 0, 1, … to classes ({type(error).__name__}: {error})"
        ) from error
    if not len(found) or found.min() < -1 or sorted(set(found[found >= 0].tolist())) != list(range(classes)):
        raise UserError(f"{path} does not map to the {classes} classes of the data set, and −1 for none")
    return found


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


def outside(predictions: Predictions) -> Estimate:
    """Share of the images for which an output outside all classes is highest, of predictions seen ``through`` a map."""
    last = predictions.logits.shape[1] - 1
    return exact(int((chosen(predictions) == last).sum()), len(predictions))


def restricted(predictions: Predictions) -> Predictions:
    """The same predictions with the choice restricted to the outputs of the classes."""
    return Predictions(
        predictions.ids, predictions.labels, predictions.logits[:, :-1], predictions.background
    )
