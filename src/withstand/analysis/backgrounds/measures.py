"""What predictions under several backgrounds say: pure functions, without a network.

All of it is paired by foreground: one foreground in every variant is one draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.results.metrics import chosen, correct
from withstand.results.store import Predictions
from withstand.statistics import Estimate, clopper_pearson, condition_values, mean_interval


def accuracy(predictions: Predictions) -> Estimate:
    """Top-1 in shares, with the exact interval."""
    right = correct(predictions)
    return clopper_pearson(int(right.sum()), len(right))


def gap(ours: Predictions, other: Predictions) -> Estimate:
    """Top-1 under ``ours`` minus that under ``other``, with an interval over foregrounds.

    A foreground that both show is one draw; one that only one of them shows counts there alone, as in the published
    protocol.
    """
    ids = np.union1d(ours.ids, other.ids)
    right = np.full((len(ids), 2), np.nan)
    for column, one in enumerate((ours, other)):
        right[np.searchsorted(ids, one.ids), column] = correct(one)
    both = condition_values(right)
    return mean_interval(both[:, 0] - both[:, 1], (-1, 1)).within(-1, 1)


@dataclass(frozen=True)
class Pull:
    """What is answered where object and background are of different classes: shares of ``n`` images."""

    foreground: Estimate
    background: Estimate
    other: Estimate

    @property
    def n(self) -> int:
        return self.foreground.n


def pull(predictions: Predictions) -> Pull | None:
    """How often the object is named, how often the class of the background, and how often neither.

    Only images whose background is known to be of another class count; None where there is no such image.
    """
    if predictions.background is None:
        return None
    apart = (predictions.background >= 0) & (predictions.background != predictions.labels)
    n = int(apart.sum())
    if not n:
        return None
    said = chosen(predictions)[apart]
    object_, scene = (
        int((said == truth[apart]).sum()) for truth in (predictions.labels, predictions.background)
    )
    return Pull(
        clopper_pearson(object_, n), clopper_pearson(scene, n), clopper_pearson(n - object_ - scene, n)
    )


def pull_matrix(predictions: Predictions, classes: int) -> NDArray[np.float64]:
    """How often the background's class is answered, by the object's class (rows) and the background's (columns).

    On the diagonal both are one, so it is the accuracy there. NaN where no image shows that pair.
    """
    assert predictions.background is not None
    known = predictions.background >= 0
    rows, columns = predictions.labels[known], predictions.background[known]
    said = chosen(predictions)[known] == columns
    shown, answered = np.zeros((classes, classes)), np.zeros((classes, classes))
    np.add.at(shown, (rows, columns), 1)
    np.add.at(answered, (rows, columns), said)
    return np.divide(answered, shown, out=np.full_like(shown, np.nan), where=shown > 0)


def by_class(predictions: Predictions, classes: int) -> list[Estimate | None]:
    """Top-1 of each class with its interval; None for a class without images."""
    right = correct(predictions)
    found: list[Estimate | None] = []
    for label in range(classes):
        own = predictions.labels == label
        found.append(clopper_pearson(int(right[own].sum()), int(own.sum())) if own.any() else None)
    return found


def outside(predictions: Predictions) -> Estimate:
    """Share of the images for which an output outside all classes is highest, of predictions seen ``through`` a map."""
    last = predictions.logits.shape[1] - 1
    return clopper_pearson(int((chosen(predictions) == last).sum()), len(predictions))


def restricted(predictions: Predictions) -> Predictions:
    """The same predictions with the choice restricted to the outputs of the classes."""
    return Predictions(
        predictions.ids, predictions.labels, predictions.logits[:, :-1], predictions.background
    )
