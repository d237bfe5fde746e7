"""The commands and snippets of a page, in their order."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OURS = (["python", "main.py"], ["withstand"])


@dataclass(frozen=True)
class Block:
    """What stands between fences: ``bash`` and ``python`` are run, plain commands are only looked at."""

    language: str
    text: str

    @property
    def commands(self) -> list[list[str]]:
        """The words after `python main.py` of each line that is such a command."""
        found = []
        for line in self.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            found += [words[len(start) :] for start in _OURS if words[: len(start)] == start]
        return found


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in _FENCE.findall(page.read_text(encoding="utf-8"))]


def pages() -> list[Path]:
    """All but the decisions, which tell what was so once, and what is made from the root's documents."""
    return [
        page for page in sorted(DOCS.glob("*.md")) if page.name not in ("contributing.md", "changelog.md")
    ]
