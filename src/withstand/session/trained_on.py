"""What the weights in a run's folder were trained on, by the names of its classes."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import msgspec

from withstand.base import json_file
from withstand.base.errors import UserError, few
from withstand.models.loading import Head

_NAMED = (
    "provenance.json",
    "summary.json",
)  # the first has them from training; older runs, in the second alone


class _Named(msgspec.Struct):
    """Of a record, the names of the classes."""

    classes: list[str] | None = None


def check(weights: Path, classes: Sequence[str]) -> None:
    """Refuse weights beside which a record names other classes; without a record, nothing is known.

    Args:
        classes: the data set's, in order; empty where they are not known yet.

    Raises:
        UserError: the names, or their order, are others.
    """
    trained = _recorded(weights.parent)
    if not trained or not classes or _plain(trained) == _plain(classes):
        return
    if sorted(_plain(trained)) == sorted(_plain(classes)):
        what = "these classes in another order"
    else:
        what = f"other classes ({few(trained)}, where the data has {few(classes)})"
    raise UserError(
        f"{weights} was trained on {what}, says the record beside it; give weights for these classes, or copy the file"
        " out of its run's folder if the names alone differ"
    )


def check_head(head: Head, weights: Path, classes: int) -> None:
    """Refuse a classifier layer that was left as it was drawn: its answers would be measured.

    Raises:
        UserError: the file has none for so many classes.
    """
    if head.fresh:
        found = f"{head.outputs:,} outputs" if head.outputs else "no classifier layer"
        raise UserError(
            f"{weights} has {found}, and the data set has {classes:,} classes: what a layer drawn at random says would"
            " be measured; train it first (experiment=train), or give weights for these classes"
        )


def _recorded(folder: Path) -> list[str]:
    for name in _NAMED:
        record = json_file.record(folder / name, _Named)
        if record.get("classes"):
            return [str(one) for one in record["classes"]]
    return []


def _plain(names: Sequence[str]) -> list[str]:
    """Without what says nothing: capitals, and the two ways in which Unicode writes an accent."""
    return [unicodedata.normalize("NFC", name).casefold() for name in names]
