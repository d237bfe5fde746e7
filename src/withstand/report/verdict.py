"""The verdict in words: each sentence is made from the estimates that it names, and claims no more than they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from withstand.analysis.backgrounds.reliance import Reliance, leaked
from withstand.analysis.comparison import Comparison
from withstand.analysis.hypotheses.effects import counted
from withstand.analysis.pairs import Pair
from withstand.report.wording import between, listed, number, points, rounded, several, spaced
from withstand.statistics import LEVEL, image_values, over_seeds

_NAMED = 3  # models that a sentence names


@dataclass(frozen=True)
class Verdict:
    """One headline, and the sentences that give its uncertainty and its basis."""

    headline: str
    sentences: tuple[str, ...]


def verdict(together: Comparison, backgrounds: Sequence[Reliance] = ()) -> Verdict:
    """The verdict on the model that holds up best; without a comparison, on the BG-gaps."""
    if not together.names and any("bg_gap" in one.gaps for one in backgrounds):
        return _gaps([one for one in backgrounds if "bg_gap" in one.gaps])
    if not together.names:
        return Verdict(
            "No predictions to compare", ("None of the runs has predictions; give their commands again.",)
        )
    if together.over_seeds.pairs:
        return _of_models(together)
    standing = together.standing
    # Samples of other images may put a model first that another is clearly ahead of.
    first = (standing.unbeaten or together.ranking)[0]
    group = "corrupted" if together.conditions else "clean"
    where = "under corruption" if together.conditions else "on clean images"
    mean = together.accuracy(first, group).times(100)
    basis = f"{'a sample, ' if first in together.sampled else ''}{several(mean.n, 'image')}"
    if together.conditions:
        basis += f" under {several(len(together.conditions), 'corrupted condition')}"
    level, behind = standing.level(first), standing.behind(first)
    right = number(mean.value)
    said = [f"{first} has {right}% accuracy {where} (95% interval {between(mean)}), on {basis}."]
    if not standing.pairs:
        headline = f"{first}: {right}% accuracy {where}"
    elif not standing.unbeaten:
        headline = "No clear winner: every model is behind another on the images that both saw"
    elif level:
        tied = [_other(pair, first) for pair in level]
        alike = listed(tied) if len(tied) <= _NAMED else f"{len(tied)} others"
        headline = (
            f"No clear winner: {first} and {alike} are within error"
            if len(tied) == 1
            else f"No clear winner: {first} is within error of {alike}"
        )
    else:
        trained = f"these {counted(len(together.names))} trainings"
        does = "holds up best" if together.conditions else "is the most accurate"
        headline = f"{first} {does} of {trained}: {right}% accuracy {where}"
    said += _leads(level, behind)
    if not together.conditions:
        return Verdict(headline, (*said, "No corrupted images were evaluated yet."))
    return Verdict(headline, tuple(said + _asides(together, first)))


def _of_models(together: Comparison) -> Verdict:
    """The same of models that were each trained several times: another training on other images is allowed for."""
    standing, group = together.over_seeds, "corrupted" if together.conditions else "clean"
    where = "under corruption" if together.conditions else "on clean images"
    first = standing.ranking[0]
    each = [image_values(together.values(name, group)) for name in together.models[first]]
    mean = over_seeds(np.stack(each)).within(0, 1).times(100)
    level, behind = standing.level(first), standing.behind(first)
    tied = [_other(pair, first) for pair in level]
    alike = listed(tied) if 0 < len(tied) <= _NAMED else f"{len(tied)} others"
    if level:
        headline = f"No clear winner over seeds: {first} is within error of {alike}"
    else:
        does = "holds up best" if together.conditions else "is the most accurate"
        headline = f"{first} {does}, over seeds: {mean.value:.1f}% accuracy {where}"
    seeds = listed([f"{len(names)} of {model}" for model, names in together.models.items()])
    said = (
        f"{first} has {mean.value:.1f}% accuracy {where} (95% interval {between(mean)}), on {len(together.ids):,}"
        f" images; trainings: {seeds}. The intervals allow for another training and other images."
    )
    return Verdict(headline, (said, *_leads(level, behind)))


def _leads(level: Sequence[Pair], behind: Sequence[Pair]) -> list[str]:
    """The first against those within error of it, then against those that it is ahead of."""
    said = []
    for pair in sorted(level, key=lambda pair: pair.difference.value)[:_NAMED]:
        one = pair.difference.times(100)
        said.append(
            f"{pair.better} is {points(one.value)} above {pair.other} ({between(one)}), which may be chance: the"
            f" interval includes zero.{_images(pair)}"
            if points(one.value) != "0.0 points"
            else f"{pair.better} and {pair.other} are level: the difference is 0.0 points ({between(one)})."
        )
    for pair in behind[:_NAMED]:
        one = pair.difference.times(100)
        said.append(f"{pair.better} is {points(one.value)} ahead of {pair.other} ({between(one)}).")
    rest = len(level[_NAMED:]) + len(behind[_NAMED:])
    if rest:
        those = "other comparison is" if rest == 1 else f"other {rest} comparisons are"
        said.append(f"The {those} in the table of pairs.")
    return said


def _images(pair: Pair) -> str:
    """What would decide it."""
    if pair.needed is None:
        return ""
    return f" To show a difference of that size would take about {rounded(pair.needed):,} images."


def _asides(together: Comparison, first: str) -> list[str]:
    """What the mean does not show: who is ahead on clean images, who loses least, and the worst corruption."""
    said = []
    others = [name for name in together.names if name != first]
    if together.clean and others:
        ahead = [p for p in together.clean_standing.pairs if p.other == first and p.ahead]
        if ahead:
            pair = max(ahead, key=lambda pair: pair.difference.value)
            one = pair.difference.times(100)
            said.append(
                f"On clean images {pair.better} is {points(one.value)} ahead of {first} ({between(one)})."
            )
        said += _steadier(together, first, others)
    variant = _worst_of_all(together)
    if variant:
        one = together.accuracy(first, variant).times(100)
        who = " of every model" if others else ""
        said.append(
            f"The worst corruption{who} on these images is {spaced(variant)}: {number(one.value)}% ({between(one)})"
            + (f" for {first}." if others else ".")
        )
    return said


def _worst_of_all(together: Comparison) -> str:
    """The corruption under which every model is least accurate; empty where models differ in it, or have none."""
    variants = dict.fromkeys(one.variant for one in together.conditions)
    lowest = set()
    for name in together.names:
        means = {variant: round(together.accuracy(name, variant).value, 12) for variant in variants}
        least = [variant for variant, mean in means.items() if mean == min(means.values())]
        lowest.add(least[0] if len(least) == 1 < len(means) else "")
    return lowest.pop() if len(lowest) == 1 else ""


def _steadier(together: Comparison, first: str, others: Sequence[str]) -> list[str]:
    """The model that loses least from clean to corrupted, if the interval shows that it loses less than the first."""
    level = 1 - (1 - LEVEL) / len(others)
    less = {name: together.drop_difference(first, name, level=level) for name in others}
    steadiest = max(others, key=lambda name: less[name].value)
    one = less[steadiest].times(100)
    if not one.above_zero:
        return []
    return [
        f"From clean to corrupted images {steadiest} loses {points(one.value)} less than {first} ({between(one)})."
    ]


def _gaps(found: Sequence[Reliance]) -> Verdict:
    """The smallest gap among the outcomes without a leak, or among all if every one leaks; then the others."""
    ordered = sorted(found, key=lambda one: (bool(leaked(one.record)), one.gaps["bg_gap"].value))
    first, gap = ordered[0], ordered[0].gaps["bg_gap"].times(100)
    called = f"{first.model} ({spaced(first.protocol)})"
    if gap.above_zero:
        headline = f"{called} loses {points(gap.value)} when the background is of a random class"
    else:
        headline = f"{called}: no clear reliance on the background’s class"
    right = first.accuracy["mixed_rand"].times(100)
    said = [
        f"Its accuracy on backgrounds of the object’s own class minus that on backgrounds of a random class is"
        f" {points(gap.value, signed=True)} (95% interval {between(gap)}), on {gap.n:,} foregrounds. On random"
        f" backgrounds, its accuracy is {right.value:.1f}% ({between(right)})."
    ]
    for one in ordered[1 : 1 + _NAMED]:
        other = one.gaps["bg_gap"].times(100)
        said.append(
            f"{one.model} ({spaced(one.protocol)}): {points(other.value, signed=True)} ({between(other)}), on"
            f" {other.n:,}."
        )
    return Verdict(headline, tuple(said))


def _other(pair: Pair, name: str) -> str:
    return pair.other if pair.better == name else pair.better
