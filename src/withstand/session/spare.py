"""What can be made again: checkpoints of finished trainings, marks, decoded images, measurements of this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from withstand.base.cache import cache_folder
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.results import kept, marks
from withstand.results.shelf import files, shelf

DECODED = ".decoded"


@dataclass(frozen=True)
class Spare:
    """A file or folder that can go, what is lost with it, and its bytes."""

    path: Path
    what: str
    size: int


def spare(config: Config) -> list[Spare]:
    """All of it, the largest first."""
    root = Path(config.paths.checkpoints)
    found = [*_checkpoints(root), *_made(root), *_decoded(Path(config.paths.data)), *_measured()]
    return sorted(found, key=lambda one: -one.size)


def remove(those: Iterable[Spare]) -> None:
    """Delete them.

    Raises:
        UserError: one cannot be.
    """
    for one in those:
        try:
            if one.path.is_dir():
                shutil.rmtree(one.path)
            else:
                one.path.unlink()
        except OSError as error:
            raise UserError(f"cannot remove {one.path}: {error.strerror}; remove it by hand") from error


def _checkpoints(root: Path) -> Iterator[Spare]:
    for run in shelf(root):
        if run.state in ("finished", "trained") and run.spare:
            yield Spare(
                run.folder / "checkpoint.pth",
                "to train on with more epochs; the best weights stay",
                run.spare,
            )


_MADE = {
    marks.FILE: "which images were right, for leaderboards; read from the predictions again when needed",
    kept.FILE: "every metric of every image, for reports; made of the predictions again when needed",
}


def _made(root: Path) -> Iterator[Spare]:
    for run in shelf(root):
        for place in sorted(run.folder.rglob(".*")):
            if place.name in _MADE and place.is_file():
                yield Spare(place, _MADE[place.name], place.stat().st_size)


def _decoded(data: Path) -> Iterator[Spare]:
    for folder in sorted(data.rglob(DECODED)) if data.is_dir() else ():
        if folder.is_dir() and not folder.is_symlink():
            yield Spare(
                folder,
                "decoded images; decoded again when needed",
                sum(f.stat().st_size for f in files(folder)),
            )


def _measured() -> Iterator[Spare]:
    folder = cache_folder()
    if folder.is_dir():
        yield Spare(folder, "what was measured of this machine; measured again", _bytes(folder))


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in files(folder))
