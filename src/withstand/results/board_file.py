"""A leaderboard as a file that another group can merge: what was shown once, and for each model its counts.

Counts are base64 of zlib of little-endian numbers: 10,000 images under 95 conditions take some 8 kB a model.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from withstand import __version__
from withstand.base import files, json_file
from withstand.base.names import shown as as_shown
from withstand.results.conditions import Condition
from withstand.results.entries import About, Candidate, Offer, Part, Shown
from withstand.results.records import Count, Name, Positive, Severity

KIND, VERSION = "withstand leaderboard", 1
_REMEDY = "ask for the file again, or leave it out"
_MOST = 1 << 31  # counts in all, so that a small file cannot ask for all memory
_IMAGES = 1 << 26


class ConditionSaid(Struct):
    variant: Name
    severity: Severity | None
    settings: str


class ShownSaid(Struct):
    shift: Name
    images: Name
    labels: Name
    n: Annotated[int, Meta(ge=1, le=_IMAGES)]
    conditions: Annotated[list[ConditionSaid], Meta(min_length=1, max_length=65_535)]
    pixels: str = ""
    sources: str = ""


class EntrySaid(Struct):
    """A model; ``counts`` and ``right`` by shift."""

    name: Name
    model: Name
    counts: dict[str, str]
    right: dict[str, str]
    family: str = ""
    corpus: str = ""
    parameters: Count | None = None
    macs: Count | None = None
    image_size: Count | None = None
    rate: Positive | None = None
    device: str = ""
    precision: str = ""
    weights: str = ""
    made: str = ""


class BoardSaid(Struct):
    kind: str
    version: int
    dataset: Name
    metric: Name
    shifts: list[ShownSaid]
    entries: list[EntrySaid]


def write(
    path: Path,
    dataset: str,
    metric: str,
    shown: Mapping[str, Shown],
    entries: Mapping[str, tuple[About, Mapping[str, Part]]],
    more: Mapping[str, Any],
) -> None:
    """Write a board, atomically.

    Args:
        entries: by name.
        more: what else is said, for people and programs that look no further.
    """
    content = {
        "kind": KIND,
        "version": VERSION,
        "withstand": __version__,
        "dataset": dataset,
        "metric": metric,
        **more,
        "shifts": [_shown(one) for one in shown.values()],
        "entries": [_entry(name, about, parts) for name, (about, parts) in entries.items()],
    }
    json_file.write(path, content)


def read(path: Path) -> list[Candidate]:
    """The models of a board.

    Raises:
        UserError: it is none, or damaged.
    """
    said = json_file.read(path, BoardSaid, _REMEDY)
    if said.kind != KIND or said.version != VERSION:
        reason = f"it is a {as_shown(said.kind)} of version {said.version}, not a {KIND} of version {VERSION}"
        raise files.damaged(path, reason, "give a leaderboard.json of this version of withstand")
    shifts = {one.shift: one for one in said.shifts}
    try:
        if sum(one.n for one in said.shifts) * len(said.entries) > _MOST:
            raise ValueError("it has more images and models than are read")
        return [_candidate(one, said, shifts, as_shown(path.stem)) for one in said.entries]
    except (ValueError, LookupError, binascii.Error, zlib.error) as error:
        raise files.damaged(path, error, _REMEDY) from error


def _shown(one: Shown) -> dict[str, Any]:
    kept = {name: getattr(one, name) for name in ("shift", "images", "labels", "n", "pixels", "sources")}
    conditions = [
        {"variant": condition.variant, "severity": condition.severity, "settings": settings}
        for condition, settings in one.conditions.items()
    ]
    return kept | {"conditions": conditions}


def _entry(name: str, about: About, parts: Mapping[str, Part]) -> dict[str, Any]:
    said = {key: value for key, value in vars(about).items() if key not in ("dataset", "where")}
    return {
        "name": name,
        **said,
        "counts": {shift: _packed(part.counts, "<u2") for shift, part in parts.items()},
        "right": {shift: _packed(np.array(part.right), "<u4") for shift, part in parts.items()},
    }


def _candidate(one: EntrySaid, said: BoardSaid, shifts: Mapping[str, ShownSaid], where: str) -> Candidate:
    about = About(
        as_shown(one.model),
        as_shown(said.dataset),
        where,
        as_shown(one.family),
        as_shown(one.corpus),
        *(one.parameters, one.macs, one.image_size, one.rate),
        *(as_shown(text) for text in (one.device, one.precision, one.weights, one.made)),
    )
    offers = {}
    for shift, text in one.counts.items():
        of = shifts[shift]
        conditions = {Condition(shift, c.variant, c.severity): c.settings for c in of.conditions}
        if len(conditions) < len(of.conditions):
            raise ValueError(f"it has a condition of {shift} twice")
        counts = _unpacked(text, "<u2", of.n).astype(np.uint16)
        right = _unpacked(one.right[shift], "<u4", len(conditions))
        if (
            counts.max() > len(conditions)
            or right.max() > of.n
            or int(counts.sum(dtype=np.int64)) != int(right.sum(dtype=np.int64))
        ):
            raise ValueError(f"the counts of {as_shown(one.name)} under {shift} contradict each other")
        part = Part(tuple(conditions), counts, tuple(right.tolist()))
        shown = Shown(shift, of.images, of.labels, of.n, of.pixels, of.sources, conditions)
        offers[shift] = Offer(shown, _only(part), whole=True)
    return Candidate(about, offers, metric=said.metric)


def _only(part: Part) -> Any:
    """Gives the part in another order of its conditions, none less."""

    def take(conditions: Sequence[Condition]) -> Part:
        right = dict(zip(part.conditions, part.right, strict=True))
        return Part(tuple(conditions), part.counts, tuple(right[one] for one in conditions))

    return take


def _packed(numbers: NDArray[Any], kind: str) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(numbers, kind).tobytes(), 9)).decode("ascii")


def _unpacked(text: str, kind: str, count: int) -> NDArray[Any]:
    """``count`` numbers.

    Raises:
        ValueError: there are more, or fewer.
    """
    size = count * np.dtype(kind).itemsize
    opened = zlib.decompressobj()
    content = opened.decompress(base64.b64decode(text, validate=True), size + 1)
    if len(content) != size or not opened.eof:
        raise ValueError(f"it holds other than {count:,} numbers where so many belong")
    return np.frombuffer(content, kind)
