"""Comparisons and answers drawn at random, in memory: whole runs and samples, ties, reversals, all right, all wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from withstand.analysis.comparison import Comparison
from withstand.analysis.hypotheses import Hypothesis, Measure
from withstand.analysis.hypotheses.subjects import Subject
from withstand.results.conditions import CLEAN, Condition
from withstand.results.scores import Scores

Array = np.ndarray[Any, Any]
NAMES = ("resnet50", "vit_small", "small_cnn", "deit-tiny", "convnext_tiny.fb_in1k", "mlp")
VARIANTS = ("fog", "jpeg_compression", "gaussian_noise", "zoom_blur")


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a comparison reads of a run, without a file."""

    scores: Scores
    sampled: bool
    training: str = ""  # not on record

    def families(self, shift: str) -> None:
        """Not on record."""


def comparison(seed: int) -> Comparison:
    """One to six runs over one to 150 images, with or without clean images, under none to six conditions."""
    draw = np.random.default_rng(seed)
    n, names = int(draw.choice([1, 2, 5, 15, 50, 150])), NAMES[: draw.choice([1, 2, 2, 3, 3, 4, 5, 6])]
    shifted = [Condition("corruption", v, s) for v in VARIANTS[: draw.integers(0, 4)] for s in (1, 4)]
    shifted = shifted[: draw.choice([1, 8])]
    clean = bool(draw.random() < 0.75) or not shifted
    columns = sorted([*shifted, *([CLEAN] if clean else [])])
    kind = draw.choice(["skill", "skill", "tie", "reversal", "right", "wrong", "rare"])
    hard, runs = draw.normal(size=n), []
    for turn, _ in enumerate(names):
        values = _answers(draw, kind, turn, hard, columns)
        if kind == "tie" and turn:
            values = np.nan_to_num(runs[0].scores.values("top1")) if turn % 2 else values
        sampled = bool(turn and shifted and draw.random() < 0.35)
        if sampled:
            same_seed, share = draw.random() < 0.5, draw.choice([0.3, 0.6])
            values = _part(values, columns, share, 0 if same_seed else turn)
        known = {"top1": values.astype(np.float32)}
        runs.append(
            Drawn(Scores(np.arange(n), np.zeros(n, np.int64), tuple(columns), _unread, known), sampled)
        )
    order = draw.permutation(len(runs))
    return Comparison(
        tuple(runs[i] for i in order),  # type: ignore[misc]
        tuple(names),
        np.arange(n),
        tuple(sorted(shifted)),
        clean,
        (),
    )


def _answers(draw: np.random.Generator, kind: str, turn: int, hard: Array, columns: list[Condition]) -> Array:
    if kind in ("right", "wrong"):
        values = np.full((len(hard), len(columns)), float(kind == "right"))
        return (
            values if draw.random() < 0.7 else np.where(draw.random(values.shape) < 0.02, 1 - values, values)
        )
    skill = 3.0 if kind == "rare" else draw.normal(0, 1)
    loss = np.array([(one.severity or 0) * draw.uniform(0, 0.4) for one in columns])
    if kind == "reversal":  # good on clean images, bad on others, or the other way round
        loss = np.where([one == CLEAN for one in columns], turn, -turn)
    noise = draw.normal(size=(len(hard), len(columns)))
    return (skill - loss + hard[:, None] + noise > 0).astype(float)


def _part(values: Array, columns: list[Condition], share: float, seed: int) -> Array:
    """As a sampled evaluation leaves it: all clean images, and some of its own order under every other condition.

    The first image is in every sample: those that share none do not compare.
    """
    kept = values.copy()
    for column, condition in enumerate(columns):
        if condition != CLEAN:
            order = np.random.default_rng([seed, *str(condition).encode()]).permutation(len(values))
            unseen = order[max(1, round(share * len(values))) :]
            kept[unseen[unseen > 0], column] = np.nan
    return kept


def _unread(condition: Condition) -> Any:
    raise AssertionError(f"{condition} is not to be read")


def claim(
    seed: int,
) -> tuple[Hypothesis, list[tuple[list[Subject], list[Subject]]], dict[str, tuple[Array, Array]]]:
    """A claim, the pairs that it is put to, and training → its values under corruption (N×C) and clean (N)."""
    draw = np.random.default_rng([1, seed])
    n, c = int(draw.choice([2, 5, 15, 50, 150])), int(draw.choice([1, 4]))
    counts = [(1, 1), (1, 1), (2, 1), (1, 3), (3, 3), (5, 5), (2, 0), (1, 0)][draw.integers(8)]
    seeds, hard = draw.choice([1, 1, 2, 3], 2), draw.normal(size=n)
    kind, gap = draw.choice(["same", "apart", "right", "mixed"]), draw.normal(0, 1)
    known: dict[str, tuple[Array, Array]] = {}

    def model(side: int, number: int) -> list[Subject]:
        skill = draw.normal(0, 0.3) + (gap if kind == "apart" and not side else 0)
        skill += (-1) ** number * (kind == "mixed")
        found = []
        for training in range(seeds[side]):
            noise = draw.normal(size=(n, c + 1)) + draw.normal(0, 0.2)
            values = np.where(kind == "right", 1.0, skill + hard[:, None] + noise > 0)
            name = f"m{side}{number}" + (f"-seed{training}" if training else "")
            known[name] = values[:, :c], values[:, c]
            found.append(_subject(name, values, n))
        return found

    more, less = ([model(side, number) for number in range(count)] for side, count in enumerate(counts))
    pairs = [(a, b) for a in more for b in less] if less else [(a, []) for a in more]
    chosen: dict[str, Any] = {"family": "cnn"} if less else {}
    return (
        Hypothesis("drawn", "These are better", Measure("corruption"), {"family": "vit"}, chosen),
        pairs,
        known,
    )


def _subject(name: str, values: Array, n: int) -> Subject:
    shifted, clean = values[:, :-1].astype(float), values[:, -1:].astype(float)
    return Subject(
        name, {}, {"train.epochs": "1"}, (), np.arange(n), lambda ids: (shifted[ids],), lambda ids: clean[ids]
    )
