"""Links that leave docs/: what is a page has its page, a file is carried along, a folder is named.

On GitHub the same links lead into the repository.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
WHOLE = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}
"""Pages that are documents of the root, as they stand there."""

_LINK = re.compile(r"(?P<shown>!?\[[^\]]*\])\((?P<place>[^()\s:#]+)(?P<part>#[^()\s]*)?\)")
_FENCE = re.compile(r"(^```.*?^```\s*$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


def rewritten(text: str, folder: Path) -> str:
    """The text of a document that stands in ``folder``, with links for a page of ``docs/`` at the same depth."""
    parts = _FENCE.split(text)  # what is quoted is left alone
    whole = [
        part if at % 2 else _LINK.sub(lambda found: _link(found, folder), part)
        for at, part in enumerate(parts)
    ]
    return "".join(whole)


def _link(found: re.Match[str], folder: Path) -> str:
    shown, part = found["shown"], found["part"] or ""
    place = Path(os.path.normpath(folder / found["place"]))
    for page, document in WHOLE.items():
        if place == ROOT / document:
            return f"{shown}({_to(DOCS / f'{page}.md', folder)}{part})"
    if place.is_dir() or (place.suffix == ".md" and not place.is_relative_to(DOCS)):
        return f"`{place.relative_to(ROOT).as_posix()}`"
    return f"{shown}({_to(place, folder)}{part})"


def _to(place: Path, folder: Path) -> str:
    """From the page; documents of the root have theirs in docs/."""
    return Path(os.path.relpath(place, DOCS if folder == ROOT else folder)).as_posix()


def _read(app: Any, docname: str, source: list[str]) -> None:
    if docname in WHOLE:
        document = ROOT / WHOLE[docname]
        app.env.note_dependency(str(document))
        source[0] = rewritten(document.read_text(encoding="utf-8"), ROOT)
    else:
        source[0] = rewritten(source[0], (DOCS / docname).parent)


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
