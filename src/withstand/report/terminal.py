"""The table in the terminal at the end of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich import box
from rich.table import Table

from withstand.backgrounds.results import GAPS, Outcome, leaked
from withstand.comparison import compare
from withstand.report.sections import results
from withstand.runs import Run, names
from withstand.statistics import Estimate


def table(runs: Sequence[Run]) -> Table:
    """A row a model, the one that holds up best first."""
    together = compare(runs)
    source = results.table(dict(zip(names(runs), runs, strict=True)), together)
    columns = {column.key: replace(column, style=".1f") for column in source.columns}
    shown = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title_justify="left", caption_justify="left"
    )
    datasets = ", ".join(dict.fromkeys(run.dataset for run in runs))
    images, conditions = len(together.ids), len(together.conditions)
    shown.title = (
        f"{datasets}: top-1 (%) of {images:,} images, clean and under {conditions} corrupted conditions"
    )
    shown.title_style = "bold"
    for heading in ("model", "clean", "corrupted", "drop", "worst"):
        left = heading in ("model", "worst")
        shown.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for row in source.rows:
        if row.origin == "published":
            continue
        model, clean, mean, drop, worst = (
            row.values.get(key) for key in ("model", "clean_top1", "corrupted_top1", "drop", "worst")
        )
        plus_minus = f" ± {clean.half_width:.1f}" if isinstance(clean, Estimate) else ""
        interval = f" ({columns['corrupted_top1'].interval(mean)})" if isinstance(mean, Estimate) else ""
        shown.add_row(
            f"{model}{' *' if row.origin == 'apart' else ''}",
            columns["clean_top1"].text(clean) + plus_minus,
            columns["corrupted_top1"].text(mean) + interval,
            columns["drop"].text(drop),
            columns["worst"].text(worst),
            style="dim" if row.origin == "apart" else None,
        )
    apart = [f"* {one.what} does not compare with the others: {one.reason}" for one in together.left_out]
    shown.caption = "\n".join(["± and brackets: 95% intervals over the source images", *apart])
    return shown


def backgrounds(outcome: Outcome) -> Table:
    """Experiment 4 of one model: a row a variant, then the gaps."""
    shown = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title_justify="left", caption_justify="left"
    )
    shown.title = (
        f"{outcome.model}: top-1 (%) of the same foregrounds on other backgrounds, {outcome.protocol}"
    )
    shown.title_style = "bold"
    for heading in ("on", "top-1", "95%", "says background", "images"):
        shown.add_column(heading, justify="left" if heading == "on" else "right", no_wrap=True)
    for variant, share in outcome.accuracy.items():
        one, pull = share.times(100), outcome.pulls.get(variant)
        says = f"{100 * pull.background.value:.1f} of {pull.n:,}" if pull else ""
        shown.add_row(variant, f"{one.value:.1f}", f"{one.low:.1f}–{one.high:.1f}", says, f"{one.n:,}")
    for name, share in outcome.gaps.items():
        one = share.times(100)
        shown.add_row(
            " − ".join(GAPS[name]),
            f"{one.value:+.1f}",
            f"{one.low:+.1f} to {one.high:+.1f}",
            "",
            f"{one.n:,}",
        )
    said = leaked(outcome.record)
    shown.caption = "Intervals resample foregrounds, all variants of one together." + (
        f"\n{said}" if said else ""
    )
    return shown
