"""Runs in other people's forms: timm's CSV of results, RobustBench's record of a model, a Hugging Face card's index.

What a form asks for and a run does not have on record is left empty, never guessed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from withstand import __version__
from withstand.analysis.comparison import Comparison, compare
from withstand.analysis.groups import ALL
from withstand.base import atomic
from withstand.base.errors import UserError, nearest
from withstand.base.names import csv_text, file_name
from withstand.config.known import EXPORTS
from withstand.corruptions.names import BENCHMARK, SEVERITIES
from withstand.report.wording import several, spaced
from withstand.results.conditions import CLEAN, Condition
from withstand.results.facts import NONE, UNKNOWN
from withstand.results.run import Run
from withstand.results.runs import LeftOut, names
from withstand.statistics import Estimate

TIMM = (
    "model",
    "img_size",
    "top1",
    "top1_err",
    "top5",
    "top5_err",
    "param_count",
    "crop_pct",
    "interpolation",
)
"""The columns of timm's ``results-*.csv``."""
ROBUSTBENCH = ("cifar10", "cifar100", "imagenet")
"""The data sets that RobustBench has, under our names and its own."""
_HUB = {
    "cifar10": ("uoft-cs/cifar10", "CIFAR-10"),
    "cifar100": ("uoft-cs/cifar100", "CIFAR-100"),
    "imagenet": ("ILSVRC/imagenet-1k", "ImageNet-1k"),
}
_WHOLE = {Condition("corruption", name, severity) for name in BENCHMARK for severity in SEVERITIES}
_METRICS = {"top1": ("accuracy", "top-1"), "top5": ("top-5-accuracy", "top-5")}


@dataclass(frozen=True, eq=False)
class Exported:
    """A run under a name, with what the forms ask for."""

    name: str
    run: Run

    @cached_property
    def compared(self) -> Mapping[str, Comparison]:
        """By shift; clean by itself, whichever of its images a shift shows."""
        shifts = [one for one in self.run.shifts if one != CLEAN.shift]
        clean = {CLEAN.shift: compare(self.run.under([CLEAN]))} if CLEAN in self.run.conditions else {}
        return clean | {shift: compare(self.run, shift=shift) for shift in shifts}

    def parts(self) -> dict[str, tuple[Comparison, str]]:
        """Clean and each shift: where its numbers are, and the group of conditions."""
        found: dict[str, tuple[Comparison, str]] = {}
        for shift, one in self.compared.items():
            if shift == CLEAN.shift:
                found[shift] = (one, shift)
            elif one.conditions:
                found[shift] = (one, ALL)
        return found

    def share(self, part: str, metric: str) -> Estimate:
        together, group = self.parts()[part]
        return together.accuracy(together.names[0], group, metric)

    @property
    def model(self) -> Mapping[str, Any]:
        """The settings of its model; empty where not on record."""
        found: Mapping[str, Any] = (self.run.provenance.get("config") or {}).get("model") or {}
        return found


def check(to: Sequence[str]) -> None:
    """Refuse a form that is none.

    Raises:
        UserError: there is one, or no form at all.
    """
    for one in to:
        if one not in EXPORTS:
            raise UserError(f"export.to: there is no form '{one}'; {nearest(one, EXPORTS)}")
    if not to:
        raise UserError(f"export.to=[] names no form; give one or more of {', '.join(EXPORTS)}")


def write(runs: Sequence[Run], to: Sequence[str], folder: Path) -> tuple[list[Path], list[LeftOut]]:
    """Write the runs in the forms named; gives the files, and what has no such form."""
    those = [Exported(name, run) for name, run in zip(names(runs), runs, strict=True)]
    files: list[Path] = []
    left_out: list[LeftOut] = []
    if "timm" in to:
        for part in dict.fromkeys(part for one in those for part in one.parts()):
            some = [one for one in those if part in one.parts()]
            label = runs[0].dataset if part == CLEAN.shift else f"{runs[0].dataset}-{part}"
            files.append(_written(folder / f"results-{file_name(label)}.csv", timm(some, part)))
    for one in those:
        if "robustbench" in to:
            if reason := no_robustbench(one):
                left_out.append(LeftOut(f"{one.name} for RobustBench", reason))
            else:
                said = json.dumps(robustbench(one), indent=2, ensure_ascii=False) + "\n"
                place = (
                    folder / "model_info" / one.run.dataset / "corruptions" / f"{file_name(one.name)}.json"
                )
                files.append(_written(place, said))
        if "model_index" in to:
            files.append(_written(folder / "model-index" / f"{file_name(one.name)}.md", card(one)))
    return files, left_out


def _written(path: Path, text: str) -> Path:
    atomic.write_text(path, text)
    return path


def timm(those: Sequence[Exported], part: str) -> str:
    """A row for each, best first, as in timm's files: percent, parameters in millions."""
    shares = {
        one.name: tuple(100 * one.share(part, metric).value for metric in ("top1", "top5")) for one in those
    }
    rows = []
    for one in sorted(those, key=lambda one: (*(-share for share in shares[one.name]), one.name)):
        (top1, top5), facts, model = shares[one.name], one.run.facts, one.model
        rows.append(
            {
                "model": csv_text(one.name),
                "img_size": facts.image_size,
                "top1": f"{top1:.3f}",
                "top1_err": f"{100 - top1:.3f}",
                "top5": f"{top5:.3f}",
                "top5_err": f"{100 - top5:.3f}",
                "param_count": f"{facts.parameters / 1e6:.2f}" if facts.parameters else None,
                "crop_pct": model.get("crop"),
                "interpolation": model.get("interpolation"),
            }
        )
    text = io.StringIO()
    writer = csv.DictWriter(text, TIMM, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def no_robustbench(one: Exported) -> str:
    """Why RobustBench has no place for a run; empty where it has."""
    run = one.run
    if run.dataset not in ROBUSTBENCH:
        return f"it has no data set {run.dataset}, but {', '.join(ROBUSTBENCH)}"
    missing = sorted(({CLEAN} | _WHOLE) - set(run.conditions))
    if missing:
        return f"it asks for clean images and the 15 corruptions at 5 severities; {len(missing)} are missing"
    if run.sampled:
        return "it asks for all images, and this is a sample; give its command again without evaluation.precision"
    return ""


def robustbench(one: Exported) -> dict[str, Any]:
    """A record of ``model_info/DATASET/corruptions``: accuracies as text with two decimals, over the 15 corruptions."""
    together, run = one.compared["corruption"], one.run
    name, corpus = together.names[0], run.facts.corpus
    clean, shifted = (100 * together.accuracy(name, group).value for group in ("clean", "benchmark"))
    source = run.summary.get("corruption_source") or "not on record"
    said: dict[str, Any] = {
        "link": None,
        "name": str(one.model.get("title") or one.name),
        "authors": None,
        "additional_data": None if corpus == UNKNOWN else corpus != NONE,
        "number_forward_passes": 1,
        "dataset": run.dataset,
        "venue": None,
        "architecture": str(one.model.get("name") or one.name),
        "eps": None,
        "clean_acc": f"{clean:.2f}",
        "reported": None,
        "corruptions_acc": f"{shifted:.2f}",
    }
    if run.dataset == "imagenet" and not together.no_alexnet:
        said["corruptions_mce"] = f"{100 * together.mce(name, 'alexnet').value:.2f}"
    images = several(len(together.ids), "image")
    said["footnote"] = f"Measured by withstand {__version__} on {images}; corrupted images: {source}."
    return said


def model_index(one: Exported) -> list[dict[str, Any]]:
    """The ``model-index`` of a card: clean and each shift, shares, with their 95% intervals in words."""
    kind, title = _HUB.get(one.run.dataset, (file_name(one.run.dataset), one.run.dataset))
    results = []
    for part in one.parts():
        clean = part == CLEAN.shift
        dataset = {"type": kind, "name": title if clean else f"{title}, {spaced(part)}", "split": "test"}
        results.append(
            {
                "task": {"type": "image-classification", "name": "Image Classification"},
                "dataset": dataset if clean else dataset | {"config": part},
                "metrics": [_metric(one.share(part, metric), *names_) for metric, names_ in _METRICS.items()],
            }
        )
    return [{"name": one.name, "results": results}]


def _metric(share: Estimate, kind: str, title: str) -> dict[str, Any]:
    between = f"95% interval {share.low:.4f} to {share.high:.4f}, {share.n} images"
    return {"type": kind, "value": round(share.value, 6), "name": f"{title} ({between})"}


def card(one: Exported) -> str:
    """The block as the head of a card: to be put into the card's own."""
    block = yaml.safe_dump({"model-index": model_index(one)}, sort_keys=False, allow_unicode=True)
    return f"---\n{block}---\n"
