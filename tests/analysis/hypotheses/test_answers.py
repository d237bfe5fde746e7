"""Claims as data: what is answered, what is left open, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from withstand.analysis import hypotheses
from withstand.analysis.hypotheses import Hypothesis, Measure
from withstand.base.errors import UserError
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_run
from withstand.results.run import Run
from withstand.results.store import Cell, Predictions, Store

SOME = tuple(Condition("corruption", v, s) for v in ("fog", "contrast") for s in (1, 3))
FAMILY = Hypothesis(
    "t",
    "Transformers withstand more",
    Measure("corruption"),
    {"family": "transformer"},
    {"family": "cnn"},
    ("corpus",),
)
MakeRun = Callable[..., Run]


@pytest.fixture
def make(tmp_path: Path) -> MakeRun:
    def made(
        model: str,
        right: float,
        *,
        name: str = "resnet50",
        seed: int = 42,
        n: int = 400,
        first: int = 0,
        tag: str | None = None,
        conditions: tuple[Condition, ...] = SOME,
        source: str = "made",
        size: int | None = 32,
    ) -> Run:
        folder = tmp_path / f"{model}-{seed}-{first}"
        ids, store, cells = np.arange(first, first + n), Store(folder / "predictions"), []
        hard = np.random.default_rng(1).normal(size=10_000)[ids]
        draw = np.random.default_rng([seed, *model.encode()])
        for condition in (CLEAN, *conditions):
            good = hard + draw.normal(size=n) < np.sqrt(2) * right
            logits = np.stack([good, ~good], axis=1).astype(np.float32)
            cell = Cell(condition, {"weights": model})
            store.write(cell, Predictions(ids, np.zeros(n, np.int64), logits))
            cells.append({**vars(condition), "file": cell.file})
        summary = {"model": model, "dataset": "cifar10", "cells": cells, "corruption_source": source}
        settings: dict[str, Any] = {"name": name, "pretrained": bool(tag), "tag": tag}
        provenance = {"config": {"model": settings}, "seed": seed, "image_size": size, "parameters": 10}
        (folder / "summary.json").write_text(json.dumps(summary))
        (folder / "provenance.json").write_text(json.dumps(provenance))
        return load_run(folder)

    return made


def ask(*runs: Run, about: Hypothesis = FAMILY) -> hypotheses.Answer:
    (found,) = hypotheses.answer(runs, [about])
    return found


@pytest.mark.parametrize(("lead", "verdict"), [(0.4, "supported"), (-0.4, "refuted"), (0.0, "not decided")])
def test_the_verdict_follows_the_effect(make: MakeRun, lead: float, verdict: str) -> None:
    found = ask(make("vit", 0.3 + lead, name="vit_small_patch16_224", size=224), make("cnn", 0.3))
    assert found.verdict == verdict
    assert found.effect is not None and found.p is not None and found.n == 400
    assert np.sign(found.effect.value) == np.sign(lead) or not lead
    assert (found.p < 0.05) == (verdict != "not decided")
    assert [one.fact for one in found.confounders] == ["image_size"]
    assert (found.confounders[0].more, found.confounders[0].less) == (("224",), ("32",))


def test_without_a_side_there_is_no_data(make: MakeRun) -> None:
    found = ask(make("cnn", 0.3))
    assert (found.verdict, found.effect, found.p) == ("no data", None, None)
    assert (found.reason, found.left_out) == ("there is no classifier with family = transformer", ())
    assert hypotheses.answer([], [FAMILY])[0].verdict == "no data"


def test_two_sides_that_were_measured_otherwise_have_no_data_and_say_so(make: MakeRun) -> None:
    found = ask(make("vit", 0.6, name="vit_small_patch16_224"), make("cnn", 0.3, first=5000))
    assert found.verdict == "no data"
    assert found.left_out[0].reason == "measured on other source images than the others"
    assert "measured on the same images and conditions" in found.reason


def test_settings_that_differ_make_two_classifiers_not_two_seeds(make: MakeRun) -> None:
    vit = make("vit", 0.6, name="vit_small_patch16_224")
    runs = [make("cnn", 0.3, seed=seed) for seed in (1, 2)]
    assert [c.seeds for c in ask(vit, *runs).contrasts] == [(1, 2)]
    config = runs[1].provenance["config"] | {"train": {"augment": "none"}}
    runs[1] = replace(runs[1], provenance=runs[1].provenance | {"config": config})
    assert [c.seeds for c in ask(vit, *runs).contrasts] == [(1, 1), (1, 1)]


def test_what_is_not_on_record_is_not_equal(make: MakeRun) -> None:
    same = replace(FAMILY, equal=("image_size",))
    sides = [("vit", 0.6, "vit_small_patch16_224"), ("cnn", 0.3, "resnet50")]
    for size, verdict in ((64, "supported"), (None, "no data")):
        runs = [make(model, right, name=name, size=size) for model, right, name in sides]
        assert ask(*runs, about=same).verdict == verdict


def test_pretraining_must_be_equal_and_who_has_no_partner_is_named(make: MakeRun) -> None:
    vit21 = make("vit21", 0.9, name="vit_small_patch16_224", tag="augreg_in21k_ft_in1k")
    cnn1 = make("cnn1", 0.3, tag="a1_in1k")
    found = ask(vit21, cnn1)
    assert found.verdict == "no data"
    assert {one.what for one in found.left_out} == {"vit21", "cnn1"}
    assert "ImageNet-21k + ImageNet-1k" in found.left_out[0].reason
    # With the fair pair there is an answer, and the other is still named.
    found = ask(vit21, cnn1, make("vit1", 0.7, name="vit_small_patch16_224", tag="augreg_in1k"))
    assert [(c.more, c.less) for c in found.contrasts] == [("vit1", "cnn1")]
    assert [one.what for one in found.left_out] == ["vit21"]


def test_pairs_that_disagree_decide_nothing(make: MakeRun) -> None:
    runs = [
        make("vit", 1.2, name="vit_small_patch16_224"),
        make("cnn", 0.0),
        make("vit1", 0.0, name="vit_small_patch16_224", tag="augreg_in1k"),
        make("cnn1", 0.5, tag="a1_in1k"),
    ]
    found = ask(*runs)
    assert found.effect is not None and found.effect.excludes_zero and found.effect.value > 0
    assert found.verdict == "not decided"
    assert "vit1 − cnn1" in found.reason


@pytest.mark.parametrize(
    "other", [{"source": "official"}, {"conditions": SOME[:3]}, {"first": 5000}, {"n": 300}]
)
def test_what_was_measured_on_something_else_is_left_out(make: MakeRun, other: dict[str, Any]) -> None:
    vit = make("vit", 0.6, name="vit_small_patch16_224")
    same = make("cnn", 0.3)
    found = ask(vit, same, make("other", 0.1, name="resnet18", **other))
    assert [one.what for one in found.left_out] == ["other"]
    assert [(c.more, c.less) for c in found.contrasts] == [("vit", "cnn")]


def test_seeds_are_trainings_of_one_model_and_widen_the_interval(make: MakeRun) -> None:
    vits = [
        make("vit", 0.5 + d, name="vit_small_patch16_224", seed=s) for s, d in enumerate((0.0, 0.15, 0.3))
    ]
    cnns = [make("cnn", 0.3 + d, seed=s) for s, d in enumerate((0.0, 0.15, 0.3))]
    one, three = ask(vits[1], cnns[1]), ask(*vits, *cnns)
    assert three.contrasts[0].seeds == (3, 3)
    assert one.effect is not None and three.effect is not None and three.p is not None
    assert three.effect.half_width > one.effect.half_width
    assert three.effect.excludes_zero == (three.p < 0.05)


def test_p_is_corrected_for_the_family(make: MakeRun) -> None:
    runs = [make("vit", 0.48, name="vit_small_patch16_224"), make("cnn", 0.3)]
    alone = ask(*runs)
    many = hypotheses.answer(runs, [FAMILY] * 4)
    assert alone.p_holm == alone.p == many[0].p
    assert many[0].p_holm == pytest.approx(min(1, 4 * (alone.p or 0)))


def test_the_shipped_ones_are_read_and_have_no_data_in_nothing() -> None:
    shipped = {one.name: one for one in hypotheses.load()}
    assert set(shipped) >= {
        "transformers",
        "pretraining",
        "finetuning",
        "finetuning_weakest",
        "backgrounds",
    }
    assert {a.verdict for a in hypotheses.answer([], list(shipped.values()))} == {"no data"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("claim: x\nmeasure: {of: corruption}\nmoer: {family: cnn}", "unknown key 'moer'.*'more'"),
        ("claim: x\nmeasure: {of: corruption}\nmore: {famly: cnn}", "unknown fact 'famly'.*'family'"),
        ("claim: x\nmeasure: {of: corruptoin}\nmore: {family: cnn}", "'corruptoin'.*'corruption'"),
        ("claim: x\nmeasure: {of: corruption, metric: top2}\nmore: {family: cnn}", "unknown metric 'top2'"),
        ("claim: x\nmore: {family: cnn}", "lacks 'measure'"),
        ("claim: [", "is damaged .*line 2"),
        ("- 1", "no KEY: VALUE lines"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=said):
        hypotheses.read(file)
