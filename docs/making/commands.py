"""Plain blocks of commands are shown as such: they wrap, where a table or a tree of files must not."""

from __future__ import annotations

import re
from typing import Any

_COMMANDS = re.compile(
    r"^```\n(?=(?:python|pip|bash|withstand|ruff|mypy|mv|git|\.ci/|[A-Z_]+=)\b)", re.MULTILINE
)


def _read(app: Any, docname: str, source: list[str]) -> None:
    source[0] = _COMMANDS.sub("```bash\n", source[0])


def setup(app: Any) -> dict[str, bool]:
    app.connect("source-read", _read, priority=600)
    return {"parallel_read_safe": True}
