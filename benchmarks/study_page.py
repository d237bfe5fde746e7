"""`python -m benchmarks.study_page`: the tables of docs/study.md and the README's first one, made from `results/`."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
PAGES = ("README.md", "docs/study.md")
_PLACE = re.compile(r"(<!-- study (\w+) -->\n).*?(<!-- /study -->)", re.DOTALL)
_GAIN = re.compile(
    r"^ (grouped|published|the study's) +([\d.]+) → ([\d.]+) +(\S+(?: \(.+?\))?) .*?([\d,]*) *$"
)
Row = Mapping[str, str]
_NOTHING: Row = {"percent": "", "low": "", "high": ""}


def first() -> Iterator[str]:
    """Experiments 1 and 2, the published row under each."""
    yield "| model | best epoch | clean top-1 | corrupted top-1, mean of 19 | mean of 15 | corrupted top-5 | images |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    trained = {row["model"]: row for row in _table("cifar10", "training")}
    for row in _table("cifar10", "corrupted"):
        name = _called(row["model"]) if row["origin"] == "ours" else f"*{row['model']}*"
        own = trained.get(row["model"], {})
        epochs = f"{own['best_epoch']} of {own['epochs']}" if own.get("epochs") else own.get("best_epoch", "")
        values = [
            _estimate(row, key)
            for key in ("clean_top1", "corrupted_top1", "benchmark_top1", "corrupted_top5")
        ]
        yield _line(name, epochs, *values, _count(row["images"]))


def training() -> Iterator[str]:
    yield "| model | validation top-1 | test loss | test top-1 | test top-5 | trained on | validated on | tested on |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for row in _table("cifar10", "training"):
        name = _called(row["model"]) if row["origin"] == "ours" else f"*{row['model']}*"
        loss = _estimate(row, "test_loss", 4)
        values = [_estimate(row, "val_top1"), loss, _estimate(row, "test_top1"), _estimate(row, "test_top5")]
        yield _line(name, *values, *(_count(row[key]) for key in ("n_train", "n_val", "images")))


def finetuning() -> Iterator[str]:
    """From the report; of a fine-tuning whose predictions are gone, what it printed."""
    yield "| model | protocol | corrupted top-1, before | after | gain, points | images |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    lines: dict[tuple[str, str], str] = {}  # by model and protocol: a later one prints the earlier ones, too
    for log in sorted((RESULTS / "parts").glob("*-experiment-3-*.txt")):
        model = log.name.partition("-experiment")[0]
        for line in log.read_text(encoding="utf-8").splitlines():
            if (found := _GAIN.match(line)) and found[1] != "the study's":
                lines[model, found[1]] = _line(model, *found.groups())
    for row in _table("cifar10", "finetune"):
        model, protocol = _called(row["model"].partition(",")[0]), row["name"]
        if row["origin"] != "ours":
            model, protocol = f"*{model}, published*", f"{protocol}, the study's"
        values = [_estimate(row, key, 1) for key in ("before", "after", "gain")]
        lines[model, protocol] = _line(model, protocol, *values, _count(row["images"]))
    yield from (lines[key] for key in sorted(lines, key=lambda key: (key[0].strip("*"), key[1])))


def backgrounds() -> Iterator[str]:
    """Experiment 4: accuracy in each variant, and the gaps."""
    shown = ("original", "mixed_same", "mixed_rand", "only_fg")
    yield f"| model | protocol | {' | '.join(shown)} | BG-gap | original − mixed_rand | foregrounds |"
    yield f"| --- | --- |{' ---: |' * (len(shown) + 3)}"
    for file in sorted((RESULTS / "runs").glob("*/background_results.csv")):
        rows = _read(file)
        for protocol in dict.fromkeys(row["protocol"] for row in rows):
            own = {(r["measure"], r["variant"]): r for r in rows if r["protocol"] == protocol}
            cells = [own.get(("top1", variant), _NOTHING) for variant in shown]
            cells += [
                next(r for (measure, _), r in own.items() if measure == gap)
                for gap in ("bg_gap", "study_gap")
            ]
            name = file.parent.name.replace("_in9_", ", ")
            yield _line(
                name,
                protocol,
                *(_of(r["percent"], r["low"], r["high"], 1) for r in cells),
                _count(cells[1]["images"]),
            )


def photographs() -> Iterator[str]:
    yield "| model | clean top-1 | corrupted top-1, mean of 19 | mean of 15 | images |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for row in _table("photographs", "corrupted"):
        values = [_estimate(row, key) for key in ("clean_top1", "corrupted_top1", "benchmark_top1")]
        yield _line(row["model"], *values, _count(row["images"]))


def cues() -> Iterator[str]:
    """Shape against texture, of the models as they were pretrained."""
    yield "| model | shape bias, % | decided by shape, % | by texture, % | images |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for row in _table("cues", "cue-conflict"):
        values = [_estimate(row, key, 1) for key in ("shape_bias", "shape", "texture")]
        yield _line(row["model"], *values, _count(row["images"]))


def claims() -> Iterator[str]:
    yield "| claim | verdict | on | what was compared | difference in points | images | differs also in |"
    yield "| --- | --- | --- | --- | ---: | ---: | --- |"
    for report in sorted(RESULTS.glob("reports/*/hypotheses.csv")):
        for row in _read(report):
            yield _line(
                row["claim"],
                f"{row['verdict']}, {row['scope']}" if row["scope"] else row["verdict"],
                report.parent.name,
                row["pair"].replace("_cifar10", ""),
                _estimate(row, next(key for key in ("top1", "difference", "effect") if key in row)),
                _count(row["images"]),
                row["differs"],
            )


def rates() -> Iterator[str]:
    yield "| device | work | images/s, ours | aimed at | |"
    yield "| --- | --- | ---: | ---: | --- |"
    for file in sorted((ROOT / "benchmarks" / "results").glob("rates.*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        where = (found["hardware"]["gpus"] or [found["hardware"]["processor"]])[0]
        for contest in found["contests"]:
            notes, rate = contest["notes"], contest["contenders"]["withstand"]["per_second"]
            aim = notes.get("aim")
            said = "" if aim is None else "reached" if rate >= aim else "missed"
            yield _line(where, contest["work"], f"{rate:,.0f}", f"{aim:,}" if aim else "", said)


def runs() -> Iterator[str]:
    """How each run was made."""
    yield "| run | device | arithmetic | seed | training, s | evaluation, s | commit | torch |"
    yield "| --- | --- | --- | ---: | ---: | ---: | --- | --- |"
    for file in sorted((RESULTS / "runs").rglob("provenance.json")):
        own: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        spent = own.get("seconds", {})
        times = [f"{spent[key]:,.0f}" if key in spent else "" for key in ("train", "evaluate")]
        place = file.parent.relative_to(RESULTS / "runs").as_posix()
        about = (own["device"], own["precision"], str(own["seed"]), *times)
        yield _line(
            f"[{place}](../results/runs/{place})",
            *about,
            f"`{own['git_revision']}`",
            own["versions"]["torch"],
        )


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    made.__name__: made
    for made in (first, training, finetuning, backgrounds, photographs, cues, claims, rates, runs)
}


def filled(page: str) -> str:
    """The page with the tables in their places."""
    return _PLACE.sub(
        lambda place: place[1] + "".join(f"{line}\n" for line in TABLES[place[2]]()) + place[3], page
    )


def _called(run: str) -> str:
    """A model, and its seed where there are several: reports call these by their folders."""
    model, _, seed = run.partition("_cifar10")
    return f"{model}, {seed.removeprefix('-').replace('seed', 'seed ')}" if seed else model


def _table(report: str, name: str) -> list[Row]:
    return _read(RESULTS / "reports" / report / f"{name}.csv")


def _read(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _estimate(row: Row, key: str, digits: int = 2) -> str:
    return _of(row.get(key, ""), row.get(f"{key}_low", ""), row.get(f"{key}_high", ""), digits)


def _of(value: str, low: str, high: str, digits: int) -> str:
    if not value:
        return ""
    shown = f"{float(value):.{digits}f}"
    return shown if not low else f"{shown} ({float(low):.{digits}f} to {float(high):.{digits}f})"


def _count(text: str) -> str:
    return f"{float(text):,.0f}" if text else ""


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def main() -> int:
    for page in PAGES:
        path = ROOT / page
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
