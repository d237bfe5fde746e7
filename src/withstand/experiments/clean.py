"""Remove what can be made again, after asking."""

from __future__ import annotations

import sys

from withstand.base.console import say
from withstand.config.schema import Config
from withstand.report.wording import bytes_of
from withstand.session import spare

USES = ("clean",)


def run(config: Config, overrides: list[str]) -> int:
    found = spare.spare(config)
    if not found:
        say("nothing to remove: there is nothing that could be made again")
        return 0
    for one in found:
        say(f"  {bytes_of(one.size):>9}  {one.path}: {one.what}")
    total = bytes_of(sum(one.size for one in found))
    if config.clean.ask and not _agreed(total):
        say("nothing was removed; clean.ask=false removes without asking")
        return 0
    spare.remove(found)
    say(f"removed, {total}")
    return 0


def _agreed(total: str) -> bool:
    """Asked of a person; nobody there is a no."""
    if not sys.stdin.isatty():
        return False
    return input(f"remove all of it, {total}? [y/N] ").strip().lower() in ("y", "yes")
