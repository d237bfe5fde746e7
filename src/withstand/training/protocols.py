"""The protocols of fine-tuning: which images are shown under which corruptions, and which are tested.

A *pair* is a source image under a condition: one row of a CIFAR-10-C file. Training and validation are sets of pairs;
the test is a set of images under every condition. Nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from withstand import datasets
from withstand.base.errors import UserError, nearest
from withstand.config.schema import FinetuneConfig
from withstand.corruptions.names import CORRUPTIONS, FAMILIES
from withstand.images.imageset import Dataset, ImageSet
from withstand.results.conditions import Condition

Pairs = NDArray[np.int64]
"""int64 P: row of the image in the pool × number of trained conditions + number of the condition."""


@dataclass(frozen=True)
class Leak:
    """How much of a test was in training or validation, measured.

    Attributes:
        rows: share of the test's pairs, the very images that are scored.
        images: share of the test's source images, under whatever condition.
    """

    rows: float
    images: float


@dataclass(frozen=True, eq=False)
class TuningPlan:
    """What one fine-tuning is shown and tested on.

    Attributes:
        pool: the source images that ``train`` and ``val`` are rows of.
        trained: the conditions to train under, in the order that pairs number them.
        train, val: disjoint pairs.
        test: the source images to test.
        tested: the conditions to test under.
    """

    protocol: str
    pool: ImageSet
    trained: tuple[Condition, ...]
    train: Pairs
    val: Pairs
    test: ImageSet
    tested: tuple[Condition, ...]

    def __post_init__(self) -> None:
        shared = np.intersect1d(self.train, self.val, assume_unique=True)
        if len(shared):
            raise AssertionError(f"{self.protocol}: {len(shared)} pairs are in training and validation")
        if self.protocol == "published":
            return
        train, val, test = self.ids(self.train), self.ids(self.val), np.unique(self.test.ids)
        for one, other, names in ((train, val, "training and validation"), (train, test, "training and test"),
                                  (val, test, "validation and test")):  # fmt: skip
            common = np.intersect1d(one, other, assume_unique=True)
            if len(common):
                raise AssertionError(f"{self.protocol}: {names} share {len(common)} source images")

    def ids(self, pairs: Pairs) -> NDArray[np.int64]:
        """The source images of some pairs, each once, ascending."""
        return np.unique(self.pool.ids[np.unique(pairs // len(self.trained))])

    def leak(self, *shown: Pairs) -> Leak:
        """What of the test is among the pairs ``shown``."""
        seen = np.zeros((len(self.pool), len(self.trained)), np.bool_)
        for pairs in shown:
            seen[np.divmod(pairs, len(self.trained))] = True
        order = np.argsort(self.pool.ids)
        at = np.searchsorted(self.pool.ids, self.test.ids, sorter=order)
        rows = order[np.minimum(at, len(order) - 1)]
        there = self.pool.ids[rows] == self.test.ids
        scored = [number for number, condition in enumerate(self.trained) if condition in set(self.tested)]
        tests = len(self.test) * len(self.tested)
        return Leak(
            rows=int(seen[rows[there]][:, scored].sum()) / tests,
            images=int(seen[rows[there]].any(axis=1).sum()) / len(self.test),
        )


def plan(
    settings: FinetuneConfig,
    dataset: Dataset,
    tested: Sequence[Condition],
    made: Sequence[Condition],
    *,
    validation: float,
    seed: int,
) -> TuningPlan:
    """The plan that ``finetune.protocol`` names.

    Args:
        tested: the conditions to test under.
        made: those of them that other images can be shown under (the official files hold the test images alone).
        validation: share of what is not tested that validates.

    Raises:
        UserError: too few images, or nothing left to train under; a name in ``finetune.held_out`` that is none.
    """
    out = held_out(settings)
    trained = tuple(
        c for c in (made if settings.protocol == "train_images" else tested) if c.variant not in out
    )
    if not trained:
        raise UserError("finetune.held_out leaves no corruption to train under; hold fewer out")
    if len(dataset.test) < 10 or len(dataset.train) < 2:
        raise UserError(
            f"fine-tuning splits {len(dataset.test)} test images three ways; give it 10 or more (dataset.test_limit)"
        )
    if settings.protocol == "published":
        return _published(dataset.test, trained, tuple(tested), settings.test, validation, seed)
    if settings.protocol == "train_images":
        pool, test = dataset.train, dataset.test
        rest = pool
    else:
        pool = dataset.test
        tests = last_of_each_class(pool.labels, settings.test)
        test, rest = pool.take(tests), pool.take(np.setdiff1d(np.arange(len(pool)), tests))
    train, val = datasets.split(rest, validation, seed)
    train_pairs, val_pairs = (
        _product(np.flatnonzero(np.isin(pool.ids, part.ids)), len(trained)) for part in (train, val)
    )
    return TuningPlan(settings.protocol, pool, trained, train_pairs, val_pairs, test, tuple(tested))


def held_out(settings: FinetuneConfig) -> tuple[str, ...]:
    """The corruptions that ``finetune.held_out`` names, families spelt out.

    Raises:
        UserError: an unknown name, or names where the protocol has no use for them, or none where it needs them.
    """
    words = settings.held_out
    if settings.protocol == "held_out" and not words:
        raise UserError(
            "finetune.protocol=held_out: say what to hold out, e.g. 'finetune.held_out=[noise]';"
            f" families: {', '.join(FAMILIES)}; or name corruptions"
        )
    if words and settings.protocol in ("grouped", "published"):
        raise UserError(
            f"finetune.held_out has no use with finetune.protocol={settings.protocol}; use finetune.protocol=held_out"
        )
    for word in words:
        if word not in FAMILIES and word not in CORRUPTIONS:
            raise UserError(
                f"finetune.held_out: unknown '{word}'; {nearest(word, [*FAMILIES, *CORRUPTIONS])}"
            )
    return tuple(dict.fromkeys(name for word in words for name in FAMILIES.get(word, (word,))))


def name(settings: FinetuneConfig) -> str:
    """What a fine-tuning is called, and its folder: its protocol and what is held out, or as the user says."""
    words = [] if settings.protocol == "held_out" else [settings.protocol]
    words += ["held_out", *settings.held_out] if settings.held_out else []
    return settings.name or "-".join(words)


def last_of_each_class(labels: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Rows of the last ``share`` of each class, ascending: ``round(share × N)`` in all, by largest remainder.

    The last and not random ones: every seed and model then tests the same images, and on CIFAR-10, whose order is
    random, they are nearly those of the published protocol, so the two can be compared image by image.
    """
    classes, counts = np.unique(labels, return_counts=True)
    wanted = min(max(1, round(share * len(labels))), len(labels) - 2)
    quota = wanted * counts / counts.sum()
    take = np.floor(quota).astype(np.int64)
    take[np.argsort(take - quota, kind="stable")[: wanted - take.sum()]] += 1
    last = [np.flatnonzero(labels == c)[len_ - n :] for c, len_, n in zip(classes, counts, take, strict=True)]
    return np.sort(np.concatenate(last))


def _published(
    test: ImageSet,
    trained: tuple[Condition, ...],
    tested: tuple[Condition, ...],
    share: float,
    validation: float,
    seed: int,
) -> TuningPlan:
    """The study's rows. A file is one severity after the other, each the same N images in the same order.

    Of N = 10,000 images at five severities, the first 45,000 rows are for training, of which a random part validates,
    and the last 1,000 of each severity are tested: rows of four severities, and every image, are on both sides.
    """
    n, severities = len(test), sorted({c.severity for c in trained if c.severity is not None})
    n_test = max(1, round(share * n))
    severity, image = np.divmod(np.arange(len(severities) * (n - n_test)), n)
    pairs = [
        image[severity == severities.index(condition.severity)] * len(trained) + number
        for number, condition in enumerate(trained)
        if condition.severity is not None
    ]
    rows = np.sort(np.concatenate(pairs))
    order = np.random.default_rng([seed, 1]).permutation(len(rows))
    n_val = min(max(1, round(validation * len(rows))), len(rows) - 1)
    train, val = np.sort(rows[order[n_val:]]), np.sort(rows[order[:n_val]])
    return TuningPlan("published", test, trained, train, val, test.take(np.arange(n - n_test, n)), tested)


def _product(rows: NDArray[np.int64], conditions: int) -> Pairs:
    """Every row under every condition."""
    pairs: Pairs = (rows[:, None] * conditions + np.arange(conditions)).ravel()
    return pairs


def some(pairs: Pairs, count: int, key: Sequence[int]) -> Pairs:
    """``count`` of the pairs (all, where they are fewer) in a random order that is a function of ``key``."""
    return pairs[np.random.default_rng(list(key)).permutation(len(pairs))[:count]]
