"""`python -m benchmarks.coverage`: measure every line, and keep the shares beside those of before.

A line that was measured with as many rounds is not measured again, so a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from benchmarks.coverage import __doc__ as about
from benchmarks.coverage import deciding, means, quotients, ranking, sets, standings, tests
from benchmarks.coverage.line import Lines
from benchmarks.frame import RESULTS
from withstand.base import json_file

BEFORE = RESULTS / "coverage.before.json"
"""What the bootstrap, Wilson's intervals and the sign flips gave for the same draws, measured once before they went."""


def lines() -> Lines:
    for part in (means, quotients, sets, tests, standings, deciding, ranking):
        yield from part.lines()


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=about.split("\n")[0])
    words.add_argument(
        "--rounds", type=int, help="of every line (default: 100 to 1,000, by what a round takes)"
    )
    words.add_argument("--only", default="", help="the lines whose name has this in it")
    words.add_argument("--out", type=Path, default=RESULTS / "coverage.json")
    words.add_argument(
        "--again", action="store_true", help="measure lines that were measured as often before, too"
    )
    told = words.parse_args()
    before = _read(BEFORE, {})
    known = {line["what"]: line for line in _read(told.out, [])}
    every = list(lines())
    for line in every:
        enough = known.get(line.what, {}).get("rounds", 0) >= (told.rounds or line.rounds)
        if told.only not in line.what or (enough and not told.again):
            continue
        started = time.perf_counter()
        found = line.measured(told.rounds)
        seconds = time.perf_counter() - started
        mark = " " if found["holds"] else "!"
        print(f"{mark} {line.what:84} {found['share']:.4f}   ({seconds:.1f} s)", flush=True)
        known = {one["what"]: one for one in _read(told.out, [])}  # another process may measure other lines
        known[line.what] = found | {"before": before.get(line.what)}
        json_file.write(told.out, [known[one.what] for one in every if one.what in known])


def _read(path: Path, otherwise: Any) -> Any:
    return json_file.read(path, type(otherwise)) if path.is_file() else otherwise


if __name__ == "__main__":
    main()
