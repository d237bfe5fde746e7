"""What a data set of the library ``datasets`` has in its columns, and which of its splits is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base.errors import UserError, nearest
from withstand.datasets import splits


def splits_of(
    there: Mapping[str, Any], repo: str, split: str | None, train_split: str | None
) -> tuple[str, str | None]:
    """The names of the splits to test and to train on.

    Raises:
        UserError: there is no such split, or nothing says which is which.
    """
    alone = next(iter(there)) if len(there) == 1 else None
    test = split or next((name for name in splits.TESTS if name in there), alone)
    train = train_split or ("train" if "train" in there and test != "train" else None)
    for key, name in (("split", test), ("train_split", train)):
        if name not in there and (name or key == "split"):
            raise UserError(
                f"{repo} has no split {name or 'test or validation'}; set dataset.{key} to one of:"
                f" {', '.join(there)}"
            )
    if test == train:
        raise UserError(
            f"dataset.split and dataset.train_split are both {test}; give two, or leave the second out"
        )
    return str(test), train


def of_kind(rows: Any, kind: str) -> list[str]:
    """The columns of a type of the library, by its name."""
    return [name for name, feature in rows.features.items() if type(feature).__name__ == kind]


def column(rows: Any, setting: str, said: str | None, found: Sequence[str]) -> str:
    """The name of a column: as it is set, else the first of those found.

    Raises:
        UserError: there is none, or it does not hold pictures where it must.
    """
    if said is not None and said not in rows.features:
        raise UserError(f"there is no column dataset.{setting}={said}; {nearest(said, rows.features)}")
    if said is None and not found:
        raise UserError(
            f"no column is known to be the {setting}; set dataset.{setting} to one of: {', '.join(rows.features)}"
        )
    if setting == "image" and (name := said or found[0]) not in of_kind(rows, "Image"):
        raise UserError(
            f"the column {name} holds {rows.features[name]}, not pictures; cast it to datasets.Image()"
        )
    return said or found[0]


def classes_of(rows: Any, name: str, values: Mapping[str, Sequence[Any]], count: int) -> tuple[str, ...]:
    """As the data set names them; else the labels themselves, numbers up to the highest.

    Args:
        name: of the column.
        values: what it holds, by split.
        count: how many there must be; 0: any.

    Raises:
        UserError: there is one class alone, or another number of them.
    """
    names = getattr(rows.features[name], "names", None)
    said = {one for some in values.values() for one in some}
    if names is None and all(isinstance(one, int) for one in said):
        names = [str(number) for number in range(count or max(said, default=0) + 1)]
    elif names is None:
        names = sorted(str(one) for one in said if one is not None)
    if len(names) < 2:
        raise UserError(f"its column {name} has {len(names)} classes; name another with dataset.label")
    if count not in (0, len(names)):
        raise UserError(f"it has {len(names)} classes; set dataset.num_classes={len(names)}")
    return tuple(names)


def labels_of(
    split: str, values: Sequence[Any], classes: tuple[str, ...], others: Sequence[str]
) -> NDArray[np.int64]:
    """The place of each image's label among the classes.

    Args:
        others: the splits that could be used instead, for the message.

    Raises:
        UserError: an image has no label, as in test splits that were published so.
    """
    place = {one: at for at, one in enumerate(classes)}
    numbers = [one if isinstance(one, int) else place.get(str(one), -1) for one in values]
    labels = np.array(numbers, np.int64).reshape(-1)
    bad = int(((labels < 0) | (labels >= len(classes))).sum())
    if bad or not len(labels):
        raise UserError(
            f"the split {split} has {len(labels):,} images, {bad:,} of them without a label of its {len(classes)}"
            f" classes; set dataset.split to {', '.join(others) or 'another'}"
        )
    return labels
