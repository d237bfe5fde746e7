"""A leaderboard in words and tables: who may be first, a row for each model, a column for each shift."""

from __future__ import annotations

from collections.abc import Mapping

from withstand.analysis.leaderboard import COSTS, Leaderboard, Placed
from withstand.report.table import Column, Row, Table, Value
from withstand.report.wording import between, listed, several, spaced
from withstand.results.conditions import CLEAN
from withstand.results.metrics import find
from withstand.statistics import Estimate

NAMED = 4
"""Of models that may be first, so many are named."""
_FIELDS: Mapping[str, tuple[str, str]] = {
    "parameters": ("parameters, M", ".2f"),
    "macs": ("MACs, G", ".2f"),
    "rate": ("images/s", ",.0f"),
}


def headline(board: Leaderboard) -> str:
    """Who is first, or may be."""
    first = [one.name for one in board.placed if one.low == 1]
    count = len(board.placed)
    if count == 1:
        return f"{first[0]} alone, on {board.dataset}"
    where = f"of {count} on {board.dataset}"
    if len(first) == 1:
        return f"{first[0]} is first {where}"
    if len(first) == count:
        return f"{'Either' if count == 2 else 'Any'} of the {count} may be first on {board.dataset}"
    return (
        f"{listed(first)} may be first {where}"
        if len(first) <= NAMED
        else f"{len(first)} may be first {where}"
    )


def under(board: Leaderboard) -> str:
    """What is ranked by, in words."""
    metric = find(board.metric).title
    if board.by == CLEAN.shift:
        return f"{metric} on clean images"
    conditions = len(board.compared.shown[board.by].conditions)
    if conditions == 1:
        return f"{metric} under {spaced(board.by)}"
    return f"mean {metric} over {conditions} conditions of {spaced(board.by)}"


def sentences(board: Leaderboard) -> list[str]:
    """What the ranks rest on, and what they do not say."""
    many, sure = len(board.placed), sum(one.low == one.high for one in board.placed)
    first = f"Ranked by {under(board)}, on the same {several(board.images, 'image')}, paired image by image."
    if many == 1:
        return [first]
    known = (
        "Every rank is certain"
        if sure == many
        else f"{sure} of {many} ranks are certain, and the others lie within"
    )
    within = "" if sure == many else " their intervals"
    return [
        first,
        f"{known}{within}: all at once with {100 * board.level:g}% confidence, for images of this kind.",
    ]


def line(board: Leaderboard) -> str:
    """The board in one line, for a log."""
    best = board.placed[0]
    mean = best.means[board.by].times(100)
    many = f"{len(board.placed)} model{'s' if len(board.placed) > 1 else ''}"
    return f"leaderboard of {many}: {headline(board)}; {best.name} {mean.value:.1f}% ({between(mean)})"


def columns_of(board: Leaderboard) -> list[str]:
    """The shifts that have a column: the one that is ranked by, clean, and the others."""
    shown = [*board.compared.shown]
    return sorted(shown, key=lambda shift: (shift != board.by, shift != CLEAN.shift))


def table(board: Leaderboard) -> Table:
    """A row for each model, best first; a column for each shift."""
    shifts = columns_of(board)
    known = [key for key in _FIELDS if any(_field(one, key) is not None for one in board.placed)]
    fronts = [cost for cost in COSTS if any(cost in one.front for one in board.placed)]
    beyond = any(one.effective for one in board.placed)
    rows = [Row(_values(one, shifts)) for one in board.placed]
    columns = [
        Column("model", "model"),
        Column("rank", "rank", ".0f"),
        *(Column(shift, f"{spaced(shift)}, %", ".1f") for shift in shifts),
        *([Column("effective", "effective robustness, points", "+.1f")] if beyond else []),
        *(Column(key, *_FIELDS[key]) for key in known),
        *(Column(f"front_{cost}", f"front by {COSTS[cost]}") for cost in fronts),
    ]
    notes = [
        "Of a rank: the places that it may have, all at once with 95%; of a share: its own 95% interval."
    ]
    if beyond:
        notes.append(
            "Effective robustness: accuracy under the shift beyond what the clean accuracy predicts, by the line"
            " through all other models on logit axes."
        )
    if fronts:
        notes.append(
            "Front: no other that costs no more has a higher mean (on it); one has, but is not surely ahead (within"
            " error); one is surely ahead (beaten)."
        )
    if "rate" in known:
        notes.append(
            "Images a second are as measured when each was evaluated; only those of one device compare."
        )
    title = f"{under(board)[:1].upper()}{under(board)[1:]}"
    return Table("leaderboard", title, columns, rows, notes)


def _values(one: Placed, shifts: list[str]) -> dict[str, Value]:
    values: dict[str, Value] = {"model": one.name, "rank": Estimate(one.rank, one.low, one.high, 0)}
    values |= {shift: one.means[shift].times(100) if shift in one.means else None for shift in shifts}
    values["effective"] = one.effective.times(100) if one.effective else None
    values |= {key: _field(one, key) for key in _FIELDS}
    return values | {f"front_{cost}": one.front.get(cost) for cost in COSTS}


def _field(one: Placed, key: str) -> float | None:
    value = getattr(one.about, key)
    return None if value is None else value / {"parameters": 1e6, "macs": 1e9}.get(key, 1)


def variants(board: Leaderboard) -> Table | None:
    """A column for each variant of the shift that is ranked by, mean over its severities; None where there is one."""
    conditions = tuple(board.compared.shown[board.by].conditions)
    names = list(dict.fromkeys(one.variant for one in conditions))
    if len(names) < 2:
        return None
    rows = []
    for one in board.placed:
        part = board.compared.parts[one.name][board.by]
        shares = dict(zip(part.conditions, part.right, strict=True))
        values: dict[str, Value] = {"model": one.name}
        for name in names:
            found = [shares[each] for each in conditions if each.variant == name]
            values[name] = 100 * sum(found) / (len(found) * board.images)
        rows.append(Row(values))
    columns = [Column("model", "model"), *(Column(name, spaced(name), ".1f") for name in names)]
    return Table(
        "variants", f"Each variant of {spaced(board.by)}, mean over its severities, %", columns, rows
    )


def conditions(board: Leaderboard) -> Table:
    """A row for each model and condition of every shift."""
    rows = [
        Row(
            {
                "model": one.name,
                "shift": each.shift,
                "variant": each.variant,
                "severity": each.severity,
                "value": 100 * right / len(part.counts),
                "images": len(part.counts),
            }
        )
        for one in board.placed
        for part in board.compared.parts[one.name].values()
        for each, right in zip(part.conditions, part.right, strict=True)
    ]
    plain = ("model", "shift", "variant", "severity")
    columns = [
        *(Column(key, key) for key in plain),
        Column("value", board.metric, ".2f"),
        Column("images", "images", ",d"),
    ]
    return Table("conditions", "Every condition", columns, rows)
