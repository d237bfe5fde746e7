"""JSON files: UTF-8, indented, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from withstand.base import atomic
from withstand.base.errors import UserError


def read(path: Path) -> Any:
    """What a file holds.

    Raises:
        OSError, ValueError: it cannot be read, or is no JSON.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def record(path: Path) -> dict[str, Any]:
    """What a run's record holds; empty where there is none.

    Raises:
        UserError: it is damaged.
    """
    if not path.is_file():
        return {}
    try:
        content = read(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); delete it and give the run's command again") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is not a JSON object; delete it and give the run's command again")
    return content


def write(path: str | Path, content: Any) -> None:
    """Write ``content``, atomically; NaN and infinities are refused (ValueError)."""
    atomic.write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def update(path: Path, values: Mapping[str, Any]) -> None:
    """Add ``values`` to a record; what it holds in groups, such as times, is added to the groups."""
    merged = record(path)
    for key, value in values.items():
        old = merged.get(key)
        merged[key] = old | value if isinstance(old, dict) and isinstance(value, dict) else value
    write(path, merged)
