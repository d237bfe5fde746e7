"""`python -m benchmarks.table`: the tables in README.md and benchmarks/README.md, made again from results/*.json."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "benchmarks/README.md")
SHOWN = ("evaluation", "training", "loading")
_PLACE = re.compile(r"(<!-- benchmarks -->\n).*?(<!-- /benchmarks -->)", re.DOTALL)


def table() -> str:
    """Markdown: one table for each machine."""
    machines: dict[str, list[dict[str, Any]]] = {}
    for name in SHOWN:
        for file in sorted((ROOT / "benchmarks" / "results").glob(f"{name}.*.json")):
            machines.setdefault(file.name.split(".")[1], []).append(json.loads(file.read_text()))
    return "\n".join(_machine(results) for results in machines.values())


def _machine(results: list[dict[str, Any]]) -> str:
    about = results[0]["hardware"]
    where = ", ".join(about["gpus"][:1]) or f"{about['processor']}, {about['cores']} cores"
    versions = ", ".join(
        f"{k} {about['versions'][k]}" for k in ("torch", "openvino") if k in about["versions"]
    )
    lines = [
        f"On {where}; {versions}:",
        "",
        "| work | how | images/s | usual script × |",
        "| --- | --- | ---: | ---: |",
    ]
    for contest in (contest for result in results for contest in result["contests"]):
        contenders = contest["contenders"]
        usual = next(iter(contenders.values()))["seconds"]
        for name, found in contenders.items():
            turns = sorted(theirs / own for theirs, own in zip(usual, found["seconds"], strict=True))
            rate, times = found["per_second"], turns[len(turns) // 2]
            lines.append(f"| {contest['work']} | {name} | {rate:,.{0 if rate > 100 else 1}f} | {times:.2f} |")
    return "\n".join(lines) + "\n"


def filled(page: str) -> str:
    """The page with the tables in their place."""
    return _PLACE.sub(lambda place: f"{place[1]}{table()}{place[2]}", page)


if __name__ == "__main__":
    for name in PAGES:
        path = ROOT / name
        path.write_text(filled(path.read_text()))
    sys.exit(0)
