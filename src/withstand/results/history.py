"""``history.csv``: how a training went, a row for each epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base import files
from withstand.base.json_file import AGAIN

Epochs = Mapping[str, NDArray[Any]]
"""By column of ``history.csv``, the value of each epoch: int64 where all are whole numbers, else float64."""

_SHARES = ("train_top1", "train_top5", "val_top1", "val_top5")
_MOST = 1e39  # more than float32 holds, and few enough for a plot
_WHOLE = 1 << 53  # up to which a float is one number


def read(path: Path) -> Epochs:
    """The columns; without values where there is no file.

    Raises:
        UserError: it is no table of numbers by epoch.
    """
    if not path.exists() and not path.is_symlink():
        return {"epoch": np.empty(0, np.int64)}
    try:
        lines = csv.reader(io.StringIO(files.text(path), newline=""), strict=True)
        header, *rows = [line for line in lines if line] or [[]]
        if len(set(header)) != len(header) or any(len(row) != len(header) for row in rows):
            raise ValueError("its rows are not as long as its first one, or that names a column twice")
        found = {name: _numbers(name, [row[at] for row in rows]) for at, name in enumerate(header)}
        _check(found)
    except (csv.Error, *files.BAD) as error:
        raise files.damaged(path, error, AGAIN) from error
    return found


def columns(rows: Sequence[Mapping[str, Any]]) -> Epochs:
    """The same of a training at hand."""
    return {name: np.asarray([row[name] for row in rows]) for name in rows[0]}


def _numbers(name: str, said: Sequence[str]) -> NDArray[Any]:
    """What a column says, NaN where it says nothing."""
    try:
        values = np.asarray([float(one) if one else np.nan for one in said])
    except ValueError:
        raise ValueError(f"column {name} holds what is no number") from None
    whole = all(one.removeprefix("-").isdecimal() for one in said) and bool((np.abs(values) < _WHOLE).all())
    return values.astype(np.int64) if whole else values


def _check(found: Epochs) -> None:
    """Raises ``ValueError`` where it is no history."""
    if "epoch" not in found or not len(found["epoch"]):
        raise ValueError("it has no epochs")
    if found["epoch"].tolist() != list(range(1, len(found["epoch"]) + 1)):
        raise ValueError("its epochs are not 1, 2, 3 and so on")
    for name, values in found.items():
        if (np.abs(values[np.isfinite(values)]) > _MOST).any():
            raise ValueError(f"column {name} holds a number that no training gives")
    for name in (one for one in _SHARES if one in found):
        if ((found[name] < 0) | (found[name] > 100)).any():
            raise ValueError(f"column {name} holds what is no percentage")
