"""Which of two classes that an image shows an answer names: its shape's, or its texture's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from withstand.results.metrics.answers import chosen
from withstand.results.store import Predictions


def decisions(predictions: Predictions) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Bool N each: whether an image shows two classes, whether its shape's was named, and whether its texture's was."""
    if predictions.background is None:
        none = np.zeros(len(predictions), np.bool_)
        return none, none, none
    apart = (predictions.background >= 0) & (predictions.background != predictions.labels)
    said = chosen(predictions)
    return apart, apart & (said == predictions.labels), apart & (said == predictions.background)


def decided(predictions: Predictions) -> NDArray[np.bool_]:
    """Whether an image shows two classes, of which one was named: bool N."""
    _, shape, texture = decisions(predictions)
    return shape | texture


def shape_bias(predictions: Predictions) -> NDArray[np.float64]:
    """Shape decisions over shape and texture decisions, an image at a time: the bias plus what the image moves it by.

    Not a number where no image was decided either way.
    """
    _, shape, texture = decisions(predictions)
    decided = shape | texture
    if not decided.any():
        return np.full(len(predictions), np.nan)
    bias = shape.sum() / decided.sum()
    return np.asarray(bias + np.where(decided, shape - bias, 0) / decided.mean())
