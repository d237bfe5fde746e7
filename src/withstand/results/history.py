"""``history.csv``: how a training went, a row for each epoch."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from withstand.base import files
from withstand.base.json_file import AGAIN

_SHARES = ("train_top1", "train_top5", "val_top1", "val_top5")


def read(path: Path) -> pd.DataFrame:
    """The rows; none where there is no file.

    Raises:
        UserError: it is no table of numbers by epoch.
    """
    if not path.exists() and not path.is_symlink():
        return pd.DataFrame({"epoch": pd.Series(dtype=int)})
    try:
        found = pd.read_csv(io.StringIO(files.text(path)))
        _check(found)
    except files.BAD as error:
        raise files.damaged(path, error, AGAIN) from error
    return found


def _check(found: pd.DataFrame) -> None:
    """Raises ``ValueError`` where it is no history."""
    if "epoch" not in found or not len(found):
        raise ValueError("it has no epochs")
    for name in found.columns:
        if found[name].dtype.kind not in "iuf":
            raise ValueError(f"column {name} holds what is no number")
    if found["epoch"].tolist() != list(range(1, len(found) + 1)):
        raise ValueError("its epochs are not 1, 2, 3 and so on")
    for name in (one for one in _SHARES if one in found):
        values = found[name].to_numpy(np.float64)
        if ((values < 0) | (values > 100)).any():
            raise ValueError(f"column {name} holds what is no percentage")
