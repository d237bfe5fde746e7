"""How many images would do: from a pilot's predictions on the same images, or from assumed rates.

>>> found = withstand.plan(new, old)
>>> found.needed(1.0)                      # {'clean': 6400, 'corruption': 3100}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from withstand.analysis.groups import ALL
from withstand.analysis.two import apart, drawn, run_of, told_apart, within
from withstand.base.errors import UserError
from withstand.results.conditions import CLEAN
from withstand.statistics import Pilot
from withstand.statistics.power import POWER

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
STEPS = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0)
"""Points that a table of needed images has a column for."""


@dataclass(frozen=True)
class Planned:
    """One part: how differences vary there, and how many images the pilot has (None where rates are assumed)."""

    pilot: Pilot
    images: int | None = None

    @property
    def difference(self) -> float | None:
        """The pilot's own, in points."""
        return None if self.images is None else 100 * self.pilot.mean


@dataclass(frozen=True, eq=False)
class Plan:
    """What a number of images can show of the difference of two classifiers.

    Attributes:
        parts: name → how differences vary there.
        alpha: of the two-sided test of "there is no difference".
        power: the chance with which a difference is to be shown.
    """

    new: str
    old: str
    dataset: str
    parts: Mapping[str, Planned]
    alpha: float = ALPHA
    power: float = POWER

    def needed(self, points: float) -> dict[str, int | None]:
        """Part → the images that show a difference of so many points; None: more than anybody has."""
        return {name: self.needed_in(part, points) for name, part in self.parts.items()}

    def needed_in(self, part: Planned, points: float) -> int | None:
        """The same for one part."""
        return part.pilot.needed(points / 100, self.alpha / 2, self.power)

    def detectable(self, images: int) -> dict[str, float]:
        """Part → the points that so many images show."""
        return {
            name: 100 * part.pilot.detectable(images, self.alpha / 2, self.power)
            for name, part in self.parts.items()
        }

    def chance(self, images: int, points: float) -> dict[str, float]:
        """Part → the power that so many images have for a difference of so many points."""
        return {
            name: part.pilot.power(images, points / 100, self.alpha / 2) for name, part in self.parts.items()
        }

    def frame(self) -> pd.DataFrame:
        """A row for each part and difference: points, images."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"part": part, "points": points, "images": needed}
                for points in STEPS
                for part, needed in self.needed(points).items()
            ]
        )

    def __repr__(self) -> str:
        wide = self.frame().pivot(index="part", columns="points", values="images")
        return f"images that show a difference of … points with {self.power:.0%} power\n{wide.to_string()}"


def plan(
    new: Any, old: Any, *, alpha: float = ALPHA, power: float = POWER, clusters: str | None = None
) -> Plan:
    """From a pilot: two runs on the same images.

    Args:
        new: a `Run`, or what ``withstand.evaluate`` gave; ``old`` likewise.
        alpha: of the two-sided test; ``power`` is the chance with which a difference is to be shown.
        clusters: a shift of groups (``shift=groups``) in both runs: images of one of its groups are alike, as those
            of one patient or camera are, and count together.

    Raises:
        UserError: the two share no images, or a value is out of range.
    """
    check(alpha, power)
    new, old = told_apart(run_of(new), run_of(old))
    of: dict[int, str] = {}
    if clusters:
        new, old, of = within(new, old, clusters)
    parts = {}
    for shift in dict.fromkeys((CLEAN.shift, *new.shifts)):
        if shift not in new.shifts or shift not in old.shifts or shift == clusters:
            continue
        ids, each = apart(new, old, shift, "clean" if shift == CLEAN.shift else ALL)
        values = drawn(ids, each, of)
        per = len(each) / len(values) if of else 1.0
        if len(values) > 1:
            parts[shift] = Planned(Pilot.of(values, images=per), len(each))
    if not parts:
        raise UserError(f"plan: {new.model} and {old.model} share too few images; evaluate both on more")
    return Plan(new.model, old.model, new.dataset, parts, alpha, power)


def assumed(
    disagreement: float,
    conditions: int = 1,
    alike: float = 1.0,
    alpha: float = ALPHA,
    power: float = POWER,
    dataset: str = "",
) -> Plan:
    """From rates, before there is anything to look at: see ``Pilot.assumed``."""
    check(alpha, power)
    try:
        pilot = Pilot.assumed(disagreement, conditions, alike)
    except ValueError as error:
        raise UserError(
            f"plan: disagreement={disagreement:g}, conditions={conditions}, alike={alike:g}: {error}"
        ) from error
    return Plan("new", "old", dataset, {"assumed": Planned(pilot)}, alpha, power)


def check(alpha: float, power: float) -> None:
    """Refuse values that no plan is made with."""
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise UserError(f"plan: {name}={value:g}; give one between 0 and 1")
