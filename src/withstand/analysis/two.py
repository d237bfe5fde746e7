"""Two classifiers side by side: what both saw, image by image, as gates and plans take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.comparison import Comparison, compare
from withstand.base.errors import UserError
from withstand.results.columns import Columns
from withstand.results.conditions import CLEAN, Condition
from withstand.results.run import Run
from withstand.statistics import (
    Estimate,
    cluster_values,
    image_values,
    mean_interval,
    mean_over_conditions,
    minus,
    seen,
)

Conditions = str | tuple[Condition, ...]
"""A group's name, or the conditions themselves."""


def run_of(one: Any) -> Run:
    """What was given as a run."""
    found = one if isinstance(one, Run) else getattr(one, "run", None)
    if not isinstance(found, Run):
        raise UserError("two runs are compared: what load_run(FOLDER) or evaluate(…) gives")
    return found


def told_apart(new: Run, old: Run) -> tuple[Run, Run]:
    """Both with names that differ: the models', else their folders', else the folders' paths."""
    if new.dataset != old.dataset:
        raise UserError(
            f"{new.model} is on {new.dataset} and {old.model} on {old.dataset}; take one data set"
        )
    for called in (
        (new.model, old.model),
        (new.folder.name, old.folder.name),
        (str(new.folder), str(old.folder)),
    ):
        if called[0] != called[1]:
            return _called(new, called[0]), _called(old, called[1])
    raise UserError(f"new and old are one run, {new.folder}; give two")


def _called(run: Run, name: str) -> Run:
    return replace(run, summary=run.summary | {"model": name})


def both(new: Run, old: Run, shift: str) -> Comparison:
    """The two under a shift, on what both saw."""
    together = compare(new, old, shift=shift)
    if together.left_out:
        one = together.left_out[0]
        raise UserError(f"{one.what} does not compare under {shift}: {one.reason}")
    return together


def apart(new: Run, old: Run, shift: str, group: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ids, and by how much ``new`` is above ``old`` for each: the images that both saw under a group of a shift."""
    if shift == CLEAN.shift:
        new, old, shift = new.under([CLEAN]), old.under([CLEAN]), "corruption"
    together = both(new, old, shift)
    return values(together, group, "top1")


def within(new: Run, old: Run, shift: str) -> tuple[Run, Run, dict[int, str]]:
    """Both on the images that a shift of groups in both has, without shifts of other images; and ``members``.

    Raises:
        UserError: as ``members``.
    """
    of = members(new, old, shift)
    known = np.array(sorted(of), np.int64)
    return _cut(new, known), _cut(old, known), of


def _cut(run: Run, known: NDArray[np.int64]) -> Run:
    first = {one.shift: one for one in reversed(run.conditions)}
    there = {shift for shift, one in first.items() if np.isin(run.predictions(one).ids, known).any()}
    return run.under(one for one in run.conditions if one.shift in there).on(known)


def members(new: Run, old: Run, shift: str) -> dict[int, str]:
    """Image → the group that it is of, by a shift of groups in both runs.

    Raises:
        UserError: one was not evaluated under it, or they have an image in different groups.
    """
    found, other = (_members(run, shift) for run in (new, old))
    if any(other.get(image, group) != group for image, group in found.items()):
        raise UserError(
            f"{new.model} and {old.model} have other images in the groups of {shift}; evaluate both anew"
        )
    return {image: group for image, group in found.items() if image in other}


def _members(run: Run, shift: str) -> dict[int, str]:
    conditions, about = [one for one in run.conditions if one.shift == shift], run.about(shift)
    if not conditions or about.get("kind") != "groups":
        raise UserError(
            f"{shift} is no shift of groups in {run.folder}; evaluate shift=groups with its column first"
        )
    ids = np.sort(replace(run, only=None, kept=Columns()).predictions(conditions[0]).ids)
    if len(about["members"]) != len(ids):
        raise UserError(
            f"{run.folder} says of other images which group by {shift} they are of; evaluate it anew"
        )
    return {
        image: about["groups"][group] for image, group in zip(ids.tolist(), about["members"], strict=True)
    }


def drawn(ids: NDArray[np.int64], values: NDArray[np.float64], of: Mapping[int, str]) -> NDArray[np.float64]:
    """The values of what was drawn: of images, or of the clusters that ``of`` says they are in."""
    return cluster_values(values, np.array([of[one] for one in ids.tolist()])) if of else values


def values(
    together: Comparison, group: Conditions, metric: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ids, and new less old for each: the images that both saw."""
    less = minus(*(_table(together, name, group, metric) for name in together.names))
    return together.ids[seen(less)], image_values(less[seen(less)])


def mean(together: Comparison, name: str, group: Conditions, metric: str, of: Mapping[int, str]) -> Estimate:
    """The mean of one of the two over the conditions, with its interval; ``of`` as ``drawn`` has it."""
    if isinstance(group, str) and not of:
        return together.accuracy(name, group, metric)
    table = _table(together, name, group, metric)
    if not of:
        return mean_over_conditions(table).within(0, 1)
    there = seen(table)
    return mean_interval(drawn(together.ids[there], image_values(table[there]), of)).within(0, 1)


def _table(together: Comparison, name: str, group: Conditions, metric: str) -> NDArray[np.float64]:
    """N×C: the value of each image under each condition."""
    if isinstance(group, str):
        return together.values(name, group, metric)
    return together.run(name).scores.of(metric, group, together.ids).astype(np.float64)
