"""The table in the terminal at the end of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from withstand.analysis.backgrounds.reliance import GAPS, Reliance, leaked
from withstand.analysis.changes import Change
from withstand.analysis.comparison import Comparison, compare
from withstand.analysis.groups import ALL
from withstand.analysis.outsiders import Outsiders
from withstand.report import finetune_tables
from withstand.report.left_out import caution
from withstand.report.sampling import MARK, note, samples
from withstand.report.sections import results
from withstand.report.sections import shifts as every_shift
from withstand.report.table import Column, Row, Value
from withstand.report.table import Table as Source
from withstand.report.wording import between, number, several
from withstand.results.run import Run
from withstand.results.runs import names


def table(runs: Sequence[Run], together: Comparison | None = None) -> Table:
    """A row for each model, the most accurate under corruption first; ``together``: their comparison, if at hand."""
    together = compare(runs) if together is None else together
    called = dict(zip(names(runs), runs, strict=True))
    source, sampled = results.table(called, together), samples(called)
    shown = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title_justify="left", caption_justify="left"
    )
    datasets = ", ".join(dict.fromkeys(run.dataset for run in runs))
    images = several(len(together.ids), "image")
    rows = [row for row in source.rows if row.origin != "published"]
    corrupted = bool(together.conditions) or any(row.values.get("corrupted_top1") for row in rows)
    under = f" and under {several(len(together.conditions), 'corrupted condition')}" if corrupted else ""
    shown.title = f"{datasets}: top-1 (%) of {images}, clean{under}"
    shown.title_style = "bold"
    for heading in ("model", "clean", *(("corrupted", "drop", "worst") if corrupted else ())):
        left = heading in ("model", "worst")
        shown.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for row in rows:
        model, worst = str(row.values["model"]), str(row.values.get("worst") or "–")
        shown.add_row(
            f"{model}{' *' if row.origin == 'apart' else ''}{MARK if model in sampled else ''}",
            *(
                _number(row, key) + _interval(row.values.get(key))
                for key in ("clean_top1", *(("corrupted_top1", "drop") if corrupted else ()))
            ),
            *([worst] if corrupted else []),
            style="dim" if row.origin == "apart" else None,
        )
    apart = [f"* {one.what} is not comparable with the others: {one.reason}" for one in together.left_out]
    apart += [f"{one.what}: {one.reason}" for one in caution(called, together)]
    parts = [note(name, sample) for name, sample in sampled.items()]
    shown.caption = "\n".join(["brackets: 95% intervals over the source images", *parts, *apart])
    return shown


def of_outsiders(found: Outsiders) -> str:
    """What the best score of each run tells of images from outside."""
    said = []
    for name, scores in found.told.items():
        score, told = max(scores.items(), key=lambda item: item[1].auroc.value)
        ends = (
            f"{100 * one.value:.1f}% ({100 * one.low:.1f} to {100 * one.high:.1f})"
            for one in (told.auroc, told.fpr)
        )
        said.append("{} by {}: AUROC {}, FPR95 {}".format(name, score, *ends))
    return f"{found.name} from outside, {several(found.outside, 'image')}: {'; '.join(said)}"


def in_one_line(together: Comparison, shift: str) -> str:
    """A run alone: clean, under a shift, and what it loses, each with its interval."""
    name, said = together.names[0], []
    if together.clean:
        said.append(("clean", together.accuracy(name, "clean")))
    said.append((shift.replace("_", " "), together.accuracy(name, ALL)))
    if together.clean:
        said.append(("drop", together.drop(name)))
    parts = [f"{what} {number(100 * one.value)} ({between(one.times(100))})" for what, one in said]
    return f"top-1, %: {', '.join(parts)}; {several(together.accuracy(name, ALL).n, 'image')}"


def shifts(runs: Sequence[Run]) -> Table | None:
    """A row for each model, a column for each shift; None where there are fewer than two."""
    source = every_shift.table(dict(zip(names(runs), runs, strict=True)))
    if source is None:
        return None
    shown = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title_justify="left", caption_justify="left"
    )
    shown.title, shown.title_style = "every shift", "bold"
    for column in source.columns:
        heading = column.heading.replace(", % (", " (") if column.numeric else column.heading
        shown.add_column(heading, justify="right" if column.numeric else "left")
    for row in source.rows:
        shown.add_row(
            *(
                column.text(row.values.get(column.key))
                + (_interval(row.values.get(column.key)).replace(" ", "\n", 1) if column.numeric else "")
                for column in source.columns
            )
        )
    shown.caption = "top-1 (%), or what the heading says; brackets: 95% intervals over the source images"
    return shown


def plain(source: Source, keys: Sequence[str] = ()) -> Table:
    """A report's table as it is, each value with its interval; or those of its columns that ``keys`` names."""
    shown = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title_justify="left", caption_justify="left"
    )
    shown.title, shown.title_style = source.title, "bold"
    columns = [column for column in source.columns if not keys or column.key in keys]
    for column in columns:
        shown.add_column(column.heading, justify="right" if column.numeric else "left")
    for row in source.rows:
        cells = [(column, row.values.get(column.key)) for column in columns]
        shown.add_row(*(column.text(value) + _ends(column, value) for column, value in cells))
    shown.caption = "\n".join(source.notes)
    return shown


def backgrounds(outcome: Reliance) -> Table:
    """Experiment 4 of one model: a row for each variant, then the gaps."""
    shown = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title_justify="left", caption_justify="left"
    )
    shown.title = (
        f"{outcome.model}: top-1 (%) of the same foregrounds on different backgrounds, {outcome.protocol}"
    )
    shown.title_style = "bold"
    for heading in ("variant", "top-1", "95%", "predicted the\nbackground’s class", "images"):
        shown.add_column(heading, justify="left" if heading == "variant" else "right", no_wrap=True)
    for variant, share in outcome.accuracy.items():
        one, pull = share.times(100), outcome.pulls.get(variant)
        says = f"{100 * pull.background.value:.1f}% (n = {pull.n:,})" if pull else ""
        shown.add_row(variant, f"{one.value:.1f}", f"{one.low:.1f}–{one.high:.1f}", says, f"{one.n:,}")
    signed = Column("gap", "gap", "+.1f")
    for name, share in outcome.gaps.items():
        one = share.times(100)
        shown.add_row(
            " − ".join(GAPS[name]),
            signed.text(one),
            signed.interval(one),
            "",
            f"{one.n:,}",
        )
    said = leaked(outcome.record)
    shown.caption = "Intervals are over foregrounds; all variants of a foreground count as one draw." + (
        f"\n{said}" if said else ""
    )
    return shown


def changes(done: Sequence[Change]) -> Table:
    """Experiment 3 of one model: a row for each fine-tuning, the published row, and sentences about them."""
    shown = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title_justify="left", caption_justify="left"
    )
    model = done[0].after.model
    shown.title = f"{model}, fine-tuned on corrupted images: top-1 (%) of the same images before and after"
    shown.title_style = "bold"
    for heading in ("protocol", "corrupted", "gain", "clean", "seen", "images"):
        shown.add_column(heading, justify="left" if heading == "protocol" else "right", no_wrap=True)
    for row in finetune_tables.summary({model: done}).rows:
        ours = row.origin == "ours"
        shown.add_row(
            str(row.values["name"]) if ours else "the study's",
            f"{_number(row, 'before')} → {_number(row, 'after')}",
            _number(row, "gain", "+.1f") + _interval(row.values.get("gain"), "+.1f"),
            f"{_number(row, 'clean_before')} {_number(row, 'clean_gain', '+.1f')}" if ours else "",
            f"{_number(row, 'seen_images', '.0f')}%",
            _number(row, "images", ",d"),
            style=None if ours else "dim",
        )
    said = [
        "brackets: 95% interval over the source images; seen: share of the tested source images that were in"
        " training or validation"
    ]
    shown.caption = "\n".join([*said, *finetune_tables.sentences(done)])
    return shown


def _ends(column: Column, value: Value) -> str:
    found = column.interval(value)
    return f" ({found})" if found else ""


def _number(row: Row, key: str, style: str = ".1f") -> str:
    return Column(key, key, style).text(row.values.get(key))


def _interval(value: Value, style: str = ".1f") -> str:
    return _ends(Column("", "", style), value)
