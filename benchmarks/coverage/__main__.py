"""`python -m benchmarks.coverage`: measure every line, and keep the shares beside those of before."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from benchmarks.coverage import __doc__ as about
from benchmarks.coverage import means, quotients, sets, standings, tests
from benchmarks.coverage.line import Lines
from benchmarks.frame import RESULTS
from withstand.base import json_file

BEFORE = RESULTS / "coverage.before.json"
"""What the bootstrap, Wilson's intervals and the sign flips gave for the same draws, measured once before they went."""


def lines() -> Lines:
    for part in (means, quotients, sets, tests, standings):
        yield from part.lines()


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=about.split("\n")[0])
    words.add_argument(
        "--rounds", type=int, help="of every line (default: 100 to 1,000, by what a round takes)"
    )
    words.add_argument("--only", default="", help="the lines whose name has this in it")
    words.add_argument("--out", type=Path, default=RESULTS / "coverage.json")
    told = words.parse_args()
    before = json.loads(BEFORE.read_text(encoding="utf-8")) if BEFORE.is_file() else {}
    results = []
    for line in lines():
        if told.only not in line.what:
            continue
        started = time.perf_counter()
        found = line.measured(told.rounds)
        seconds = time.perf_counter() - started
        mark = " " if found["holds"] else "!"
        print(f"{mark} {line.what:84} {found['share']:.4f}   ({seconds:.1f} s)", flush=True)
        results.append(found | {"before": before.get(line.what)})
    json_file.write(told.out, results)


if __name__ == "__main__":
    main()
