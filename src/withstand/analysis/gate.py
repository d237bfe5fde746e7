"""May the new classifier take the old one's place? A test on the same images, part by part, and a verdict.

>>> found = withstand.gate(new, old, margin=1.0)
>>> found.verdict, found.exit_code
('passes', 0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from withstand.analysis import two
from withstand.analysis.comparison import Comparison
from withstand.analysis.groups import ALL
from withstand.base.errors import UserError, nearest
from withstand.config.known import GATE_PARTS, GATE_TESTS
from withstand.results.conditions import CLEAN
from withstand.results.metrics import find
from withstand.results.run import Run
from withstand.statistics import (
    Estimate,
    Pilot,
    greater_p,
    holm,
    mean_interval,
)

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["passes", "fails", "cannot tell"]

ALPHA = 0.05
EXIT = {"passes": 0, "fails": 1, "cannot tell": 3}


@dataclass(frozen=True)
class Part:
    """The two on one part of what they were evaluated on; shares.

    Attributes:
        name: ``clean``, a shift, a family, a variant or a group of images.
        difference: new less old, with the interval whose ends are the one-sided tests: level 1 − 2 alpha, uncorrected.
        p: of "what is asked does not hold", corrected over the parts (Holm), as ``p_against``, of "it holds", is.
        more: about how many images, those at hand among them, would settle it, were the difference to stay as it is;
            None where it is settled, or no number would.
    """

    name: str
    new: Estimate
    old: Estimate
    difference: Estimate
    margin: float
    p: float
    p_against: float
    verdict: Verdict
    more: int | None


@dataclass(frozen=True, eq=False)
class Gate:
    """A verdict on a new classifier by the side of an old one.

    Attributes:
        verdict: ``passes`` where every part does, ``fails`` where one does, else ``cannot tell``.
        sampled: whether either saw a random part of the shifted images only.
        clusters: what was drawn, where it was not images: the shift of groups that says so; else empty.
    """

    new: str
    old: str
    dataset: str
    test: str
    metric: str
    alpha: float
    parts: tuple[Part, ...]
    sampled: bool = False
    clusters: str = ""

    @property
    def verdict(self) -> Verdict:
        said = {part.verdict for part in self.parts}
        return "fails" if "fails" in said else "cannot tell" if "cannot tell" in said else "passes"

    @property
    def exit_code(self) -> int:
        """0 where it passes, 1 where it fails, 3 where these images do not say."""
        return EXIT[self.verdict]

    @property
    def more(self) -> int | None:
        """The images that would settle every part that is open; None where no number would, or nothing is open."""
        open_ = [part.more for part in self.parts if part.verdict == "cannot tell"]
        return None if not open_ or None in open_ else max(one for one in open_ if one is not None)

    def frame(self) -> pd.DataFrame:
        """A row for each part; shares, not percent."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "part": part.name,
                    "n": part.difference.n,
                    "new": part.new.value,
                    "old": part.old.value,
                    "difference": part.difference.value,
                    "low": part.difference.low,
                    "high": part.difference.high,
                    "margin": part.margin,
                    "p": part.p,
                    "p_against": part.p_against,
                    "verdict": part.verdict,
                    "images_needed": part.more,
                }
                for part in self.parts
            ]
        )

    def __repr__(self) -> str:
        shown = self.frame()[["part", "n", "difference", "low", "high", "margin", "verdict"]]
        return f"gate {self.verdict}: {self.new} in place of {self.old}\n{shown.to_string(index=False)}"


def gate(
    new: Any,
    old: Any,
    margin: float = 1.0,
    *,
    test: str = "non-inferiority",
    by: str = "shift",
    margins: Mapping[str, float] | None = None,
    metric: str = "top1",
    alpha: float = ALPHA,
    clusters: str | None = None,
) -> Gate:
    """Test whether ``new`` may take the place of ``old``, image by image on what both saw.

    Args:
        new: a `Run`, or what ``withstand.evaluate`` gave; ``old`` likewise.
        margin: points. Non-inferiority: new is at most this much worse. Superiority: it is better by more than this.
            Equivalence: neither is better by this much.
        by: the parts that must each hold: ``clean`` images and each ``shift`` (the mean over its conditions), each
            ``family`` of variants, each ``variant``, each ``group`` of images that a shift of groups names; ``all``
            conditions of the clean images together; ``clean`` ones alone.
        margins: of parts by name, in place of ``margin``.
        metric: a share, such as ``top1``.
        alpha: the chance of a wrong "passes", and of a wrong "fails", over all parts together.
        clusters: a shift of groups (``shift=groups``) in both runs whose groups are what is drawn, as patients are,
            and not the images, which are alike within one. Images that are in none of them are left out.

    Raises:
        UserError: the two did not see the same images, there is no such part, or a value is out of range.
    """
    check(test, by, margin, margins or {}, metric, alpha)
    new, old = two.told_apart(two.run_of(new), two.run_of(old))
    of: dict[int, str] = {}
    if clusters:
        new, old, of = two.within(new, old, clusters)
    named = [one for one in _parts(new, old, by) if one[0] != clusters]
    unknown = set(margins or {}) - {name for name, _, _ in named}
    if unknown:
        name = min(unknown)
        raise UserError(
            f"there is no part '{name}' with by={by}; {nearest(name, [one for one, _, _ in named])}"
        )
    wanted = [(margins or {}).get(name, margin) / 100 for name, _, _ in named]
    sign = 1 if find(metric).better == "higher" else -1
    values = [sign * two.drawn(*two.values(found, group, metric), of) for _, found, group in named]
    tested = decide(values, wanted, test, alpha)
    parts = tuple(
        Part(
            name=name,
            new=two.mean(found, found.names[0], group, metric, of),
            old=two.mean(found, found.names[1], group, metric, of),
            difference=mean_interval(sign * each, (-1, 1), 1 - 2 * alpha).within(-1, 1),
            margin=one,
            p=p,
            p_against=against,
            verdict=said,
            more=_enough(_pilot(each, found), one, test, alpha / len(named))
            if said == "cannot tell"
            else None,
        )
        for (name, found, group), each, one, (p, against, said) in zip(
            named, values, wanted, tested, strict=True
        )
    )
    sampled = bool(new.sampled or old.sampled)
    return Gate(new.model, old.model, new.dataset, test, metric, alpha, parts, sampled, clusters or "")


def decide(
    values: Sequence[NDArray[np.float64]], margins: Sequence[float], test: str, alpha: float = ALPHA
) -> list[tuple[float, float, Verdict]]:
    """For each part: p of "what is asked does not hold" and of "it holds", both after Holm, and the verdict.

    Args:
        values: of each part, float64 N: by how much the new one is better, for each image.
        margins: of each part, shares.
    """
    tested = [_p(each, one, test) for each, one in zip(values, margins, strict=True)]
    found: list[tuple[float, float, Verdict]] = []
    for p, against in zip(*(holm(column) for column in np.array(tested).T), strict=True):
        said: Verdict = "passes" if p <= alpha else "fails" if against <= alpha else "cannot tell"
        found.append((float(p), float(against), said))
    return found


def check(test: str, by: str, margin: float, margins: Mapping[str, float], metric: str, alpha: float) -> None:
    """Refuse what ``gate`` cannot be asked, before anything is evaluated."""
    for what, said, known in (("test", test, GATE_TESTS), ("by", by, GATE_PARTS)):
        if said not in known:
            raise UserError(f"gate: {what}={said} is not known; {nearest(said, known)}")
    least = 0 if test == "superiority" else 1e-9
    for name, points in {"margin": margin, **dict(margins)}.items():
        if not least <= points < 100:
            asked = "0 or more" if test == "superiority" else "above 0"
            raise UserError(f"gate: a margin ({name}) of {points:g} points; give one {asked} and below 100")
    if not 0 < alpha < 0.5:
        raise UserError(f"gate: alpha={alpha:g}; give one above 0 and below 0.5, such as 0.05")
    known_metric = find(metric)
    if not known_metric.share or known_metric.of_the_set:
        raise UserError(f"gate: metric={metric} is no share of images; take top1 or top5")


def _parts(new: Run, old: Run, by: str) -> list[tuple[str, Comparison, two.Conditions]]:
    """Name, the two side by side, and the conditions (a group's name, or themselves) of each part."""
    found: list[tuple[str, Comparison, two.Conditions]] = []
    if CLEAN in new.conditions and CLEAN in old.conditions:
        found.append((CLEAN.shift, two.both(new.under([CLEAN]), old.under([CLEAN]), "corruption"), "clean"))
    shifts = [one for one in new.shifts if one in old.shifts and one != CLEAN.shift]
    if by == "group":
        shifts = [one for one in shifts if new.about(one).get("kind") == "groups"]
    for shift in [] if by == "clean" else shifts:
        if by == "group":
            found += _groups(new, old, shift, [name for name, _, _ in found])
            continue
        together = two.both(new, old, shift)
        conditions = together.conditions
        if by == "all" and together.clean:
            found[:] = [one for one in found if one[0] != CLEAN.shift]
            found.append((f"clean and {shift}", together, (CLEAN, *conditions)))
        elif by in ("shift", "all"):
            found.append((shift, together, ALL))
        else:
            found += [(name, together, name) for name in _names(together, new, shift, by)]
    if not found:
        raise UserError(f"gate: {new.model} and {old.model} share nothing to compare by={by}; evaluate both")
    return found


def _groups(
    new: Run, old: Run, shift: str, taken: Sequence[str]
) -> list[tuple[str, Comparison, two.Conditions]]:
    """A part for each group of images that a shift of groups names."""
    of, here = two.members(new, old, shift), set(new.scores.ids.tolist())
    found: list[tuple[str, Comparison, two.Conditions]] = []
    for group in sorted(set(of.values())):
        ids = np.array(sorted(image for image in here if of.get(image) == group), np.int64)
        name = f"{shift}/{group}" if group in taken else group
        if len(ids):
            found.append((name, two.both(new.on(ids), old.on(ids), shift), ALL))
    return found


def _names(together: Comparison, run: Run, shift: str, by: str) -> list[str]:
    variants = list(dict.fromkeys(one.variant for one in together.conditions))
    if by == "variant":
        return variants
    families = run.families(shift)
    named = [name for name in together.groups if families is None or name in families]
    kept = [
        name
        for name in named
        if name not in (ALL, "clean", "benchmark", *variants) and "severity-" not in name
    ]
    return kept or variants


def _p(each: NDArray[np.float64], margin: float, test: str) -> tuple[float, float]:
    """P-values of "what is asked does not hold", and of "it holds"; ``each`` is higher where new is better."""
    if test == "superiority":
        return greater_p(each, margin), greater_p(-each, -margin)
    if test == "non-inferiority":
        return greater_p(each, -margin), greater_p(-each, margin)
    within = max(greater_p(each, -margin), greater_p(-each, -margin))
    return within, min(1.0, 2 * min(greater_p(each, margin), greater_p(-each, margin)))


def _pilot(each: NDArray[np.float64], together: Comparison) -> Pilot | None:
    """Of what was drawn: so many images each."""
    return Pilot.of(each, images=len(together.ids) / len(each)) if len(each) > 1 else None


def _enough(pilot: Pilot | None, margin: float, test: str, alpha: float) -> int | None:
    """The images that settle it at 80% power, whichever way the difference at hand points."""
    if pilot is None:
        return None
    if test == "equivalence":
        if abs(pilot.mean) < margin:
            return pilot.needed_within(pilot.mean, margin, alpha)
        return (pilot if pilot.mean > 0 else pilot.turned).needed(abs(pilot.mean) - margin, alpha / 2)
    distance = pilot.mean - (margin if test == "superiority" else -margin)
    return (pilot if distance > 0 else pilot.turned).needed(abs(distance), alpha)
