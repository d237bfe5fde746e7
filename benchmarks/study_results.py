"""What a reader of the study needs of its runs, copied to `results/`: no weights, no predictions, nothing large.

`python -m benchmarks.study_results --runs CHECKPOINTS --reports REPORTS --to results`, and then
`python -m benchmarks.study_page` makes the page's tables from it. Folders of the machine that made them are written
as the words of a checkout: `data`, `checkpoints`, `reports`.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from withstand.base import atomic

OF_A_RUN = ("summary.json", "provenance.json", "history.csv", "robustness_results.csv", "finetune_results.csv",
            "background_results.csv")  # fmt: skip
OF_A_REPORT = ("report.html", "tables/*.csv", "leaderboard/leaderboard.json", "leaderboard/leaderboard.csv")
LARGEST = 2_000_000  # bytes of a file


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m benchmarks.study_results")
    words.add_argument("--runs", type=Path, required=True)
    words.add_argument("--reports", type=Path, required=True)
    words.add_argument("--to", type=Path, default=Path("results"))
    chosen = words.parse_args()
    keep(chosen.runs, chosen.reports, chosen.to)
    return 0


def keep(runs: Path, reports: Path, to: Path) -> None:
    """Copy what is kept of the runs, the logs of their parts, and the reports."""
    places = dict(_places(runs))
    for file in _of_runs(runs):
        _copy(file, to / "runs" / file.relative_to(runs), places)
    for file in sorted((runs / "parts").glob("*.txt")):
        _copy(file, to / "parts" / re.sub(r"[ :,]+", "-", file.name), places)
    for folder in sorted(reports.iterdir()) if reports.is_dir() else ():
        for file in [one for kind in OF_A_REPORT for one in sorted(folder.glob(kind))]:
            _copy(file, to / "reports" / folder.name / file.name, places)


def _of_runs(runs: Path) -> Iterator[Path]:
    """Of finished runs and fine-tunings."""
    for summary in sorted(runs.rglob("summary.json")):
        yield from (summary.parent / name for name in OF_A_RUN if (summary.parent / name).is_file())


def _places(runs: Path) -> Iterator[tuple[str, str]]:
    """The folders that the runs' records name, and what a checkout calls them."""
    for file in sorted(runs.rglob("provenance.json")):
        paths = json.loads(file.read_text(encoding="utf-8")).get("config", {}).get("paths", {})
        yield from ((folder, word) for word, folder in paths.items() if folder.startswith("/"))


def _copy(file: Path, place: Path, places: Mapping[str, str]) -> None:
    if file.stat().st_size > LARGEST:
        raise SystemExit(f"{file} is larger than {LARGEST:,} bytes")
    text = file.read_text(encoding="utf-8")
    for folder, word in places.items():
        text = text.replace(folder, word)
    atomic.write_text(place, text)


if __name__ == "__main__":
    raise SystemExit(main())
