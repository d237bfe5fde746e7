"""Figures as files of a report: drawn where they have changed since the last time, else taken as they lie there.

A figure is the same if the same function of the same code is given the same, or if its SVG is the same: what was last
drawn of what is kept beside the files, with their checksums. It may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from markupsafe import Markup

from withstand.base import atomic, code, files, json_file
from withstand.base.errors import UserError
from withstand.base.names import file_name
from withstand.report import canvas
from withstand.report.section import Drawing, Picture

FILE = ".drawn.json"


class Drawn(msgspec.Struct):
    """What the last figure of a name was drawn of, and checksums of its SVG and its PNG."""

    of: str
    svg: int
    png: int


class Written(NamedTuple):
    """A picture whose files are there: its SVG, and what it was drawn of."""

    name: str
    caption: str
    svg: str
    drawn: Drawn


def write(pictures: Sequence[Picture], folder: Path) -> dict[str, Markup]:
    """Every picture as PNG and SVG; gives, by name, the SVG that stands in a page."""
    known = record(folder)
    return shown([draw(picture, folder, known) for picture in pictures], folder)


def record(folder: Path) -> dict[str, Drawn]:
    """What is on record of the figures in a folder."""
    return json_file.kept(folder / FILE, dict[str, Drawn]) or {}


def draw(picture: Picture, folder: Path, record: Mapping[str, Drawn]) -> Written:
    """Have the SVG and the PNG of a picture in the folder."""
    place = folder / file_name(picture.name)
    svg, png = (place.with_name(f"{place.name}.{kind}") for kind in ("svg", "png"))
    figure, known, of = picture.figure, record.get(place.name), ""
    there = None if known is None else _intact(png, known.png)
    if isinstance(figure, Drawing):
        of = _digest(figure.function.__module__, place.name, figure.given)
        old = None if known is None or there is None or known.of != of else _intact(svg, known.svg)
        if known is not None and old is not None:
            return Written(picture.name, picture.caption, old.decode("utf-8", "surrogateescape"), known)
    figure = picture.drawn()
    drawn = canvas.svg(figure, place.name)
    of = of or _digest(__name__, place.name, drawn.encode("utf-8", "surrogateescape"))
    atomic.write_text(svg, drawn)
    if known is None or there is None or known.of != of:
        canvas.save_png(figure, png)
    return Written(picture.name, picture.caption, drawn, Drawn(of, _sum(svg), _sum(png)))


def shown(written: Sequence[Written], folder: Path) -> dict[str, Markup]:
    """Record all figures of a folder; gives, by name, the SVG that stands in a page."""
    of = {file_name(one.name): msgspec.to_builtins(one.drawn) for one in written}
    with contextlib.suppress(UserError):
        json_file.write(folder / FILE, of)
    # Safe: drawn here, its words escaped.
    return {one.name: Markup(canvas.inlined(one.svg, one.caption)) for one in written}


def _digest(module: str, *given: str | bytes) -> str:
    """Of what a figure is drawn of, and by which code."""
    packages = sorted({__name__.partition(".")[0], module.partition(".")[0]})
    by = [code.digest(one, "matplotlib", "numpy") for one in packages]
    return hashlib.sha256(repr((by, given)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _sum(place: Path) -> int:
    """A checksum of a file; of one that cannot be read, one of nothing, so that it is drawn again."""
    try:
        return zlib.crc32(files.content(place))
    except files.BAD:
        return 0


def _intact(place: Path, checksum: int) -> bytes | None:
    """What a file holds, as long as that is what was written."""
    try:
        found = files.content(place)
    except files.BAD:
        return None
    return found if zlib.crc32(found) == checksum else None
