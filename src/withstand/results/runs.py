"""Several runs: what to call each, which shifts any of them saw, and what could not be read as one.

>>> runs = withstand.load_runs("checkpoints")
>>> runs.frame()                           # a row for each run and condition
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from withstand.base.beside import shared
from withstand.base.names import shown
from withstand.results.metrics import METRICS
from withstand.results.run import LONGEST, Run, as_frame

if TYPE_CHECKING:
    import pandas as pd  # takes a fifth of a second, and a report needs no frame


@dataclass(frozen=True)
class LeftOut:
    """Something that a comparison or a report does not use, and why."""

    what: str
    reason: str


def in_short(left_out: Sequence[LeftOut], most: int = 3) -> str:
    """The first few with their reasons, and how many more there are."""
    said = [f"{one.what}: {one.reason}" for one in left_out[:most]]
    return " | ".join([*said, *([f"and {len(left_out) - most} more"] if len(left_out) > most else [])])


class Runs(list[Run]):
    """The runs of a folder, and what could not be read as one."""

    def __init__(self, runs: Iterable[Run], left_out: Iterable[LeftOut] = ()) -> None:
        super().__init__(runs)
        self.left_out = tuple(left_out)

    def rows(self) -> list[dict[str, Any]]:
        """Every run's rows, each with ``run`` first: what to call it."""
        return [
            {"run": name, **row} for name, run in zip(names(self), self, strict=True) for row in run.rows()
        ]

    def frame(self) -> pd.DataFrame:
        """Every run's frame, one under the other, with a first column ``run``: what to call it."""
        return as_frame(self.rows())


def work_out(runs: Sequence[Run]) -> None:
    """Have every metric of several runs at hand: what is not kept is made on all cores."""
    lacking = [run for run in runs if run.columns.lacks(run.conditions, list(METRICS))]
    if len(lacking) > 1:
        shared([run.work_out for run in lacking])
    for run in lacking:  # what the copy made is kept in the folder, or made here
        run.work_out()


def of_kind(runs: Iterable[Run], kind: str) -> tuple[str, ...]:
    """The shifts of a kind (``about["kind"]``) that any of the runs was evaluated under, in order."""
    return tuple(
        dict.fromkeys(shift for run in runs for shift in run.shifts if run.about(shift).get("kind") == kind)
    )


def of_kind_aside(runs: Iterable[Run], kind: str) -> tuple[str, ...]:
    """The same of shifts whose images ask for no accuracy (``Run.aside``)."""
    return tuple(
        dict.fromkeys(name for run in runs for name in run.aside if run.about(name).get("kind") == kind)
    )


def names(runs: Sequence[Run]) -> tuple[str, ...]:
    """What to call each run, no two alike: its model, else its folder, else that with the one it is in; or a number."""
    called = [run.model for run in runs]
    for parts in (1, 2):
        many = Counter(called)
        called = [
            one if many[one] == 1 else shown("/".join(run.folder.parts[-parts:]), LONGEST)
            for one, run in zip(called, runs, strict=True)
        ]
    before: Counter[str] = Counter()
    for place, one in enumerate(called):
        before[one] += 1
        called[place] = one if before[one] == 1 else f"{one} ({before[one]})"
    return tuple(called)
