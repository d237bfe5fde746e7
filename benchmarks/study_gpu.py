"""The study on a GPU: `python -m benchmarks.study_gpu --data FOLDER`; `--small` shows on a CPU that it runs.

It is `experiment=reproduction` in a folder of its own, several parts side by side, and then what the page needs of it.
A run that was stopped is started again with the same command. `--check` says what the full run would take.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import study_results
from benchmarks.study_needs import needs
from withstand.base.errors import UserError
from withstand.cli import main as withstand
from withstand.config.composing import compose
from withstand.session.reproduction import parts


def main() -> int:
    chosen = _arguments()
    work = chosen.work.resolve()
    words = [
        "experiment=reproduction",
        f"paths.data={chosen.data.resolve()}",
        f"paths.checkpoints={work / 'checkpoints'}",
        f"paths.reports={work / 'reports'}",
        f"reproduction.jobs={chosen.jobs}",
        *chosen.settings,
    ]
    config = compose(words)  # before anything runs: no misspelt setting is found out after hours
    full = {part.name: compose(part.words) for part in parts(config, words)}
    print("\n".join(needs(full)))
    if chosen.check:
        return 0
    code = withstand([*words, *(["reproduction.small=true"] if chosen.small else [])])
    study_results.keep(work / "checkpoints", work / "reports", chosen.out)
    return code


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(prog="python -m benchmarks.study_gpu")
    words.add_argument("--data", type=Path, default=Path("data"))
    words.add_argument("--work", type=Path, default=Path("study"), help="checkpoints and reports")
    words.add_argument("--out", type=Path, default=Path("study/results"))
    words.add_argument("--jobs", type=int, default=3, help="parts side by side")
    words.add_argument(
        "--small", action="store_true", help="tiny sizes: shows that it runs, measures nothing"
    )
    words.add_argument("--check", action="store_true", help="say what it takes, and stop")
    words.add_argument("settings", nargs="*", help="KEY=VALUE for every part, e.g. device=cuda:1")
    return words.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
