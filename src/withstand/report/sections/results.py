"""Accuracy clean and under corruption: the study's second table, beside the published one."""

from __future__ import annotations

from collections.abc import Mapping

from withstand.analysis.comparison import Comparison, compare
from withstand.corruptions.names import BENCHMARK, SEVERITIES
from withstand.report import published
from withstand.report.left_out import caution
from withstand.report.section import Context, Section
from withstand.report.table import IMAGES, MODEL, Column, Row, Table, Value
from withstand.report.wording import several, spaced
from withstand.results.run import Run

PLACE = 10
_CORRUPTED = (
    Column("corrupted_top1", "corrupted top-1", ".2f"),
    Column("corrupted_top5", "corrupted top-5", ".2f"),
    Column("benchmark_top1", "mean-15 top-1", ".2f"),
    Column("benchmark_top5", "mean-15 top-5", ".2f"),
    Column("drop", "drop", ".1f"),
    Column("worst", "worst corruption"),
    Column("conditions", "conditions", "d"),
)


def section(context: Context) -> Section | None:
    together = context.together
    if not together.names:
        return None
    return Section(
        "results", "Accuracy, clean and corrupted", _lead(together), tables=[table(context.runs, together)]
    )


def table(runs: Mapping[str, Run], together: Comparison) -> Table:
    """The study's second table: means over the corrupted conditions. Runs that do not compare stand apart, last."""
    rows = []
    for name in (*together.ranking, *(name for name in runs if name not in together.names)):
        run = runs[name]
        origin = "ours" if name in together.names else "apart"
        comparison = together if origin == "ours" else compare([run])
        # A comparison of one run calls it by its model.
        own = name if origin == "ours" else run.model
        rows += published.with_published(run, Row({**_means(comparison, own), "model": name}, origin))
    corrupted = any(row.values.get("corrupted_top1") for row in rows)
    columns = [MODEL, Column("clean_top1", "clean top-1", ".2f"), *(_CORRUPTED if corrupted else ()), IMAGES]
    title = "Mean accuracy under corruption" if corrupted else "Accuracy on clean images"
    return Table("corrupted", title, columns, rows, _notes(runs, together, rows))


def _means(comparison: Comparison, name: str) -> dict[str, Value]:
    values: dict[str, Value] = {"conditions": len(comparison.conditions), "images": len(comparison.ids)}
    if not comparison.names:
        return values
    if comparison.clean:
        values["clean_top1"] = comparison.accuracy(name, "clean").times(100)
    if comparison.conditions:
        values["corrupted_top1"] = comparison.accuracy(name, "corrupted").times(100)
        values["corrupted_top5"] = comparison.accuracy(name, "corrupted", "top5").times(100)
        values["worst"] = spaced(comparison.worst(name))
    # A mean-15 over fewer than the 15 would be another number under the same name.
    if _whole_benchmark(comparison):
        values["benchmark_top1"] = comparison.accuracy(name, "benchmark").times(100)
        values["benchmark_top5"] = comparison.accuracy(name, "benchmark", "top5").times(100)
    if comparison.clean and comparison.conditions:
        values["drop"] = comparison.drop(name).times(100)
    return values


def _whole_benchmark(together: Comparison) -> bool:
    found = together.groups.get("benchmark", ())
    return len(found) == len(BENCHMARK) * len(SEVERITIES) and {one.severity for one in found} == {*SEVERITIES}


def _lead(together: Comparison) -> str:
    """What the means are over, and what their intervals are."""
    if not together.conditions:
        return "No corrupted images were evaluated; intervals are exact (Clopper and Pearson), at 95%."
    found = {condition.variant for condition in together.conditions}
    severities = len(together.severities)
    corruptions = several(len(found), "corruption")
    over = f"{corruptions} × {severities} severit{'y' if severities == 1 else 'ies'}"
    if len(found) * severities != len(together.conditions):
        over = f"{several(len(together.conditions), 'condition')} of {corruptions}"
    return (
        f"Means over {over}, on the same {len(together.ids):,} source images. Intervals are at 95% and"
        " over source images: one image under all conditions counts as one draw."
    )


def _notes(runs: Mapping[str, Run], together: Comparison, rows: list[Row]) -> list[str]:
    notes = [f"{one.what}: {one.reason}." for one in caution(runs, together)]
    if together.conditions and not _whole_benchmark(together):
        notes.append(f"No mean-15: it needs all {len(BENCHMARK)} benchmark corruptions at five severities.")
    if together.left_out:
        notes.append(
            "Models marked * are not comparable with the others; “What was left out, and why” gives the reason."
        )
    if any(published.of(run) for run in runs.values()):
        notes.append(f"Published rows: {published.published()['source']}. No intervals were published.")
        notes += published.why_ours_differ(runs, rows)
    return notes
