"""From a classifier's outputs to the classes of a data set: the same, some of them, or groups; by name or by file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.base import files, json_file
from withstand.base.console import say
from withstand.base.errors import UserError, few, nearest
from withstand.models import imagenet
from withstand.models.names import plain
from withstand.results.answering import OUTSIDE, ClassMap

_Map = dict[str, str | int | list[str | int] | None]


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
    if outputs and len(outputs) != count:
        raise UserError(f"{len(outputs):,} outputs are named, and the classifier has {count:,}; name each")
    if settings["file"]:
        of = _from_file(Path(settings["file"]), outputs, count, classes)
    elif not outputs and not (count == imagenet.MANY and imagenet.are_classes(classes)):
        if count != len(classes):
            raise UserError(
                f"the classifier has {count:,} outputs, and the data set has {len(classes):,} classes"
                f" ({few(classes)}); give class_map=FILE, which says which output is of which class, or train it on"
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
        what = "ImageNet's 1,000 classes" if known else f"its outputs ({few(outputs)})"
        raise UserError(
            f"{len(absent):,} of the data set's {len(classes):,} classes are not among {what}: {few(absent)}; give"
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
    unknown = []
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
        if label is None:
            unknown.append(str(name))
        elif of[number] not in (OUTSIDE, label):
            raise UserError(
                f"{path} gives output '{output}' to '{classes[of[number]]}' and to '{name}'; give it to one"
            )
        else:
            of[number] = label
    absent = [name for label, name in enumerate(classes) if label not in of]
    if absent:
        raise UserError(f"{path} gives no output to {len(absent):,} of the data set's classes: {few(absent)}")
    if names := list(dict.fromkeys(unknown)):
        say(f"  {path} names {len(names):,} that are no classes of the data set: {few(names)}")
    return of


def _pairs(path: Path) -> list[tuple[str, str | None]]:
    """Output and class, from CSV lines ``output,class``, or JSON: output → class, or class → list of outputs."""
    try:
        if path.suffix == ".csv":
            rows = [row for row in csv.reader(io.StringIO(files.text(path), newline="")) if row]
            if any(len(row) != 2 for row in rows):
                raise ValueError("lines must be output,class")
            return [(row[0], row[1]) for row in rows if row != ["output", "class"]]
        found: list[tuple[str, str | None]] = []
        said = json_file.decoded(files.content(path), _Map)
        if len({isinstance(value, list) for value in said.values()}) > 1:
            raise ValueError("some of its values are lists, and some are not")
        for key, value in said.items():
            if isinstance(value, list):
                found += [(str(output), key) for output in value]
            else:
                found.append((key, None if value is None else str(value)))
        return found
    except (*files.BAD, csv.Error) as error:
        raise UserError(
            f"{path} is no class map ({files.why(error)}); write output,class lines, or JSON: an object of outputs and"
            " their classes"
        ) from error
