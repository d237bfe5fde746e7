"""What ``withstand.evaluate`` is given, checked before anything is read: nothing that is said is passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any

from torch import nn

from withstand.base.errors import UserError, nearest
from withstand.config import ranges
from withstand.config.known import AMONG, GROUPINGS
from withstand.config.schema import EvaluationConfig
from withstand.images.imageset import ImageSet
from withstand.models import Classifier


def check_model(model: Any, **said: Any) -> None:
    """Refuse what is said of a classifier that says it itself: ``preprocess``, ``outputs`` and ``version``.

    Raises:
        UserError: something is.
    """
    if isinstance(model, str):
        _refuse(f"'{model}' brings its own", {**said, "preprocess": None})
    elif isinstance(model, Classifier):
        _refuse("a Classifier brings its own", said)


def check_images(images: Any, **said: Any) -> None:
    """Refuse what is said of images that say it themselves: ``labels``, ``classes`` and ``ids``.

    Raises:
        UserError: something is; or there are several data sets.
    """
    if isinstance(images, str | os.PathLike):
        _refuse("a folder has them in the names of its folders and files", said)
    elif isinstance(images, ImageSet):
        _refuse("an ImageSet brings its own", said)
    elif isinstance(images, Mapping):
        raise UserError(
            f"images are a {type(images).__name__} of {', '.join(map(str, images))}; give one of them"
        )


def check_choices(among: str, groups: str, precision: float | None, batch_size: int) -> None:
    """Refuse what a command line would refuse.

    Raises:
        UserError: a word is none of those known, or a number is out of range.
    """
    for name, value, known in (("among", among, AMONG), ("groups", groups, GROUPINGS)):
        if value not in known:
            raise UserError(f"{name}={value} is not known; {nearest(str(value), known)}")
    if not isinstance(batch_size, Integral) or not isinstance(precision, Real | None):
        raise UserError(f"batch_size={batch_size!r} and precision={precision!r} must be numbers")
    ranges.check(EvaluationConfig(batch_size=int(batch_size), precision=precision and float(precision)))


def _refuse(why: str, said: Mapping[str, Any]) -> None:
    found = [
        name
        for name, value in said.items()
        if value is not None and not (isinstance(value, tuple) and not value)
    ]
    if found:
        raise UserError(f"{why}; leave {' and '.join(found)} out")


@contextmanager
def as_it_was(model: Any) -> Iterator[None]:
    """Give a network back in the mode, of training or of evaluation, in which each of its parts came."""
    modes = [(part, part.training) for part in model.modules()] if isinstance(model, nn.Module) else []
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
