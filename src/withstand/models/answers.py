"""From a classifier's outputs to the classes of a data set: the same, some of them, or groups; by name or by file."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from withstand.base import json_file
from withstand.base.errors import UserError, nearest
from withstand.models import imagenet
from withstand.models.names import plain

OUTSIDE = -1


@dataclass(frozen=True, eq=False)
class ClassMap:
    """Which class each output stands for.

    Attributes:
        of: int64 K, the class of each output; −1 where it is none of them.
        classes: how many there are, C.
        open: whether an answer may be one of the other outputs, which is wrong.
        groups: what is made of the probabilities of a class that has several outputs: ``mean``, ``sum`` or ``max``.
    """

    of: NDArray[np.int64]
    classes: int
    open: bool = False
    groups: str = "mean"

    def __call__(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 N×C from N×K: logits as they are where each class has one output, else logarithms of probabilities.

        An open answer has a column more, the highest of the other outputs.

        Raises:
            UserError: there are not K.
        """
        if logits.shape[1] != len(self.of):
            raise UserError(
                f"the classifier gives {logits.shape[1]:,} outputs, and its class map is for {len(self.of):,}; give"
                " class_map=FILE for these"
            )
        grouped = self.has_groups
        values = log_softmax(logits.astype(np.float64), axis=1) if grouped else logits
        columns = [self._class(values[:, self.of == label]) for label in range(self.classes)]
        if self.open and (outside := values[:, self.of == OUTSIDE]).shape[1]:
            columns.append(outside.max(axis=1))
        return np.stack(columns, axis=1).astype(np.float32)

    @property
    def has_groups(self) -> bool:
        return int(np.bincount(self.of[self.of >= 0], minlength=self.classes).max()) > 1

    def facts(self) -> dict[str, Any]:
        """What the answers depend on, as JSON values."""
        sha = hashlib.sha256(self.of.astype("<i8").tobytes()).hexdigest()[:16]
        facts: dict[str, Any] = {"of": sha, "classes": self.classes, "open": self.open}
        return facts | ({"groups": self.groups} if self.has_groups else {})

    def __str__(self) -> str:
        used = int((self.of >= 0).sum())
        among = (
            f"answers are among all {len(self.of):,} outputs (classes=open)"
            if self.open
            else f"answers are among these {used:,} alone (classes=restricted)"
        )
        how = f", {self.groups} of the probabilities of a class's outputs" if self.has_groups else ""
        outside = f"; {among}" if used < len(self.of) else ""
        return f"{used:,} of {len(self.of):,} outputs stand for the {self.classes:,} classes{how}{outside}"

    def _class(self, own: NDArray[Any]) -> NDArray[Any]:
        """One class's column, of the columns of its outputs."""
        if own.shape[1] == 1:
            return own[:, 0]
        if self.groups == "max":
            return own.max(axis=1)
        total = np.logaddexp.reduce(own, axis=1)
        return total - np.log(own.shape[1]) if self.groups == "mean" else total


def bring_together(
    outputs: Sequence[str], count: int, classes: Sequence[str], settings: Mapping[str, Any]
) -> ClassMap | None:
    """The class map of a classifier on a data set; None where its outputs are the classes, in their order.

    Args:
        outputs: their names; empty where not known.
        count: how many there are.
        settings: ``file``, what says which output is of which class, or None; ``open`` and ``groups``, as ``ClassMap``.

    Raises:
        UserError: a class has no output, or the names do not say which.
    """
    if settings["file"]:
        of = _from_file(Path(settings["file"]), outputs, count, classes)
    elif not outputs and not (count == imagenet.MANY and imagenet.are_classes(classes)):
        if count != len(classes):
            raise UserError(
                f"the classifier has {count:,} outputs, and the data set has {len(classes):,} classes"
                f" ({_some(classes)}); give class_map=FILE, which says which output is of which class, or train it on"
                " these classes first"
            )
        return None
    else:
        of = _by_name(outputs, count, classes)
    if count == len(classes) and np.array_equal(of, np.arange(count)):
        return None
    return ClassMap(of, len(classes), settings["open"], settings["groups"])


def _by_name(outputs: Sequence[str], count: int, classes: Sequence[str]) -> NDArray[np.int64]:
    """The class of each output, by the names of both; ImageNet's by wnid, name, or where there are all, by number."""
    known = not outputs or imagenet.is_imagenet(outputs)
    called = _imagenet(classes) if known else [{plain(one), *map(plain, one.split(", "))} for one in outputs]
    of = np.full(count, OUTSIDE, np.int64)
    absent = []
    for label, name in enumerate(classes):
        found = [output for output, names in enumerate(called) if plain(name) in names]
        if len(found) > 1:
            raise UserError(
                f"the data set's class '{name}' is the name of {len(found)} outputs"
                f" ({', '.join(imagenet.wnids()[at] if known else str(at) for at in found)}); call it by one of these,"
                " or give class_map=FILE"
            )
        if not found:
            absent.append(name)
        elif of[found[0]] != OUTSIDE:
            raise UserError(
                f"the data set's classes '{classes[of[found[0]]]}' and '{name}' are one output of the classifier; give"
                " class_map=FILE, or make them one class"
            )
        else:
            of[found[0]] = label
    if absent:
        what = "ImageNet's 1,000 classes" if known else f"its outputs ({_some(outputs)})"
        raise UserError(
            f"{len(absent):,} of the data set's {len(classes):,} classes are not among {what}: {_some(absent)}; give"
            " class_map=FILE, which says which output is of which class, or train the classifier on these classes first"
        )
    return of


def _imagenet(classes: Sequence[str]) -> list[set[str]]:
    """What each of the 1,000 outputs may be called; by its number only where all are, as in ImageNet-V2's folders."""
    numbered = len(classes) == imagenet.MANY and all(name.isdecimal() for name in classes)
    return [
        {wnid, *map(plain, names), plain(", ".join(names))} | ({str(at)} if numbered else set())
        for at, (wnid, names) in enumerate(zip(imagenet.wnids(), imagenet.names(), strict=True))
    ]


def _from_file(path: Path, outputs: Sequence[str], count: int, classes: Sequence[str]) -> NDArray[np.int64]:
    """The class of each output, as a file says.

    Raises:
        UserError: it cannot be read, names what is not there, or leaves a class without an output.
    """
    place = {plain(name): label for label, name in enumerate(classes)}
    known = list(outputs) or (list(imagenet.wnids()) if count == imagenet.MANY else [])
    at = {plain(name): output for output, name in enumerate(known)}
    of = np.full(count, OUTSIDE, np.int64)
    for output, name in _pairs(path):
        if name in (None, "", "-1"):
            continue
        number = at.get(plain(output), int(output) if output.isdecimal() else -1)
        if not 0 <= number < count:
            raise UserError(
                f"{path} names output '{output}', and the classifier has {count:,}, numbered from 0"
                + (f"; {nearest(output, known)}" if known else "")
            )
        label = place.get(plain(str(name)))
        if label is not None:
            of[number] = label
    absent = [name for label, name in enumerate(classes) if label not in of]
    if absent:
        raise UserError(
            f"{path} gives no output to {len(absent):,} of the data set's classes: {_some(absent)}"
        )
    return of


def _pairs(path: Path) -> list[tuple[str, str | None]]:
    """Output and class, from CSV lines ``output,class``, or JSON: output → class, or class → list of outputs."""
    try:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                rows = [row for row in csv.reader(file) if row]
            if any(len(row) != 2 for row in rows):
                raise ValueError("lines must be output,class")
            return [(row[0], row[1]) for row in rows if row != ["output", "class"]]
        found: list[tuple[str, str | None]] = []
        for key, value in json_file.read(path).items():
            if isinstance(value, list):
                found += [(str(output), str(key)) for output in value]
            else:
                found.append((str(key), None if value is None else str(value)))
        return found
    except (OSError, ValueError, AttributeError, csv.Error) as error:
        raise UserError(f"{path} is no class map ({error}); write output,class lines, or JSON") from error


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''}"
