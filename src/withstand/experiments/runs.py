"""Which runs are there: finished or not, how large, how old."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.table import Table

from withstand.base.console import console, say
from withstand.config.schema import Config
from withstand.report.wording import ago, bytes_of
from withstand.results.shelf import shelf

USES = ()


def run(config: Config, overrides: list[str]) -> int:
    root = Path(config.paths.checkpoints)
    found = shelf(root)
    if not found:
        say(f"no runs in {root}; make one with `python main.py`, or give paths.checkpoints=FOLDER")
        return 0
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for heading in ("run", "state", "", "size", "changed"):
        shown.add_column(heading, justify="right" if heading == "size" else "left", overflow="fold")
    for one in found:
        shown.add_row(one.folder.name, one.state, one.note, bytes_of(one.size), ago(one.age))
    console.print(shown)
    spare = sum(one.spare for one in found if one.state == "finished")
    whole = sum(one.size for one in found)
    more = f"; `withstand clean` would free {bytes_of(spare)} of finished runs" if spare else ""
    say(f"{len(found)} in {root}, {bytes_of(whole)}{more}")
    return 0
