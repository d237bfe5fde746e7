"""The images that a backgrounds challenge is made from, and what says where the object is in each: a box or a mask."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from withstand.base import files
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.base.names import names_a_folder
from withstand.config.schema import MakeBackgroundsConfig
from withstand.images.listing import class_folders, in_words, listed, others

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class LocatedImage:
    """One image: its file, class, name in the set, and its box (left, top, right, bottom, in the file's pixels) or
    mask.
    """

    file: Path
    folder: str
    name: str
    box: Box | None
    mask: Path | None


def read(settings: MakeBackgroundsConfig) -> list[LocatedImage]:
    """Every image that the settings name, by class and name.

    Raises:
        UserError: a folder or table is missing or wrong, an image that the table names is not there, or two images of
            a class have one name.
    """
    root = Path(settings.images)
    if not settings.images or not settings.to:
        raise UserError(
            "say where the images are and where the set goes: make_backgrounds.images=… make_backgrounds.to=…"
        )
    if (settings.boxes is None) == (settings.masks is None):
        raise UserError(
            "say where the objects are: make_backgrounds.boxes=TABLE or make_backgrounds.masks=FOLDER"
        )
    if not root.is_dir():
        raise UserError(f"make_backgrounds.images={root} is not a folder")
    found = _boxed(root, Path(settings.boxes)) if settings.boxes else _masked(root, Path(str(settings.masks)))
    for source in found:
        if not (names_a_folder(source.folder) and names_a_folder(source.name)):
            raise UserError(
                f"{source.file}: its class {source.folder!r} or its name {source.name!r} cannot name a folder; give it"
                " another, of one line without /"
            )
    seen: dict[tuple[str, str], Path] = {}
    for source in found:
        first = seen.setdefault((source.folder, source.name), source.file)
        if first is not source.file:
            raise UserError(
                f"class '{source.folder}' has two images called {source.name}: {first} and {source.file}"
            )
        if "_bg_" in source.name:
            raise UserError(
                f"{source.file}: a name with '_bg_' cannot be told from a mixed picture's; rename it"
            )
    folders = _numbered(sorted({source.folder for source in found}))
    sources = sorted(found, key=lambda source: (source.folder, source.name))
    if settings.limit is not None:
        sources = [s for number, s in _within_class(sources) if number < settings.limit]
    return [LocatedImage(s.file, folders[s.folder], s.name, s.box, s.mask) for s in sources]


def _within_class(sources: Sequence[LocatedImage]) -> list[tuple[int, LocatedImage]]:
    """Each source with its number in its class; the sources are sorted by class."""
    numbered: list[tuple[int, LocatedImage]] = []
    for source in sources:
        first = not numbered or numbered[-1][1].folder != source.folder
        numbered.append((0 if first else numbered[-1][0] + 1, source))
    return numbered


def _numbered(names: list[str]) -> dict[str, str]:
    """Class folders as the release has them, ``00_dog``; names that are numbered already stay."""
    if all(name[:2].isdigit() and name[2:3] == "_" for name in names):
        return {name: name for name in names}
    return {name: f"{number:02d}_{name}" for number, name in enumerate(names)}


def _boxed(root: Path, table: Path) -> list[LocatedImage]:
    try:
        text = io.StringIO(files.text(table))
        rows = pd.read_csv(
            text, sep="\t" if table.suffix == ".tsv" else ",", dtype={"class": str, "file": str}
        )
        if rows.index.nlevels > 1 or not isinstance(rows.index, pd.RangeIndex):
            raise ValueError("its lines have more values than its header")
    except files.BAD as error:
        raise UserError(
            f"cannot read make_backgrounds.boxes={table} ({files.why(error)}); save it as a table in UTF-8"
        ) from error
    absent = [name for name in ("file", "x0", "y0", "x1", "y1") if name not in rows]
    if absent:
        raise UserError(
            f"{table} has no column {', '.join(absent)}; it has {', '.join(map(str, rows.columns))}"
        )
    corners = rows[["x0", "y0", "x1", "y1"]].apply(pd.to_numeric, errors="coerce")
    wrong = ~np.isfinite(corners.to_numpy(float)).all(axis=1)
    if wrong.any():
        raise UserError(f"{table}: line {int(wrong.argmax()) + 2} has a corner that is not a number; mend it")
    absent = rows[[name for name in ("file", "class") if name in rows]].isna().any(axis=1)
    if absent.any() or not len(rows):
        line = f", line {int(absent.argmax()) + 2}" if len(rows) else ""
        raise UserError(f"{table}{line} names no file or class; write one, or remove the line")
    named = rows["file"].astype(str)
    classes = rows["class"].astype(str) if "class" in rows else named.map(lambda file: Path(file).parts[0])
    found = [
        LocatedImage(root / file, folder, Path(file).stem, (x0, y0, x1, y1), None)
        for file, folder, (x0, y0, x1, y1) in zip(
            named, classes, corners.to_numpy(float).tolist(), strict=True
        )
    ]
    gone = [source.file for source in found if not source.file.is_file()]
    if gone:
        raise UserError(
            f"{len(gone):,} of {len(found):,} images that {table} names are not there, e.g. {gone[0]}"
        )
    return found


def _masked(root: Path, masks: Path) -> list[LocatedImage]:
    if not masks.is_dir():
        raise UserError(f"make_backgrounds.masks={masks} is not a folder")
    found = []
    passed: Counter[str] = Counter()
    for folder in class_folders(root):
        passed += others(root / folder)
        for file in listed(root / folder):
            mask = next(
                (m for s in (".npy", ".png") if (m := masks / folder / f"{file.stem}{s}").is_file()), None
            )
            found.append(LocatedImage(file, folder, file.stem, None, mask))
    if not found:
        raise UserError(f"{root} has no images in class folders")
    if passed:
        say(f"{root}: skipped {in_words(passed)}")
    if not any(source.mask for source in found):
        raise UserError(
            f"{masks} has no mask of any image; one is called {found[0].folder}/{found[0].name}.png or .npy"
        )
    return found
