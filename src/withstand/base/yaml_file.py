"""YAML files that people write: read as plain data, within bounds that keep a few lines from growing without end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from withstand.base import files

_LOADER = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # the same, in a tenth of the time, where there is a compiler's
_BYTES = 1 << 20
_DEPTH = 40
_VALUES = 100_000
"""Values in a file, those that an alias repeats counted each time: nine lines of aliases can stand for a billion."""


def read(path: Path, remedy: str) -> Any:
    """What a file holds.

    Raises:
        UserError: it cannot be read, is no YAML, or is out of bounds.
    """
    try:
        text = files.text(path, _BYTES)
        _check_depth(text)
        content = yaml.load(text, _LOADER)
        _count(content, {}, set())
    except (*files.BAD, yaml.YAMLError) as error:
        raise files.damaged(path, error, remedy) from error
    return content


def mapping(path: Path, remedy: str) -> dict[str, Any]:
    """The same of a file of KEY: VALUE lines; an empty one has none.

    Raises:
        UserError: it holds something else.
    """
    content = read(path, remedy) or {}
    if not isinstance(content, dict):
        raise files.damaged(path, "it holds no KEY: VALUE lines", remedy)
    if other := next((key for key in content if not isinstance(key, str)), None):
        raise files.damaged(path, f"its key {other!r} is no text", remedy)
    return content


def _check_depth(text: str) -> None:
    """Before anything is built, which would go as deep."""
    depth = 0
    for event in yaml.parse(text, _LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEPTH:
                raise ValueError("it is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _count(value: Any, known: dict[int, int], above: set[int]) -> int:
    """How many values there are, each alias's own counted where it stands."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) in above:
        raise ValueError("an alias stands within what it stands for")
    if id(value) not in known:
        above.add(id(value))
        parts = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_count(one, known, above) for one in parts)
        above.discard(id(value))
        if known[id(value)] > _VALUES:
            raise ValueError(f"its aliases stand for more than {_VALUES:,} values")
    return known[id(value)]
