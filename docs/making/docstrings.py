"""Docstrings of properties: Napoleon would take the words before their first colon for a type."""

from __future__ import annotations

from typing import Any


def _kept(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    if what == "property":
        lines[:0] = ["..", ""]


def setup(app: Any) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _kept, priority=100)
    return {"parallel_read_safe": True}
