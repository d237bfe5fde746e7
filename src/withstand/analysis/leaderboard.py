"""Many models on the same images: ranks with intervals, effective robustness, and who is worth what it costs.

>>> board = withstand.leaderboard("checkpoints", "theirs.json")
>>> board.frame()                          # a row for each model, best first
>>> board.save("ours.json")                # what another group can merge
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.beyond import effective_robustness
from withstand.analysis.comparable import Compared, compared
from withstand.base.errors import UserError, nearest
from withstand.results import board_file
from withstand.results.conditions import CLEAN
from withstand.results.entries import About, Candidate, Part, every_shift, of_run
from withstand.results.marks import COUNTED
from withstand.results.reading import load_run, load_runs
from withstand.results.run import Run
from withstand.results.runs import LeftOut
from withstand.statistics import LEVEL, Estimate, mean_interval
from withstand.statistics.ranks import ranks, surely_ahead

if TYPE_CHECKING:
    import pandas as pd

COSTS = {"parameters": "parameters", "macs": "MACs", "seconds": "time for an image"}
"""Cost → what people call it; less is better."""
FRONT, LEVEL_WITH, BEATEN = "on it", "within error", "beaten"


@dataclass(frozen=True)
class Placed:
    """A model and its place.

    Attributes:
        rank: by its mean, 1 the best; equals share one. It lies between ``low`` and ``high``, all ranks at once.
        means: by shift, ``clean`` among them.
        effective: accuracy under the shift beyond what the clean accuracy predicts, by the line through all others.
        front: by cost: ``on it`` where none that costs no more has a higher mean; ``beaten`` where one such is surely
            ahead; else ``within error``. Without an entry where the cost is not known.
    """

    name: str
    about: About
    rank: int
    low: int
    high: int
    means: Mapping[str, Estimate]
    effective: Estimate | None
    front: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """Models by their mean under ``by``, the best first; what does not compare is in ``left_out``, with the reason.

    Attributes:
        ahead: M×M, in the order of ``placed``: whether the one of the row is surely ahead of that of the column.
    """

    dataset: str
    metric: str
    by: str
    placed: tuple[Placed, ...]
    ahead: NDArray[np.bool_]
    compared: Compared
    level: float = LEVEL

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        return self.compared.left_out

    @property
    def images(self) -> int:
        return self.compared.shown[self.by].n

    def part(self, name: str, shift: str) -> Part | None:
        return self.compared.parts[name].get(shift)

    def frame(self) -> pd.DataFrame:
        """A row for each model, the best first; shares, not percent."""
        import pandas as pd

        rows = []
        for one in self.placed:
            means: dict[str, Any] = {}
            for shift, mean in one.means.items():
                means |= {shift: mean.value, f"{shift}_low": mean.low, f"{shift}_high": mean.high}
            effective = one.effective
            rows.append(
                {"model": one.name, "rank": one.rank, "rank_low": one.low, "rank_high": one.high}
                | means
                | {"effective_robustness": effective.value if effective else np.nan}
                | {cost: cost_of(one.about, cost) for cost in COSTS}
                | {f"front_{cost}": one.front.get(cost) for cost in COSTS}
            )
        return pd.DataFrame(rows)

    def save(self, path: str | Path) -> Path:
        """Write all that merging and ranking anew takes."""
        by_name = {one.name: one for one in self.placed}
        ranking = [
            {
                "name": name,
                "rank": one.rank,
                "low": one.low,
                "high": one.high,
                "mean": one.means[self.by].value,
            }
            for name, one in by_name.items()
        ]
        kept = self.compared
        board_file.write(
            Path(path),
            self.dataset,
            self.metric,
            kept.shown,
            {name: (one.about, kept.parts[name]) for name, one in by_name.items()},
            {
                "by": self.by,
                "level": self.level,
                "ranking": ranking,
                "left_out": [{"what": one.what, "reason": one.reason} for one in self.left_out],
            },
        )
        return Path(path)

    def __repr__(self) -> str:
        shown = self.frame()[["rank", "rank_low", "rank_high", "model", self.by]]
        title = f"leaderboard of {len(self.placed)} models on {self.dataset}, by {self.by}"
        return f"{title}\n{shown.to_string(index=False)}"


def leaderboard(
    *sources: Any, by: str | None = None, dataset: str | None = None, metric: str = "top1"
) -> Leaderboard:
    """Rank models by their mean under a shift, image by image on what all of them saw.

    Args:
        sources: each a `Run` or what ``withstand.evaluate`` gave, the folder of a run, a folder of runs, the JSON of
            another leaderboard, or a sequence of these.
        by: the shift, or ``clean``; by default the one that most were evaluated under.
        dataset: by default the one that most are on.
        metric: ``top1`` or ``top5``.

    Raises:
        UserError: nothing is there to rank, or a source is none.
    """
    if metric not in COUNTED:
        raise UserError(f"leaderboard: metric={metric} is not counted by image; {nearest(metric, COUNTED)}")
    return rank(*gathered(sources, metric), by, dataset, metric)


def rank(
    candidates: Sequence[Candidate],
    unread: Sequence[LeftOut],
    by: str | None,
    dataset: str | None,
    metric: str,
) -> Leaderboard:
    """The leaderboard of candidates; what is said of ``leaderboard`` holds.

    Args:
        unread: what could not be read as one.
    """
    if not candidates:
        why = f": {unread[0].what}: {unread[0].reason}" if unread else ""
        raise UserError(f"there is no finished run to rank{why}; give folders of runs, or a leaderboard.json")
    datasets = [one.about.dataset for one in candidates]
    dataset = dataset or max(dict.fromkeys(datasets), key=datasets.count)
    known = sorted({*every_shift(candidates)})
    if by is not None and by not in known:
        raise UserError(f"none of the runs was evaluated under '{by}'; {nearest(by, known)}")
    by, kept = compared(candidates, dataset, metric, by)
    kept = Compared(kept.candidates, kept.parts, kept.shown, (*unread, *kept.left_out))
    if not kept.parts:
        first = f": {kept.left_out[0].what}: {kept.left_out[0].reason}" if kept.left_out else ""
        raise UserError(f"nothing on {dataset} can be ranked{first}; give other runs, or another dataset")
    return _ranked(dataset, metric, by, kept)


def gathered(sources: Iterable[Any], metric: str) -> tuple[list[Candidate], list[LeftOut]]:
    """All that the sources hold, and what cannot be read of it."""
    found: list[Candidate] = []
    unread: list[LeftOut] = []
    for one in sources:
        if isinstance(one, (str, Path)):
            more, bad = _at(Path(one), metric)
        elif isinstance(run := getattr(one, "run", one), Run):
            more, bad = _of([run], metric)
        elif isinstance(one, Iterable):
            more, bad = gathered(one, metric)
            bad += list(getattr(one, "left_out", ()))
        else:
            raise UserError(f"{one!r} is no run, no folder of runs and no leaderboard's JSON")
        found, unread = found + more, unread + bad
    return found, unread


def _at(place: Path, metric: str) -> tuple[list[Candidate], list[LeftOut]]:
    if place.is_file():
        return board_file.read(place), []
    if (place / "summary.json").is_file():
        return _of([load_run(place)], metric)
    runs = load_runs(place)
    found, bad = _of(runs, metric)
    return found, [*runs.left_out, *bad]


def _of(runs: Sequence[Run], metric: str) -> tuple[list[Candidate], list[LeftOut]]:
    found, bad = [], []
    for run in runs:
        try:
            found.append(of_run(run, metric))
        except UserError as error:
            bad.append(LeftOut(run.folder.name, str(error)))
    return found, bad


def _ranked(dataset: str, metric: str, by: str, kept: Compared) -> Leaderboard:
    order = sorted(kept.parts, key=lambda name: -kept.parts[name][by].counts.sum(dtype=np.int64))
    counts = np.stack([kept.parts[name][by].counts for name in order])
    of = len(kept.shown[by].conditions)
    ahead = surely_ahead(counts, of)
    low, high = ranks(ahead)
    totals = counts.sum(axis=1, dtype=np.int64)
    effective = _effective(order, kept, by)
    abouts = [kept.candidates[name].about for name in order]
    fronts = {
        cost: _front([cost_of(one, cost) for one in abouts], _alike(abouts, cost), totals, ahead)
        for cost in COSTS
    }
    placed = tuple(
        Placed(
            name,
            abouts[place],
            1 + int((totals > totals[place]).sum()),
            int(low[place]),
            int(high[place]),
            {shift: _mean(part) for shift, part in kept.parts[name].items()},
            effective.get(name),
            {cost: said[place] for cost, said in fronts.items() if said[place]},
        )
        for place, name in enumerate(order)
    )
    return Leaderboard(dataset, metric, by, placed, ahead, kept)


def _mean(part: Part) -> Estimate:
    return mean_interval(part.counts / len(part.conditions)).within(0, 1)


def _effective(order: Sequence[str], kept: Compared, by: str) -> dict[str, Estimate]:
    """Of the models that have clean predictions of the same images; none where fewer than two have."""
    clean, shift = kept.shown.get(CLEAN.shift), kept.shown[by]
    names = [name for name in order if CLEAN.shift in kept.parts[name]]
    if by == CLEAN.shift or clean is None or clean.images != shift.images or len(names) < 2:
        return {}
    of = len(shift.conditions)
    both = [np.stack([kept.parts[name][one].counts for name in names]) for one in (CLEAN.shift, by)]
    return dict(zip(names, effective_robustness(both[0].astype(float), both[1] / of), strict=True))


def cost_of(about: About, cost: str) -> float | None:
    """A cost of a model; None where its record does not say."""
    if cost == "seconds":
        return 1 / about.rate if about.rate else None
    value: int | None = getattr(about, cost)
    return value


def _alike(abouts: Sequence[About], cost: str) -> list[Any]:
    """What must be equal for two costs to compare: of time, the device and the arithmetic that it was measured in."""
    return [(one.device, one.precision) if cost == "seconds" else None for one in abouts]


def _front(
    costs: Sequence[float | None], alike: Sequence[Any], totals: NDArray[np.int64], ahead: NDArray[np.bool_]
) -> list[str]:
    """Where each model stands to the front of one cost; empty where its cost is not known."""
    value = np.array([np.nan if one is None else one for one in costs])
    found = []
    for place, own in enumerate(value):
        with np.errstate(invalid="ignore"):
            rivals = (value <= own) & np.array([one == alike[place] for one in alike])
        better = rivals & ((totals > totals[place]) | ((totals == totals[place]) & (value < own)))
        beaten = (rivals & ahead[:, place]).any()
        found.append("" if np.isnan(own) else BEATEN if beaten else LEVEL_WITH if better.any() else FRONT)
    return found
