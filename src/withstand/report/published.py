"""What the study published, and how our runs differ from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import yaml

from withstand.corruptions.names import CORRUPTIONS, SEVERITIES
from withstand.report.table import Row
from withstand.results.run import Run


@cache
def published() -> dict[str, Any]:
    """What the study published, by dataset and model; ``source`` says where."""
    content: dict[str, Any] = yaml.safe_load(
        resources.files("withstand.report").joinpath("published.yaml").read_text(encoding="utf-8")
    )
    return content


def of(run: Run) -> dict[str, Any] | None:
    """What the study published of this run's model on its dataset."""
    found: dict[str, Any] | None = published().get(run.dataset, {}).get(run.model)
    return found


def with_published(run: Run, row: Row) -> list[Row]:
    """The row, and what the study published for it directly under it."""
    theirs = of(run)
    if theirs is None:
        return [row]
    values = {
        **theirs,
        "model": f"{run.model}, published",
        "clean_top1": theirs["test_top1"],
        "drop": theirs["test_top1"] - theirs["corrupted_top1"],
        "conditions": len(CORRUPTIONS) * len(SEVERITIES),
        "images": 10_000,
    }
    return [row, Row(values, "published")]


def why_ours_differ(runs: Mapping[str, Run], rows: Sequence[Row]) -> list[str]:
    """Why our rows of a table differ from the published ones; models that differ alike share a note."""
    images = {row.values["model"]: row.values.get("images") for row in rows}
    alike: dict[str, list[str]] = {}
    for name, run in runs.items():
        differences = _differences(run, images.get(name))
        if differences:
            alike.setdefault("; ".join(differences), []).append(name)
    return [
        f"Differences from the published run of {', '.join(called)}: {said}."
        for said, called in alike.items()
    ]


def _differences(run: Run, images: Any) -> list[str]:
    """How this run differs from the published one of its model; empty where none was published."""
    theirs = of(run)
    if theirs is None:
        return []
    differences = [
        f"{ours:,} {what if ours != 1 else what.removesuffix('s')} instead of {published_value:,}"
        for ours, published_value, what in (
            (run.summary.get("epochs"), theirs["epochs"], "epochs"),
            (run.summary.get("n_train"), 45_000, "training images"),
            (images, 10_000, "test images"),
        )
        if ours is not None and ours != published_value
    ]
    if run.provenance.get("config", {}).get("train", {}).get("augment") not in (None, "none"):
        differences.append("random crop and flip in training, which the published run did not use")
    if not str(run.summary.get("corruption_source") or "official").startswith("official"):
        differences.append("corruptions made here instead of the official files")
    return differences
