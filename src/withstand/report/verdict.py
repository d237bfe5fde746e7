"""The verdict in words: what the data says first, and only as loudly as it says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from withstand.backgrounds.results import Outcome, leaked
from withstand.comparison import Comparison, Pair
from withstand.report.words import between, listed, spaced


@dataclass(frozen=True)
class Verdict:
    """One headline, and the sentences that say how sure it is and what it rests on."""

    headline: str
    sentences: tuple[str, ...]


def verdict(together: Comparison, backgrounds: Sequence[Outcome] = ()) -> Verdict:
    """What the comparison says of the model that holds up best; without one, the narrowest BG-gap."""
    if not together.names and any("bg_gap" in one.gaps for one in backgrounds):
        return _least_gap([one for one in backgrounds if "bg_gap" in one.gaps])
    if not together.names:
        return Verdict(
            "No predictions to judge", ("None of the runs has predictions; give their commands again.",)
        )
    first = together.ranking[0]
    images = f"{len(together.ids):,} images"
    if not together.conditions:
        clean = together.accuracy(first, "clean").times(100)
        headline = f"{first} gets {clean.value:.1f}% of clean images right"
        return Verdict(
            headline, (f"95% interval {between(clean)}, on {images}. Nothing was shown corrupted yet.",)
        )
    basis = f"{images} under {len(together.conditions)} corrupted conditions"
    mean = together.accuracy(first, "corrupted").times(100)
    ahead = [pair for pair in together.pairs if pair.better == first]
    level = [pair for pair in ahead if not pair.corrupted.excludes_zero]
    if not ahead:
        headline = f"{first} gets {mean.value:.1f}% right under corruption"
        said = [f"95% interval {between(mean)}, on {basis}."]
    elif level:
        tied = [pair.other for pair in level]
        few = len(tied) < 3
        alike = listed([first, *tied]) if few else f"the best {len(tied) + 1} models"
        headline = f"This data does not tell {alike} apart"
        said = [] if few else [f"They are {listed([first, *tied])}."]
        said += [
            f"{first} gets {mean.value:.1f}% right under corruption ({between(mean)}), {_lead(ahead[0])},"
            f" on the same {basis}. That may be chance: the interval of the difference holds zero."
        ]
        clear = [pair.other for pair in ahead if pair not in level]
        said += [f"Both are ahead of {listed(clear)}."] if clear and len(tied) == 1 else []
    else:
        headline = f"{first} holds up best: {mean.value:.1f}% right under corruption"
        said = [f"95% interval {between(mean)}; {_lead(ahead[0])}, on the same {basis}."]
    return Verdict(headline, tuple(said + _asides(together)))


def _least_gap(found: Sequence[Outcome]) -> Verdict:
    """Of outcomes that do not leak, where there are any, the one that leans least on the background's class."""
    first = min(found, key=lambda one: (bool(leaked(one.record)), one.gaps["bg_gap"].value))
    gap, right = first.gaps["bg_gap"].times(100), first.accuracy["mixed_rand"].times(100)
    called = f"{first.model} ({spaced(first.protocol)})"
    headline = f"{called} loses {gap.value:.1f} points when the background is of a random class"
    least = " It is the narrowest gap of those here." if len(found) > 1 else ""
    return Verdict(
        headline,
        (
            f"95% interval {between(gap)}, on {gap.n:,} foregrounds, each on a background of its own class and of a"
            f" random one; {right.value:.1f}% ({between(right)}) are right on the random ones.{least}",
        ),
    )


def _asides(together: Comparison) -> list[str]:
    """What the mean alone does not tell."""
    said = []
    first = together.ranking[0]
    if together.clean and len(together.names) > 1:
        on_clean = max(together.names, key=lambda name: together.accuracy(name, "clean").value)
        if on_clean != first:
            accuracy = together.accuracy(on_clean, "clean").times(100)
            said.append(f"On clean images {on_clean} comes first, with {accuracy.value:.1f}%.")
        steadiest = min(together.names, key=lambda name: together.drop(name).value)
        if steadiest != first:
            drop = together.drop(steadiest).times(100)
            last = min(together.names, key=lambda name: together.accuracy(name, "clean").value)
            least = ", and has the least to lose" if steadiest == last else ""
            said.append(
                f"{steadiest} loses least from clean to corrupted, {drop.value:.1f} points ({between(drop)}){least}."
            )
    worst = {together.worst(name) for name in together.names}
    if len(worst) == 1:
        lead = "It loses" if len(together.names) == 1 else "Every model loses"
        said.append(f"{lead} most to {spaced(worst.pop())}.")
    return said


def _lead(pair: Pair) -> str:
    one = pair.corrupted.times(100)
    return f"{one.value:.1f} points more than {pair.other} ({between(one)})"
