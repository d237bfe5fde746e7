"""``python -m tests.faults NAME …``: one part of the harness in full. A part is a module beside this with ``main``."""

from __future__ import annotations

import pkgutil
import re
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def parts() -> list[str]:
    """The modules beside this that define ``main(words)``; none is imported."""
    return [
        module.name
        for module in pkgutil.iter_modules([str(HERE)])
        if not module.name.startswith(("test_", "_"))
        and re.search(r"^def main\(words", (HERE / f"{module.name}.py").read_text("utf-8"), re.MULTILINE)
    ]


def main(words: list[str]) -> int:
    if words[:1] == ["all"]:
        return max(import_module(f"tests.faults.{name}").main(words[1:]) for name in parts())
    if not words or words[0] not in parts():
        print(f"python -m tests.faults {{{','.join(parts())}}} …", file=sys.stderr)
        return 2
    code: int = import_module(f"tests.faults.{words[0]}").main(words[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
