"""The page's script: our own, from a few files beside the templates, within the page and allowed by its digest."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

_FILES = ("view.js", "picks.js", "tables.js", "figures.js", "pictures.js", "start.js")


@dataclass(frozen=True)
class Script:
    """JavaScript that stands in a page, and its digest as a Content-Security-Policy writes it."""

    text: str
    digest: str


@cache
def read() -> Script:
    """The files one after the other, in a function of their own."""
    folder = resources.files("withstand.report").joinpath("templates")
    parts = [folder.joinpath(name).read_text(encoding="utf-8") for name in _FILES]
    text = '\n(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"
    return Script(text, f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}")
