"""Before an image is shown under a condition: how likely is the answer to be right?

What is known of every image is how the classifier did on it clean; what is known of a condition is what it did to the
images that were shown so far. A logistic regression joins the two, with effects of conditions, of classes and of
images that are drawn to nothing where little was seen. A guess may be as wrong as it likes: an interval that is made
with it (``sequential``) holds, and is only wider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from withstand.statistics.controlled import Control

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_FIRST = 0.2  # before anything is seen: so likely is another answer than the clean one's rightness says
_ROUNDS, _SWEEPS = 5, 3  # of the fit, and of its effects in each
_RIDGE = 1e-3
_LEAST = 0.02  # weight of an answer of which the fit is sure
_FURTHEST = 8.0  # log odds


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of N images and C conditions before any image is shown under one.

    Attributes:
        labels: N, the true classes.
        rivals: N, the likeliest other class of each image, clean.
        features: N×F, between −1 and 1: a one, then how sure the clean answer is and whether it is right.
        kinds: C, what a condition is a degree of, by number.
    """

    labels: Ints
    rivals: Ints
    features: Floats
    kinds: Ints

    @classmethod
    def of(cls, logits: NDArray[np.floating], labels: Ints, kinds: Sequence[object]) -> Known:
        """From the clean answers, N×K, to all images; conditions of one kind have equal ``kinds``."""
        scores = np.nan_to_num(np.array(logits, dtype=np.float64), neginf=-1e30, posinf=1e30)
        rows = np.arange(len(scores))
        own = scores[rows, labels]
        scores[rows, labels] = -np.inf
        rivals = scores.argmax(axis=1)
        margins = np.clip(own - scores[rows, rivals], -1e30, 1e30)
        scaled = margins / max(float(np.median(np.abs(margins))), 1e-12)
        shapes = [np.tanh(sharp * scaled) for sharp in (0.25, 0.5, 1.0, 2.0)]
        features = np.stack([np.ones(len(own)), *shapes, margins > 0], axis=1)
        names = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
        return cls(np.asarray(labels, np.int64), rivals, features, np.array([names[kind] for kind in kinds]))

    @property
    def slope(self) -> Floats:
        """N: what conditions may weigh differently."""
        return self.features[:, 3]

    @cached_property
    def groups(self) -> dict[str, int]:
        """What answers may have in common, and how many there are of each."""
        classes = int(max(self.labels.max(), self.rivals.max())) + 1
        kinds, conditions = int(self.kinds.max()) + 1, len(self.kinds)
        return {
            "image": len(self.labels),
            "kind": kinds,
            "condition": conditions,
            "label": classes,
            "kind, label": kinds * classes,
            "condition, label": conditions * classes,
            "kind, rival": kinds * classes,
        }

    def group(self, name: str, image: Ints, condition: Ints) -> Ints:
        """Its number, for pairs of an image and a condition."""
        first, _, second = name.partition(", ")
        numbers = {"image": image, "condition": condition, "kind": self.kinds[condition]}
        if not second:
            return self.labels[image] if first == "label" else numbers[first]
        inner = self.labels if second == "label" else self.rivals
        return numbers[first] * self.groups["label"] + inner[image]


class _Effect(NamedTuple):
    """Something that answers have in common.

    Attributes:
        spread: prior variance, in squared log odds.
        sloped: whether it weighs the clean answer.
    """

    group: str
    spread: float
    sloped: bool = False


_EFFECTS = (
    _Effect("kind", 1.0),
    _Effect("kind", 0.5, sloped=True),
    _Effect("condition", 0.3),
    _Effect("condition", 0.3, sloped=True),
    _Effect("label", 0.5),
    _Effect("kind, label", 0.5),
    _Effect("condition, label", 0.3),
    _Effect("kind, rival", 0.3),
    _Effect("image", 1.0),
)


@dataclass(frozen=True, eq=False)
class Guess:
    """How likely each answer is to be right, by what was seen before some round.

    Attributes:
        weights: F, of the features.
        effects: of each of ``_EFFECTS``, its groups.
    """

    known: Known
    weights: Floats
    effects: Sequence[Floats]

    @classmethod
    def after(cls, known: Known, images: Ints, right: Floats) -> Guess:
        """T×C: the images that were shown under each condition, and whether the answers were right."""
        return _fitted(known, images, right) if right.size else _first(known)

    def __call__(self, images: Ints, condition: Ints) -> Floats:
        """Between 0 and 1, for pairs of an image and a condition."""
        odds = self.known.features[images] @ self.weights
        for effect, sizes in zip(_EFFECTS, self.effects, strict=True):
            if len(sizes):
                found = sizes[self.known.group(effect.group, images, condition)]
                odds = odds + (found * self.known.slope[images] if effect.sloped else found)
        return np.asarray(expit(np.clip(odds, -_FURTHEST, _FURTHEST)), np.float64)


def _first(known: Known) -> Guess:
    odds = np.log(1 / _FIRST - 1)
    weights = np.zeros(known.features.shape[1])
    weights[0], weights[-1] = -odds, 2 * odds
    return Guess(known, weights, [np.empty(0)] * len(_EFFECTS))


def _fitted(known: Known, images: Ints, right: Floats) -> Guess:
    """Penalised least squares on working answers, again and again; in each, one effect after the other."""
    image, answer = images.ravel(), right.ravel()
    at = np.broadcast_to(np.arange(right.shape[1]), right.shape).ravel()
    features, slope = known.features[image], known.slope[image]
    groups = [known.group(effect.group, image, at) for effect in _EFFECTS]
    sizes = [np.zeros(known.groups[effect.group]) for effect in _EFFECTS]
    weights = np.zeros(features.shape[1])
    share = (answer.sum() + 0.5) / (len(answer) + 1)
    weights[0] = np.log(share / (1 - share))
    odds = features @ weights
    for _ in range(_ROUNDS):
        chance = expit(np.clip(odds, -_FURTHEST, _FURTHEST))
        weight = np.maximum(chance * (1 - chance), _LEAST)
        off = (answer - chance) / weight  # working answers − odds
        square = (features * weight[:, None]).T @ features + _RIDGE * np.eye(len(weights))
        for _ in range(_SWEEPS):
            step = np.linalg.solve(square, features.T @ (weight * off) - _RIDGE * weights)
            weights, off, odds = weights + step, off - features @ step, odds + features @ step
            for position, (effect, group) in enumerate(zip(_EFFECTS, groups, strict=True)):
                by = slope if effect.sloped else 1.0
                pull = np.bincount(group, weight * off * by, len(sizes[position]))
                hold = np.bincount(group, weight * by * by, len(sizes[position]))
                change = (pull - sizes[position] / effect.spread) / (hold + 1 / effect.spread)
                sizes[position] = sizes[position] + change
                moved = change[group] * by
                off, odds = off - moved, odds + moved
    return Guess(known, weights, sizes)


class Guesses:
    """The guesses of each step of a sample, made from what was seen before it.

    Args:
        orders: N×C, the images of each condition in the order in which they are drawn.
    """

    def __init__(self, known: Known, orders: Ints) -> None:
        self.known, self.orders = known, orders
        self._guesses: dict[int, tuple[Guess, Floats, float]] = {}

    def spread(self, right: Floats) -> float:
        """The mean square that the guesses after the rounds seen say they will miss by."""
        return self._after(right)[2]

    def control(self, right: Floats, ends: Sequence[int]) -> Control:
        """Of the answers in the rounds seen, T×C, in steps that ended at ``ends``."""
        guessed, ahead, spreads = [], [], []
        at = np.arange(self.orders.shape[1])
        for start, end in zip([0, *ends], ends, strict=False):
            guess, unseen, spread = self._after(right[:start])
            images = self.orders[start:end]
            own = guess(images, np.broadcast_to(at, images.shape))
            before = np.cumsum(own, axis=0) - own
            left = len(self.orders) - np.arange(start, end)
            guessed.append(own)
            ahead.append((unseen - before).mean(axis=1) / left)
            spreads.append(spread)
        return Control(np.concatenate(guessed), np.concatenate(ahead), spreads)

    def _after(self, right: Floats) -> tuple[Guess, Floats, float]:
        """The guess after some rounds; its sum over the images that each condition still has, and its spread."""
        rounds = len(right)
        if rounds not in self._guesses:
            guess = Guess.after(self.known, self.orders[:rounds], right)
            sums, squares = np.zeros(right.shape[1]), 0.0
            for condition in range(right.shape[1]):
                images = self.orders[rounds:, condition]
                own = guess(images, np.full(len(images), condition))
                sums[condition], squares = own.sum(), squares + float((own * (1 - own)).sum())
            unseen = (len(self.orders) - rounds) * right.shape[1]
            self._guesses[rounds] = guess, sums, squares / unseen if unseen else 0.25
        return self._guesses[rounds]
