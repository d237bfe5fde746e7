"""JSON files: UTF-8, indented, written whole or not at all, and read as what they must be or refused in one line.

Whatever is wrong with a file (another type, no JSON, cut short, nested without end, too long, a folder in its place) is
said with its place in it; nothing past this module looks at a value whose type is not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from withstand.base import atomic, files

T = TypeVar("T")
Record = dict[str, Any]

MOST = 1 << 28
"""Bytes, at most: the longest that is written, of the sizes of a million photographs, has a tenth."""
AGAIN = "delete it and give the run's command again"

_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a group of keys",
}
_EXPECTED = re.compile(r"Expected `(?P<wanted>[^`]+)`(?:, got `(?P<got>[^`]+)`)?(?P<rest>.*)", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<key>[^`]+)`")
_PLACE = re.compile(r" - at `(?P<place>[^`]+)`$")


def read(path: Path, kind: type[T], remedy: str = AGAIN) -> T:
    """What a file holds.

    Raises:
        UserError: it cannot be read, or is something else.
    """
    try:
        return decoded(files.content(path, MOST), kind)
    except files.BAD as error:
        raise files.damaged(path, error, remedy) from error


def decoded(content: bytes, kind: type[T]) -> T:
    """What JSON text holds.

    Raises:
        ValueError: it is something else, in words.
    """
    try:
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError as error:
            if "surrogate" not in str(error):
                raise
            # Half a character, as of a file's name that is no UTF-8, written out by ``write``.
            return msgspec.convert(json.loads(content, parse_constant=_refuse), kind)
    except msgspec.MsgspecError as error:
        raise ValueError(_in_words(error)) from error


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number")


def kept(path: Path, kind: type[T]) -> T | None:
    """What a cache holds; None where there is nothing that can be used."""
    try:
        return decoded(files.content(path, MOST), kind)
    except files.BAD:
        return None


def record(path: Path, kind: Any = Record, remedy: str = AGAIN) -> Record:
    """What a run's record holds, with keys that ``kind`` does not know; empty where there is none.

    Raises:
        UserError: it is no such record.
    """
    if not path.exists() and not path.is_symlink():
        return {}
    found: Record = read(path, dict[str, Any], remedy)
    try:
        msgspec.convert(found, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        said = files.why(error) if isinstance(error, RecursionError) else _in_words(error)
        raise files.damaged(path, said, remedy) from error
    return found


def write(path: str | Path, content: Any) -> None:
    """Write ``content``, atomically; NaN and infinities are refused (ValueError)."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    # Half a character, as of a file's name that is no UTF-8, is written out.
    halves = re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)
    atomic.write_text(path, halves + "\n")


def update(path: Path, values: Mapping[str, Any], kind: Any = Record) -> None:
    """Add ``values`` to a record; what it holds in groups, such as times, is added to the groups."""
    merged = record(path, kind)
    for key, value in values.items():
        old = merged.get(key)
        merged[key] = old | value if isinstance(old, dict) and isinstance(value, dict) else value
    write(path, merged)


def _in_words(error: Exception) -> str:
    """What msgspec says, in plain words and with the place."""
    said = str(error)
    at = _PLACE.search(said)
    said = said[: at.start()] if at else said
    place = re.sub(r"^\.", "", at["place"].removeprefix("$").removeprefix("[...]")) if at else ""
    if missing := _MISSING.match(said):
        words = f"{missing['key']} is missing"
        return f"{words} in {place}" if place else words
    if expected := _EXPECTED.match(said):
        wanted = " or ".join(_WORDS.get(one.strip(), one.strip()) for one in expected["wanted"].split("|"))
        got = expected["got"]
        rest = f"{wanted}{expected['rest']}"
        words = f"{_WORDS.get(got, got)} where {rest} belongs" if got else f"{rest} belongs there"
        return f"{place}: {words}" if place else words
    return f"{place}: {said}" if place else said
