"""Every sentence of a verdict and of a finding over many random comparisons, read back and held against the arrays.

``WITHSTAND_COMPARISONS`` says how many comparisons, and half as many claims, are drawn.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.report import drawn
from tests.report.recompute import about_needed, p_of_zero
from tests.report.sentences import FINDING, HEADLINES, Said, names, read, read_all, shown

from withstand.analysis.comparison import Comparison
from withstand.analysis.hypotheses.answer import _judged, _measured
from withstand.report.sections.hypotheses import finding
from withstand.report.verdict import verdict
from withstand.statistics import holm

MANY = int(os.environ.get("WITHSTAND_COMPARISONS", "500"))
PARTS = 10
Array = np.ndarray[Any, Any]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_sentence_of_a_verdict_is_carried_by_its_numbers(part: int) -> None:
    for seed in range(part, MANY, PARTS):
        together = drawn.comparison(seed)
        made = verdict(together)
        try:
            check(together, made.headline, made.sentences)
        except (AssertionError, KeyError, ValueError) as error:
            text = "\n".join((made.headline, *made.sentences))
            raise AssertionError(f"comparison {seed}: {error}\n{text}") from error


def check(together: Comparison, headline: str, sentences: tuple[str, ...]) -> None:
    first, said = read(headline, HEADLINES), read_all(sentences)
    kinds = [one.kind for one in said]
    group = "corrupted" if together.conditions else "clean"
    for one in said:
        CHECKS[one.kind](together, group, one)
    assert kinds[0] == "mean" and kinds.count("mean") == 1
    model = said[0]["model"]
    assert first.kind == "circle" or first["model"] == model
    leads = [one for one in said if one.kind in ("above", "level", "ahead")]
    open_ = [one for one in leads if one.kind != "ahead"]
    hidden = sum(int(one.words["count"] or 1) for one in said if one.kind == "rest")
    assert all(model in (one["model"], one["other"]) for one in leads)
    assert len({frozenset((one["model"], one["other"])) for one in leads}) == len(leads)
    if first.kind == "best":
        assert not open_ and len(leads) + hidden == len(together.names) - 1
        assert all(one["model"] == model for one in leads)
    elif first.kind in ("tied", "many"):
        others = {one["other"] if one["model"] == model else one["model"] for one in open_}
        if (count := first["others"].removesuffix(" others")).isdigit():
            assert 3 < int(count) < len(together.names) and len(others) == 3
        else:
            assert set(names(first["others"])) == others
    elif first.kind == "alone":
        assert len(together.names) == 1 and not leads
    if first.kind in ("best", "alone"):
        assert first["value"] == said[0]["value"] and first["where"] == said[0]["where"]


def check_mean(together: Comparison, group: str, one: Said) -> None:
    values = together.values(one["model"], group)
    interval(one, 100 * over_conditions(values))
    assert one.number("low") >= 0 and one.number("high") <= 100
    assert one["where"] == ("under corruption" if together.conditions else "on clean images")
    assert int(one["images"]) == (~np.isnan(values)).any(axis=1).sum()
    assert (one.words["sample"] is not None) == (one["model"] in together.sampled)
    assert int(one.words["conditions"] or 0) == len(together.conditions)


def check_lead(together: Comparison, group: str, one: Said) -> None:
    difference = both(together, group, one)
    value, pairs = over_conditions(difference), len(together.names) * (len(together.names) - 1) // 2
    interval(one, 100 * value)
    if one.kind == "level":
        assert abs(value) < 1e-12
        return
    assert value > 0 and one.number("value") > 0 and not one["value"].startswith(("+", "−"))
    assert (one.number("low") > 0) == (one.kind == "ahead")
    if not np.isnan(difference).any():
        each = difference.mean(axis=1)
        p = p_of_zero(each)
        if one.words.get("needed"):
            check_needed(one.number("needed"), each, pairs)
        assert p < 0.051 if one.kind == "ahead" else p > 0.049 / pairs


def check_needed(said: float, each: Array, family: int) -> None:
    """Between what one test takes and what one of so many does, by the normal distribution.

    One image more of the lowest value possible costs what Clopper and Pearson's rule for rare errors does.
    """
    assert len(each) > 1
    assert said >= 0.85 * about_needed(each, 0.025)
    rare = 1.5 * np.log(family / 0.025) / abs(each.mean())
    assert said <= 1.6 * about_needed(each, 0.025 / family) + rare + 50


def check_clean(together: Comparison, group: str, one: Said) -> None:
    assert group == "corrupted"
    check_lead(together, "clean", Said("ahead", one.words))


def check_steadier(together: Comparison, group: str, one: Said) -> None:
    corrupted, clean = both(together, group, one), both(together, "clean", one)
    rows = ~np.isnan(corrupted).all(axis=1)
    value = -(over_conditions(clean[rows]) - over_conditions(corrupted))
    interval(one, 100 * value)
    assert value > 0 and one.number("low") > 0


def check_worst(together: Comparison, group: str, one: Said) -> None:
    variant = one["variant"].replace("JPEG", "jpeg").replace(" ", "_")
    found = {
        name: {v: over_conditions(together.values(name, v)) for v in {c.variant for c in together.conditions}}
        for name in together.names
    }
    assert all(
        means[variant] < min(mean for v, mean in means.items() if v != variant) - 1e-12
        for means in found.values()
    )
    interval(one, 100 * found[one.words["model"] or together.names[0]][variant])


def check_rest(together: Comparison, group: str, one: Said) -> None:
    assert one.words["count"] is None or int(one["count"]) > 1


def check_nothing(together: Comparison, group: str, one: Said) -> None:
    assert not together.conditions


CHECKS = {
    **dict.fromkeys(("above", "level", "ahead"), check_lead),
    "mean": check_mean,
    "clean": check_clean,
    "steadier": check_steadier,
    "worst": check_worst,
    "rest": check_rest,
    "nothing": check_nothing,
}


def interval(one: Said, value: float) -> None:
    """The value is that one, and lies in its interval; no end is shown as zero that is not."""
    assert shown(one["value"], value), f"{one['value']} for {value}"
    assert one.number("low") - 0.051 <= value <= one.number("high") + 0.051
    assert "nan" not in str(one.words)


def both(together: Comparison, group: str, one: Said) -> Array:
    """Of each image that both saw under a condition: the first's answer less the second's."""
    return together.values(one["model"], group) - together.values(one["other"], group)


def over_conditions(values: Array) -> float:
    """The mean over conditions of each condition's mean over the images seen there."""
    return float(np.nanmean(values, axis=0).mean())


@pytest.mark.parametrize("part", range(PARTS))
def test_every_sentence_of_a_finding_is_carried_by_its_numbers(part: int) -> None:
    for seed in range(part, MANY // 2, PARTS):
        hypothesis, pairs, known = drawn.claim(seed)
        others = np.random.default_rng(seed).random(seed % 4)  # p-values of the claims tested beside it
        one = _measured(hypothesis, pairs, ())
        one = _judged(replace(one, p_holm=float(holm([one.p, *others])[0])), 1 + len(others))
        made = finding(one, 1 + len(others))
        try:
            check_finding(made.verdict, made.sentences, pairs, known, 1 + len(others))
            assert made.scope == about(pairs)
        except (AssertionError, KeyError, ValueError) as error:
            text = "\n".join((made.verdict, *made.sentences))
            raise AssertionError(f"claim {seed}: {error}\n{text}") from error


def check_finding(said: str, sentences: Any, pairs: Any, known: Any, claims: int) -> None:
    found = {one.kind: one for one in read_all(sentences, FINDING)}
    effect = found["effect"]
    corrupted = {name: values.mean(axis=1) for name, (values, _) in known.items()}
    value, p = difference(corrupted, pairs), float(effect.words["p"] or 0)
    interval(effect, 100 * value)
    assert int(effect["images"]) == len(next(iter(corrupted.values())))
    assert int(effect.words["claims"] or 1) == claims
    assert effect.number("low") >= -100 and effect.number("high") <= 100
    if said == "not decided":
        assert "disagree" in found or p >= 0.0499
        assert ("chance" in found) != ("disagree" in found)
        several = [min(len(side) for side in sides) for sides in zip(*pairs, strict=True) if all(sides)]
        if "chance" in found and found["chance"].words["needed"]:
            assert min(several) == 1, "over seeds, images alone do not decide"
    else:
        assert (said, value > 0) in (("supported", True), ("refuted", False)) and p <= 0.0501
        assert effect.number("low") > 0 if value > 0 else effect.number("high") < 0
    if len(pairs) == 1:
        sides = [f"{len(s)} seeds of {s[0].name}" if len(s) > 1 else s[0].name for s in pairs[0] if s]
        assert effect["who"] == " − ".join(sides)
    if "beside" in found:
        clean = {name: values.astype(float) for name, (_, values) in known.items()}
        lost = {name: clean[name] - corrupted[name] for name in clean}
        interval(found["beside"], 100 * difference(clean, pairs))
        assert shown(found["beside"]["drop"], 100 * difference(lost, pairs))
        differ = found["beside"].number("low") > 0 or found["beside"].number("high") < 0
        assert (found["beside"].words["cause"] is not None) == differ


def difference(values: dict[str, Array], pairs: Any) -> float:
    """Mean over pairs of a model's mean over seeds less the other's; as many seeds of each model of a side."""
    few = [min((len(pair[side]) for pair in pairs), default=0) for side in (0, 1)]
    many = (
        min(len({pair[side][0].name for pair in pairs if pair[side]}) for side in (0, 1) if pairs[0][side])
        >= 5
    )

    def mean(side: int, group: Any) -> float:
        return (
            float(np.mean([values[one.name].mean() for one in (group if many else group[: few[side]])]))
            if group
            else 0
        )

    return float(np.mean([mean(0, a) - mean(1, b) for a, b in pairs]))


def about(pairs: Any) -> str:
    """What an answer is about, in words."""
    models = [{pair[side][0].name for pair in pairs if pair[side]} for side in (0, 1)]
    counts = [len(side) for side in models if side]
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    if min(counts) >= 5:
        return f"models of these kinds, by {' and '.join(map(str, counts))} of them"
    seeds = [min(len(pair[side]) for pair in pairs) for side in (0, 1) if pairs[0][side]]
    if min(seeds) > 1:
        over = " and ".join(map(str, dict.fromkeys(seeds)))
        return (
            "this model" if sum(counts) == 1 else f"these {words[sum(counts)]} models"
        ) + f", over {over} seeds"
    trainings = {one.name for pair in pairs for side in pair for one in side}
    count = len(trainings)
    return (
        "this training" if count == 1 else f"these {words[count] if count < len(words) else count} trainings"
    )
