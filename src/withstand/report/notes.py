"""What a reader must know to read the numbers right: sources, footnotes, what is missing and why ours differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from withstand.comparison import Comparison
from withstand.corruptions.names import BENCHMARK, CORRUPTIONS, SEVERITIES
from withstand.report.table import Table
from withstand.report.tables import published, spaced
from withstand.runs import LeftOut, Run, names

PAIRS = (
    "Each line pairs two models image by image, so what makes an image hard for both cancels out."
    " The intervals of the means hold for all pairs at once (95%, largest deviation over resampled images);"
    " McNemar’s exact test looks at the clean images alone."
)
HEAT = "The darker the cell, the more of the images are right. All models share one scale; rows are grouped by family."
TRAINING = (
    "The weights are those of the epoch with the highest validation top-1."
    " That epoch was picked for this number, so the test column is the fairer one."
)


def noted(table: Table, notes: Sequence[str]) -> Table:
    """The table with notes under it."""
    return replace(table, notes=(*table.notes, *notes))


def means(together: Comparison) -> str:
    """What the means are over, and how their intervals come about."""
    if not together.conditions:
        return "Only clean images were evaluated; intervals are Wilson’s, at 95%."
    found = {condition.variant for condition in together.conditions}
    severities = len(together.severities)
    over = f"{len(found)} corruptions × {severities} severit{'y' if severities == 1 else 'ies'}"
    if len(found) * severities != len(together.conditions):
        over = f"{len(together.conditions)} conditions of {len(found)} corruptions"
    return (
        f"Means over {over}, on the same {len(together.ids):,} source images. Intervals are at 95% and resample"
        " source images: one image under all conditions is one draw. Those of a single condition are Wilson’s."
    )


def source(runs: Sequence[Run]) -> list[str]:
    """Which corrupted images the runs saw, official or made."""
    by_source: dict[str, list[str]] = {}
    for name, run in zip(names(runs), runs, strict=True):
        said = run.summary.get("corruption_source")
        if said:
            by_source.setdefault(str(said), []).append(name)
    if len(by_source) <= 1:
        return [f"Corrupted images: {said}." for said in by_source]
    return [f"Corrupted images of {', '.join(called)}: {said}." for said, called in by_source.items()]


def missing(runs: Sequence[Run]) -> list[LeftOut]:
    """Corruptions of the 19 that no mean holds, and files of a run that are gone."""
    left_out = []
    for name, run in zip(names(runs), runs, strict=True):
        found = {(one.variant, one.severity) for one in run.conditions if one.shift == "corruption"}
        absent = [variant for variant in CORRUPTIONS if not any((variant, s) in found for s in SEVERITIES)]
        partial = [
            variant
            for variant in CORRUPTIONS
            if variant not in absent and not all((variant, s) in found for s in SEVERITIES)
        ]
        if found and absent:
            which = ", ".join(map(spaced, absent))
            left_out.append(LeftOut(name, f"not evaluated under {which}: not part of its means"))
        if partial:
            which = ", ".join(map(spaced, partial))
            left_out.append(LeftOut(name, f"evaluated under some severities only of {which}"))
        if run.missing:
            left_out.append(
                LeftOut(
                    name,
                    f"{len(run.missing)} files of predictions are gone ({run.missing[0]}, …); give its command again",
                )
            )
        if not len(run.history):
            left_out.append(LeftOut(name, "no history.csv: it was not trained here, so it has no curves"))
        if not run.provenance:
            left_out.append(LeftOut(name, "no provenance.json: nothing is known of how it was made"))
    return left_out


def corrupted(runs: Sequence[Run], together: Comparison) -> list[str]:
    """Footnotes of the table of means."""
    notes = []
    if together.conditions and not _whole_benchmark(together):
        notes.append(
            f"No mean-15: it takes all of the {len(BENCHMARK)} benchmark corruptions at five severities."
        )
    if together.left_out:
        notes.append(
            "A model marked * does not compare with the others; what was left out, and why, is said below."
        )
    if any(run.model in published().get(run.dataset, {}) for run in runs):
        notes.append(f"Published rows: {published()['source']}. They come without intervals.")
    return notes


def training(runs: Sequence[Run]) -> list[str]:
    """Why our rows differ from the published ones; models that differ alike share a note."""
    alike: dict[str, list[str]] = {}
    for name, run in zip(names(runs), runs, strict=True):
        differences = _differences(run)
        if differences:
            alike.setdefault("; ".join(differences), []).append(name)
    return [f"Against the published run of {', '.join(called)}: {said}." for said, called in alike.items()]


def _differences(run: Run) -> list[str]:
    """What this run did otherwise than the published one of its model; nothing where none was published."""
    theirs = published().get(run.dataset, {}).get(run.model)
    if theirs is None:
        return []
    test = (run.summary.get("test") or {}).get("n")
    differences = [
        f"{ours:,} {what} instead of {published_value:,}"
        for ours, published_value, what in (
            (run.summary.get("epochs"), theirs["epochs"], "epochs"),
            (run.summary.get("n_train"), 45_000, "training images"),
            (test, 10_000, "test images"),
        )
        if ours is not None and ours != published_value
    ]
    if run.provenance.get("config", {}).get("train", {}).get("augment") not in (None, "none"):
        differences.append("random crop and flip in training, which were off in the published run")
    if not str(run.summary.get("corruption_source") or "official").startswith("official"):
        differences.append("corruptions made here instead of the official files")
    return differences


def _whole_benchmark(together: Comparison) -> bool:
    return len(together.groups.get("benchmark", ())) == len(BENCHMARK) * len(SEVERITIES)
