"""Every two of several classifiers on the images that both saw: which is ahead, by how much, with which interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from withstand.results.conditions import Condition
from withstand.statistics import (
    LEVEL,
    Estimate,
    McNemar,
    Pilot,
    holm,
    image_values,
    mcnemar,
    mean_interval,
    mean_p,
    minus,
    over_seeds,
    seeds_p,
    seen,
    simultaneous_level,
)


class Together(Protocol):
    """What runs side by side must say of themselves; ``Comparison`` does."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def clean(self) -> bool: ...
    @property
    def groups(self) -> Mapping[str, tuple[Condition, ...]]: ...
    @property
    def sampled(self) -> tuple[str, ...]: ...
    @property
    def models(self) -> dict[str, tuple[str, ...]]: ...
    def values(self, name: str, group: str) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class Pair:
    """Two runs on the same images: how far the one with the higher mean there is above the other, in shares.

    Attributes:
        difference: of the means, on the images that both saw; never negative, and above zero with its whole interval
            only where ``ahead``. The intervals of all pairs are simultaneous.
        clean: the two on the clean images; None where those were not evaluated.
        p: of "the means are equal"; where it is below 5%, the interval of this pair alone excludes zero.
        p_holm: the same, corrected for all pairs (Holm), and ``clean_p_holm`` that of the clean images.
        needed: of two within error, about how many images would show the difference at 80% power, were it to stay;
            None where it is shown, or none would.
    """

    better: str
    other: str
    difference: Estimate
    clean: McNemar | None
    p: float
    p_holm: float
    clean_p_holm: float | None
    needed: int | None = None

    @property
    def ahead(self) -> bool:
        """Whether the interval excludes zero: a clear winner."""
        return self.difference.above_zero


@dataclass(frozen=True)
class Standing:
    """Every two runs, and their order.

    Attributes:
        ranking: the names, the one with the highest mean paired difference from the others first.
        pairs: in the order of the ranking.
    """

    ranking: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @classmethod
    def of(cls, together: Together, group: str) -> Standing:
        """The standing of the runs of a comparison by their top-1 over a group of conditions."""
        names = together.names
        if len(names) < 2 or group not in together.groups:
            return cls(names, ())
        right = {name: _right(together.values(name, group)) for name in names}
        found = {}
        for one, other in combinations(names, 2):
            a, b = right[one], right[other]
            if a is None or b is None:
                found[one, other] = differences(together.values(one, group), together.values(other, group))
            else:  # whole numbers: the same, and each run is read once
                found[one, other] = (a - b) / len(together.groups[group])
        lead = dict.fromkeys(names, 0.0)
        for (one, other), each in found.items():
            lead[one] += float(each.mean())
            lead[other] -= float(each.mean())
        ranking = tuple(sorted(names, key=lambda name: -round(lead[name], 12)))
        ordered = {}
        for one, other in combinations(ranking, 2):
            each = found[one, other] if (one, other) in found else -found[other, one]
            ordered[(one, other) if each.mean() >= 0 else (other, one)] = each if each.mean() >= 0 else -each
        return cls(ranking, _judged(together, ordered))

    @classmethod
    def over_seeds(cls, together: Together, group: str) -> Standing:
        """That of models of which each was trained several times: their intervals are over seeds and images.

        Without pairs where a run stands alone, two models go by one name, or a run is a sample.
        """
        models = together.models
        whole = sum(map(len, models.values())) == len(together.names) and not together.sampled
        if len(models) < 2 or not whole or group not in together.groups:
            return cls(tuple(models), ())
        values = {
            model: np.stack([image_values(together.values(name, group)) for name in names])
            for model, names in models.items()
        }
        ranking = tuple(sorted(models, key=lambda model: -float(values[model].mean())))
        ordered = list(combinations(ranking, 2))
        level, p = 1 - (1 - LEVEL) / len(ordered), [seeds_p(values[a], values[b]) for a, b in ordered]
        return cls(
            ranking,
            tuple(
                Pair(
                    a,
                    b,
                    over_seeds(values[a], values[b], level=level).within(-1, 1),
                    None,
                    alone,
                    float(corrected),
                    None,
                )
                for (a, b), alone, corrected in zip(ordered, p, holm(p), strict=True)
            ),
        )

    def between(self, one: str, other: str) -> Pair | None:
        """The pair of the two, whichever is ahead."""
        return next((pair for pair in self.pairs if {pair.better, pair.other} == {one, other}), None)

    def behind(self, name: str) -> list[Pair]:
        """The pairs in which the named one is clearly ahead, the nearest first."""
        ahead = [pair for pair in self.pairs if pair.better == name and pair.ahead]
        return sorted(ahead, key=lambda pair: pair.difference.value)

    def level(self, name: str) -> list[Pair]:
        """The pairs in which the named one and the other are within error."""
        return [pair for pair in self.pairs if name in (pair.better, pair.other) and not pair.ahead]

    @property
    def unbeaten(self) -> tuple[str, ...]:
        """The names that no other is clearly ahead of, in the order of the ranking."""
        beaten = {pair.other for pair in self.pairs if pair.ahead}
        return tuple(name for name in self.ranking if name not in beaten)


def differences(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 n, the difference of two runs' N×C values for each image that both saw under a condition.

    The mean is the mean over conditions of the difference on the images that both saw there.
    """
    if np.isfinite(one).all() and np.isfinite(other).all():  # all was seen: the same, and sooner
        return np.asarray((one - other).mean(axis=1))
    both = minus(one, other)
    return image_values(both[seen(both)])


def _right(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """float64 n, under how many conditions each image was answered rightly; None where not all of it was seen."""
    return np.asarray(values.sum(axis=1)) if np.isfinite(values).all() else None


def _judged(together: Together, ordered: Mapping[tuple[str, str], NDArray[np.float64]]) -> tuple[Pair, ...]:
    # Pairs of a sample are of other images than those of whole runs: what moves together is not known.
    each = None if together.sampled else np.stack(list(ordered.values()), axis=1)
    level = 1 - (1 - LEVEL) / len(ordered) if each is None else simultaneous_level(each)
    p = [mean_p(each) for each in ordered.values()]
    clean = [_clean_test(together, *pair) for pair in ordered]
    tested = holm([one.p for one in clean if one is not None])
    corrected = iter(tested.tolist())
    intervals = [mean_interval(each, (-1, 1), level).within(-1, 1) for each in ordered.values()]
    return tuple(
        Pair(
            *pair,
            interval,
            on_clean,
            alone,
            float(together_),
            None if on_clean is None else next(corrected),
            None if interval.above_zero else _needed(each, (1 - level) / 2),
        )
        for (pair, each), interval, on_clean, alone, together_ in zip(
            ordered.items(), intervals, clean, p, holm(p), strict=True
        )
    )


def _needed(each: NDArray[np.float64], alpha: float) -> int | None:
    """The images that show a difference of the size that these have."""
    return Pilot.of(each).needed(float(each.mean()), alpha) if len(each) > 1 else None


def _clean_test(together: Together, better: str, other: str) -> McNemar | None:
    if not together.clean:
        return None
    first, second = (together.values(name, "clean")[:, 0] for name in (better, other))
    both = ~np.isnan(first + second)
    return mcnemar(first[both] > 0, second[both] > 0) if both.any() else None
