"""Parts of a set of foregrounds, by id: what is trained on, what is tested, and what the two share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand.backgrounds.worlds import Positions, Worlds
from withstand.base.errors import UserError


def folds(ids: NDArray[np.int64], labels: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Which of ``count`` folds each image is in, the classes spread evenly over them: int64 N.

    It depends on the ids, labels and seed alone, not on the order in which they come.
    """
    dice = np.random.default_rng([seed, 5])
    order = np.lexsort((ids, labels))
    order = order[np.lexsort((dice.permutation(len(ids)), labels[order]))]
    fold = np.empty(len(ids), np.int64)
    fold[order] = np.arange(len(ids)) % count
    return fold


@dataclass(frozen=True, eq=False)
class Part:
    """One training and what it is tested on: positions in the worlds.

    Attributes:
        train, val: of originals; empty where nothing is trained.
        test: variant → the foregrounds that are tested in it.
    """

    name: str
    train: Positions
    val: Positions
    test: Mapping[str, Positions]

    @property
    def trains(self) -> bool:
        return len(self.train) > 0

    def shared(self) -> int:
        """How many foregrounds are both trained on or validated with, and tested in any variant."""
        seen = np.union1d(self.train, self.val)
        return len(np.intersect1d(seen, np.unique(np.concatenate(list(self.test.values())))))


def grouped(worlds: Worlds, count: int, validation: float, seed: int) -> list[Part]:
    """K-fold by foreground: each is tested once in every variant, by a model that has never seen it in any.

    Raises:
        UserError: a class has fewer foregrounds than folds.
    """
    fewest = int(np.bincount(worlds.labels, minlength=len(worlds.classes)).min())
    if not 2 <= count <= fewest:
        raise UserError(
            f"background.folds={count} must lie between 2 and {fewest}, the foregrounds of the smallest class"
        )
    fold = folds(worlds.ids, worlds.labels, count, seed)
    parts = []
    for number in range(count):
        test, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        order = np.random.default_rng([seed, 6, number]).permutation(len(rest))
        n_val = min(max(1, round(validation * len(rest))), len(rest) - 1)
        val, train = np.sort(rest[order[:n_val]]), np.sort(rest[order[n_val:]])
        part = Part(f"fold-{number + 1}-of-{count}", train, val, dict.fromkeys(worlds.variants, test))
        if part.shared() or set(worlds.ids[train].tolist()) & set(worlds.ids[np.append(test, val)].tolist()):
            raise AssertionError(f"{part.name}: a foreground is on both sides of the split")
        parts.append(part)
    if not np.array_equal(
        np.sort(np.concatenate([p.test["original"] for p in parts])), np.arange(len(worlds))
    ):
        raise AssertionError("not every foreground is tested exactly once")
    return parts


def published(worlds: Worlds, seed: int) -> list[Part]:
    """The study's split, leak and all: originals 8:1:1, but every foreground of every other variant tested."""
    n = len(worlds)
    order = np.random.default_rng([seed, 7]).permutation(n)
    train, val, test = (
        np.sort(rows) for rows in np.split(order, [int(0.8 * n), int(0.8 * n) + int(0.1 * n)])
    )
    everything = np.arange(n)
    return [Part("split", train, val, {v: test if v == "original" else everything for v in worlds.variants})]


def untrained(worlds: Worlds) -> list[Part]:
    """Nothing is trained here: every foreground is tested in every variant."""
    nothing = np.empty(0, np.int64)
    return [Part("whole", nothing, nothing, dict.fromkeys(worlds.variants, np.arange(len(worlds))))]


def leak(worlds: Worlds, parts: list[Part]) -> dict[str, dict[str, float]]:
    """For each variant, the shares of its tested pictures that the model had seen parts of.

    ``foreground_trained``: its foreground was trained on; ``foreground_seen``: trained on or used to pick the epoch;
    ``background_trained``: its background was cut from an image trained on (of those whose background is known).
    """
    found = {}
    for variant, world in worlds.variants.items():
        tested = np.concatenate([part.test[variant] for part in parts])
        trained = np.concatenate([np.isin(part.test[variant], part.train) for part in parts])
        seen = trained | np.concatenate([np.isin(part.test[variant], part.val) for part in parts])
        lent = [np.isin(world.lenders[part.test[variant]], worlds.ids[part.train]) for part in parts]
        known = world.lenders[tested] >= 0
        found[variant] = {
            "foreground_trained": float(trained.mean()),
            "foreground_seen": float(seen.mean()),
            "background_trained": float(np.concatenate(lent)[known].mean()) if known.any() else 0.0,
        }
    return found
