"""`python -m benchmarks.table`: the tables of docs/speed.md and benchmarks/README.md, made from results/*.json."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = ("docs/speed.md", "benchmarks/README.md")
SHOWN = ("evaluation", "training", "epoch", "loading")
_PLACE = re.compile(
    r"(<!-- (benchmarks|corruptions|agreement|memory|coverage) -->\n).*?(<!-- /\2 -->)", re.DOTALL
)


def table() -> str:
    """Markdown: rates beside the usual script's, one table for each machine."""
    machines: dict[str, list[dict[str, Any]]] = {}
    for name in SHOWN:
        for result in _results(name):
            machines.setdefault(result["hardware"]["name"], []).append(result)
    return "\n".join(_rates(results) for results in machines.values())


def agreement() -> str:
    """Markdown: how near each engine is to plain float32, and at what rate; a table for each trained network."""
    return "\n".join(
        "\n".join(
            [
                f"{contest['work']}; {_where(result)}. Plain float32 is right on {_accuracies(contest['notes'])}:",
                "",
                "| engine | images/s | equal predictions | largest difference of a logit | top-1 − float32's, clean |"
                " corrupted | computed again |",
                "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
                *_engines(contest),
                "",
            ]
        )
        for result in _results("agreement")
        for contest in result["contests"]
    )


def corruptions() -> str:
    """Markdown: milliseconds an image of each corruption at 224 pixels, and all of them on every core."""
    found = []
    for result in _results("corruptions_224"):
        *each, whole = result["contests"]
        found += [
            f"{_where(result)}:",
            "",
            "| corruption | imagecorruptions, ms | withstand, ms | times as fast |",
        ]
        found.append("| --- | ---: | ---: | ---: |")
        for contest in each:
            found.append(f"| {contest['work'].split(',')[0]} | {_beside(contest, 1e3 / contest['amount'])} |")
        found.append(
            f"| {whole['work']}, 1,000 photographs, s | {_beside(whole, 95_000 / whole['amount'])} |"
        )
    return "\n".join(found) + "\n"


def _beside(contest: dict[str, Any], times: float) -> str:
    peer, ours = (contest["amount"] / one["per_second"] * times for one in contest["contenders"].values())
    ratio = next(iter(contest["contenders"].values()))["withstand_is_times_as_fast"]
    return f"{peer:,.{2 * (peer < 1e3)}f} | {ours:,.{2 * (ours < 400)}f} | {ratio:.2f}"


def memory() -> str:
    """Markdown: the peak of evaluating ever more images."""
    found = []
    for result in _results("memory"):
        found += [f"{_where(result)}:", "", "| images | file, MiB | peak, MiB | images/s |"]
        found.append("| ---: | ---: | ---: | ---: |")
        for contest in result["contests"]:
            notes, rate = contest["notes"], contest["contenders"]["withstand"]["per_second"]
            found.append(
                f"| {contest['amount']:,} | {notes['file_mib']:,.0f} | {notes['peak_mib']:,.0f} | {rate:,.0f} |"
            )
        found.append("")
    return "\n".join(found)


def coverage() -> str:
    """Markdown: what was simulated, how often it should come about, and how often it did, now and before."""
    found = ["| what | should be | is | width | was | width |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for line in json.loads((RESULTS / "coverage.json").read_text(encoding="utf-8")):
        least, most = line["least"], line["most"]
        should = f"at most {most:g}" if least == 0 else f"at least {least:g}"
        is_ = f"{line['share']:.3f}" if line["holds"] else f"**{line['share']:.3f}**"
        was = line["before"] or {}
        share = f"{was['share']:.3f}" if was else ""
        found.append(f"| {line['what']} | {should} | {is_} | {_width(line)} | {share} | {_width(was)} |")
    return "\n".join(found) + "\n"


def filled(page: str) -> str:
    """The page with the tables in their places."""
    made = {
        "benchmarks": table,
        "corruptions": corruptions,
        "agreement": agreement,
        "memory": memory,
        "coverage": coverage,
    }
    return _PLACE.sub(lambda place: f"{place[1]}{made[place[2]]()}{place[3]}", page)


def _width(line: dict[str, Any]) -> str:
    if "median_width" not in line:
        return ""
    return "∞" if line["median_width"] is None else f"{line['median_width']:.3g}"


def _results(name: str) -> Iterator[dict[str, Any]]:
    for file in sorted(RESULTS.glob(f"{name}.*.json")):
        yield json.loads(file.read_text(encoding="utf-8"))


def _where(result: dict[str, Any]) -> str:
    about = result["hardware"]
    return ", ".join(about["gpus"][:1]) or f"{about['processor']}, {about['cores']} cores"


def _rates(results: list[dict[str, Any]]) -> str:
    given = results[0]["hardware"]["versions"]
    versions = ", ".join(f"{k} {given[k]}" for k in ("torch", "openvino") if k in given)
    lines = [
        f"On {_where(results[0])}; {versions}:",
        "",
        "| work | how | images/s, median | usual script ×, median of the ratios within a turn |",
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


def _accuracies(notes: dict[str, Any]) -> str:
    clean, corrupted = (notes["top1_of_plain_float32"][key] for key in ("clean", "corrupted"))
    others = len(notes["conditions"]) - 1
    return f"{clean:.1f}% of {notes['images']:,} images, {corrupted:.1f}% under {others} corruptions"


def _engines(contest: dict[str, Any]) -> Iterator[str]:
    for name, found in contest["contenders"].items():
        rate, notes = found["per_second"], contest["notes"].get(name)
        start = f"| {name} | {rate:,.{0 if rate > 100 else 1}f} |"
        if notes is None:  # plain float32 itself
            yield f"{start} | | | | |"
            continue
        again = f"{100 * notes['share_computed_again']:.1f}%" if "share_computed_again" in notes else ""
        differences = (_difference(notes[f"top1_difference_{key}"]) for key in ("clean", "corrupted"))
        yield (
            f"{start} {_rounded_down(notes['equal_predictions'])} |"
            f" {notes['largest_difference_of_logits']:.2g} | {' | '.join(differences)} | {again} |"
        )


def _rounded_down(share: float) -> str:
    """In percent: 100.00% is all of them."""
    return f"{math.floor(1e4 * share) / 100:.2f}%"


def _difference(one: dict[str, float]) -> str:
    return f"{one['value']:+.2f} ({one['low']:+.2f} to {one['high']:+.2f})"


if __name__ == "__main__":
    for name in PAGES:
        path = ROOT / name
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit(0)
