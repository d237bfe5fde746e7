"""What an answer is about: trainings, seeds, models, kinds; what else differs; samples paired on what both saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from withstand.analysis.hypotheses import effects
from withstand.analysis.hypotheses.confounders import confounders, settings
from withstand.analysis.hypotheses.effects import Measured
from withstand.analysis.hypotheses.sides import comparable, grouped, shared_ids
from withstand.analysis.hypotheses.subjects import Subject, Tables

N = 400
IDS = np.arange(N)


def subject(name: str, values: NDArray[np.float64], **facts: Any) -> Subject:
    def tables(ids: NDArray[np.int64]) -> Tables:
        return (values[ids],)

    return Subject(name, {"seed": 1, **facts}, {}, (), IDS, tables, sampled=bool(np.isnan(values).any()))


def test_one_on_more_images_is_the_odd_one_out() -> None:
    values = np.ones((N, 1))
    alike = [subject(name, values) for name in ("a", "b", "c")]
    more = replace(subject("d", values), ids=np.arange(N + 100))
    kept, left_out = comparable([more, *alike])
    assert kept == alike and [one.what for one in left_out] == ["d"]
    assert np.array_equal(shared_ids(kept), IDS)
    kept, _ = comparable([alike[0], more])
    assert kept == [more], "of equally many, the one with more"


def right(draw: np.random.Generator, chance: float, conditions: int = 3) -> NDArray[np.float64]:
    return (draw.random((N, conditions)) < chance).astype(np.float64)


def measured(*pairs: effects.Pair) -> Measured:
    return Measured.of(pairs, "top1", IDS, signed=False)


def test_one_training_a_side_is_about_these_trainings() -> None:
    draw = np.random.default_rng(0)
    pair = ([subject("vit", right(draw, 0.7))], [subject("cnn", right(draw, 0.6))])
    effect, p, scope = effects.effect([pair], measured(pair))
    assert scope == "these two trainings"
    assert (p < 0.05) == effect.excludes_zero


def test_with_seeds_the_pair_knows_of_them_as_the_effect_does() -> None:
    """Trainings that differ by their seed alone, by 10 points: two of them tell next to nothing of the model."""
    draw = np.random.default_rng(1)
    sides = [
        [subject(f"{name}{s}", right(draw, chance + 0.1 * s), seed=s) for s in range(2)]
        for name, chance in (("vit", 0.65), ("cnn", 0.55))
    ]
    pair = (sides[0], sides[1])
    effect, _, scope = effects.effect([pair], measured(pair))
    (contrast,) = effects.contrasts([pair], measured(pair))
    assert scope == "these two models, over 2 seeds"
    assert not effect.excludes_zero and not contrast.excludes_zero
    assert contrast.half_width == pytest.approx(effect.half_width)


@pytest.mark.parametrize("kinds_differ", [False, True])
def test_five_models_a_side_stand_for_their_kind(kinds_differ: bool) -> None:
    """Models of one kind that differ by 6 points among each other, and kinds that differ by 30 or not at all."""
    covered = 0
    for world in range(60):
        draw = np.random.default_rng([world, 2])
        sides = [
            [
                [subject(f"{name}{m}", right(draw, float(np.clip(centre + draw.normal(0, 0.06), 0, 1))))]
                for m in range(5)
            ]
            for name, centre in (("vit", 0.75 if kinds_differ else 0.45), ("cnn", 0.45))
        ]
        pairs = [(a, b) for a in sides[0] for b in sides[1]]
        effect, p, scope = effects.effect(pairs, measured(*pairs))
        assert scope == "models of these kinds, by 5 and 5 of them"
        covered += effect.low <= (0.3 if kinds_differ else 0.0) <= effect.high
        assert (p < 0.05) == effect.excludes_zero
    assert covered >= 54


def test_equal_recipes_are_rarely_called_different_once_seeds_are_known() -> None:
    """Two kinds of one recipe, three seeds each that spread by 3 points: a difference is claimed in 5% of worlds."""
    claimed = 0
    for world in range(100):
        draw = np.random.default_rng([world, 3])
        sides = [
            [subject(f"{name}{s}", right(draw, float(0.6 + draw.normal(0, 0.03))), seed=s) for s in range(3)]
            for name in ("vit", "cnn")
        ]
        pair = (sides[0], sides[1])
        claimed += effects.effect([pair], measured(pair))[1] < 0.05
    assert claimed <= 11


def test_a_sample_is_held_against_a_whole_run_on_the_images_that_both_saw() -> None:
    """The sample saw hard images; on these the two are alike, whatever the whole run did on the others."""
    draw = np.random.default_rng(4)
    whole = np.concatenate([right(draw, 0.2)[:200], right(draw, 0.9)[200:]])
    part = whole.copy()
    part[200:] = np.nan
    pair = ([subject("whole", whole)], [subject("part", part)])
    effect, _, _ = effects.effect([pair], measured(pair))
    assert (effect.value, effect.n) == (0, 200)
    assert not effect.excludes_zero


def test_copies_are_no_seeds_and_other_names_no_other_models() -> None:
    draw = np.random.default_rng(5)
    values = right(draw, 0.6)
    one = subject("a", values, weights="w1", training="t", seed=1)
    copy = subject("copy", values, weights="w1", training="t", seed=2)
    renamed = subject("renamed", values, weights="w1", training="u", seed=1)
    again = subject("again", values, weights="w3", training="t", seed=1)
    other = subject("b", values, weights="w2", training="t", seed=2)
    groups, left_out = grouped([one, copy, renamed, again, other], {})
    assert [[s.name for s in group] for group in groups] == [["a", "b"]]
    assert [line.what for line in left_out] == ["copy", "renamed", "again"]
    assert all(line.reason.startswith("it is the same training as a") for line in left_out)


def record(**train: Any) -> Mapping[str, Any]:
    return {
        "config": {
            "model": {"name": "resnet50", "cfg_name": "x"},
            "train": {"optimizer": "sgd", "epochs": 300, "augment": "augmix"} | train,
            "dataset": {"name": "cifar10", "train_limit": None},
        },
        "parameters": 10,
        "image_size": 32,
    }


def test_every_recorded_setting_that_differs_is_named_the_most_telling_first() -> None:
    other = record(optimizer="adamw", epochs=1, augment="none")
    other["config"]["dataset"]["train_limit"] = 500
    long, short = settings(record()), settings(other)
    found = confounders([(long, short)], {"family"})
    assert [one.fact for one in found] == [
        "train.epochs",
        "dataset.train_limit",
        "train.augment",
        "train.optimizer",
    ]
    assert (found[0].more, found[0].less) == (("300",), ("1",))
    assert confounders([(long, long)], {"family"}) == ()
    assert settings({}) == {}
