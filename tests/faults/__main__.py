"""``python -m tests.faults NAME --seed N``: one kind of fault, or all of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def names() -> list[str]:
    """The modules here that have ``main(words)``."""
    folder = Path(__file__).parent
    return sorted(
        file.stem
        for file in folder.glob("[a-z]*.py")
        if "\ndef main(words" in file.read_text(encoding="utf-8")
    )


if __name__ == "__main__":
    asked, *words = sys.argv[1:] or ["all"]
    chosen = names() if asked == "all" else [asked]
    codes = [importlib.import_module(f"tests.faults.{name}").main(words) for name in chosen]
    raise SystemExit(max(codes))
