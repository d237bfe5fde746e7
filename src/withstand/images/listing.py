"""Which image files a folder holds, what else there is, and what a file is called on every machine."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

SUFFIXES = (
    *(".jpeg", ".jpg", ".jpe", ".jfif", ".png", ".apng", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".gif"),
    *(
        ".avif",
        ".jp2",
        ".j2k",
        ".jpf",
        ".jpx",
        ".j2c",
        ".jpc",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".tga",
        ".pcx",
    ),
    *(".psd", ".sgi", ".qoi", ".dds"),
)
"""What Pillow reads and pictures are kept in; neither icons nor drawings, nor what it needs other programs for."""
_LEFT_BY_SYSTEMS = ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found")


def name_of(path: str | os.PathLike[str]) -> str:
    """A path in words that are the same on every machine: with /, in UTF-8 whatever the locale, accents composed.

    One system writes é as one sign (NFC), another as e with an accent (NFD).
    """
    text = os.fsencode(path).decode("utf-8", "surrogateescape")
    return unicodedata.normalize("NFC", text.replace(os.sep, "/"))


def within_class(file: Path, folder: Path) -> str:
    """What a file in a folder of class folders, or of files alone, is called within its class, without its suffix."""
    first, _, rest = name_of(file.relative_to(folder).with_suffix("")).partition("/")
    return rest or first


def listed(folder: Path) -> list[Path]:
    """The images in a folder and in its subfolders, by path; hidden files and other kinds are passed over."""
    return [file for file in _all(folder) if file.suffix.lower() in SUFFIXES]


def is_image(file: Path) -> bool:
    """Whether a file is one that ``listed`` gives, by its name; a link to nothing is."""
    return file.suffix.lower() in SUFFIXES and not _passed(file.name) and not file.is_dir()


def others(folder: Path) -> Counter[str]:
    """What ``listed`` passes over, hidden files aside: how many files by suffix."""
    suffixes = [file.suffix.lower() for file in _all(folder)]
    return Counter(suffix or "without a suffix" for suffix in suffixes if suffix not in SUFFIXES)


def class_folders(place: Path) -> tuple[str, ...]:
    """The names of the class folders in a folder, sorted; hidden ones and what systems leave behind are passed over."""
    return tuple(sorted(f.name for f in place.iterdir() if f.is_dir() and not _passed(f.name)))


def in_words(passed: Counter[str]) -> str:
    """``3 .txt, 1 .heic``."""
    return ", ".join(f"{count:,} {suffix}" for suffix, count in passed.most_common())


def _passed(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_BY_SYSTEMS


def _all(folder: Path) -> list[Path]:
    """Every file under a folder, links to files and folders too, by path."""
    return sorted(_walked(folder, ()), key=lambda file: file.relative_to(folder).as_posix())


def _walked(folder: Path, above: tuple[str, ...]) -> Iterable[Path]:
    place = os.path.realpath(folder)
    # A link to a folder that it lies in: its own, or one that holds other classes, too.
    if any(Path(one).is_relative_to(place) for one in above):
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if _passed(entry.name):
                continue
            if entry.is_dir():
                yield from _walked(folder / entry.name, (*above, place))
            else:
                yield folder / entry.name
