"""Groups of the test images by a column of one's own: camera, site, skin tone, Waterbirds' background.

Nothing is shown that is not among the clean images, so nothing is predicted twice: a group is a way to read the answers
that are there. What is asked is the accuracy in each, the worst of them, and the gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from withstand.base.errors import AbsentError, UserError
from withstand.config.checks import own_settings
from withstand.config.schema import ShiftConfig
from withstand.datasets import table
from withstand.datasets.photographed import identity
from withstand.images.imageset import Dataset
from withstand.shifts.shown import Shown, check_name

NAME = "groups"
_PATHS = ("path", "file", "filename", "image", "id")
_FEWEST, _MOST = 2, 1000


@dataclass
class Settings:
    """What ``configs/shift/groups.yaml`` sets."""

    column: str = ""
    table: str | None = None
    path: str | None = None
    label: str = ""


@dataclass(frozen=True, eq=False)
class Groups(Shown):
    """The test images whose group is known; ``about`` has the names, and which each image is of, by ascending id."""

    as_clean = True


def from_config(settings: ShiftConfig, dataset: Dataset) -> Groups:
    """The groups that a column makes, of the data set's own table or of a file.

    Raises:
        UserError: there is no such column or file, it names none of the test images, or has one group alone.
    """
    own = own_settings(Settings, "shift", settings.options)
    if not own.column:
        raise UserError("shift=groups needs a column: set shift.column=NAME")
    name = own.label or own.column
    check_name(name)
    test = dataset.test
    if own.table:
        said, source = _from_file(Path(own.table), own), own.table
    elif dataset.columns is not None:
        said, source = dataset.columns(own.column), f"the table of {dataset.name}"
    else:
        raise UserError(
            f"{dataset.name} has no table with a column '{own.column}'; set shift.table=TABLE.csv, with a column of"
            " paths or of ids"
        )
    rows = np.flatnonzero([str(said.get(one, "")) != "" for one in test.ids.tolist()])
    if not len(rows):
        raise UserError(
            f"{source} names none of the {len(test):,} test images; paths are those inside the data's folder"
        )
    shown = test.take(rows) if len(rows) < len(test) else test
    values = [str(said[one]) for one in np.sort(shown.ids).tolist()]
    names = sorted(set(values))
    if not _FEWEST <= len(names) <= _MOST:
        raise UserError(
            f"{source}: column '{own.column}' makes {len(names):,} groups; {_FEWEST} to {_MOST} are wanted"
        )
    place = {one: at for at, one in enumerate(names)}
    left = len(test) - len(shown)
    notes = (
        (f"{left:,} of {len(test):,} test images have no {own.column} and are left out of it",)
        if left
        else ()
    )
    about = {"kind": NAME, "groups": names, "members": [place[value] for value in values]}
    return Groups(name, shown, f"{len(names)} groups by {own.column}, of {source}", notes, about)


def _from_file(path: Path, own: Settings) -> Mapping[int, str]:
    """Id → group, from a table whose lines name images by path or by id."""
    if not path.is_file():
        raise AbsentError(f"there is no {path}; set shift.table=TABLE.csv")
    found = table.read(path)
    key = own.path or found.called(_PATHS) or "path"
    names, groups = found.column(key, " (shift.path)"), found.column(own.column, " (shift.column)")
    try:
        ids = [int(name) if key.casefold() == "id" else identity(name) for name in names]
    except ValueError as error:
        raise UserError(f"{path}: column '{key}' holds what is no number; set shift.path=COLUMN") from error
    said: dict[int, str] = {}
    for one, name, group in zip(ids, names, groups, strict=True):
        if said.setdefault(one, group) != group:
            raise UserError(
                f"{path} gives {name} two groups, '{said[one]}' and '{group}'; leave one line of the two"
            )
    return said
