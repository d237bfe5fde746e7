"""Reliance on backgrounds: experiment 4's table beside what was published, the answers that follow the background,
examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from withstand.analysis.backgrounds.measures import by_class
from withstand.analysis.backgrounds.reliance import GAPS, Reliance, leaked, reliances
from withstand.backgrounds.variants import VARIANTS
from withstand.report import background_figures, sheet
from withstand.report.published import published
from withstand.report.section import Context, Picture, Section
from withstand.report.table import MODEL, Column, Row, Table, Value
from withstand.report.wording import spaced
from withstand.results.runs import LeftOut, Run

PLACE = 65

_LEAD = (
    "The same foregrounds, each in several surroundings. BG-gap is the top-1 on backgrounds of the object’s own class"
    " less that on backgrounds of a random class: what the background’s class is worth. The study’s gap, original less"
    " mixed rand, starts from the original picture instead, so it also counts the traces of cutting out. Intervals are"
    " at 95% and over foregrounds, all pictures of one together. With {classes} classes top-5 says little, so it is"
    " left out."
)
_PROTOCOLS = {
    "grouped": "each foreground is tested once, by a model that has never seen it in any variant",
    "published": "the study’s split",
    "trained": "the model of experiment 1, on foregrounds that it was not trained on",
    "zero_shot": "the pretrained model as it is, its outputs mapped to the classes",
}


def section(context: Context) -> Section | None:
    found = [(name, one) for name, run in context.runs.items() for one in reliances(run)]
    if not found:
        return None
    named = {label(name, one, found): one for name, one in found}
    looks = {label(name, one, found): context.looks[name] for name, one in found}
    pictures = [
        Picture(
            "backgrounds",
            "Top-1 in each variant; the pale bars are 95% intervals.",
            background_figures.draw(named, looks),
        )
    ]
    pictures += _sheets(list(context.runs.values()))
    pictures += [
        Picture(
            f"pull-{one.model}-{one.protocol}",
            f"{called}, on random backgrounds: how often the background’s class is answered (%), by the class of"
            " the object and of the background; on the diagonal they are one.",
            background_figures.draw_pull(one, called),
        )
        for called, one in named.items()
        if background_figures.enough(one)
    ]
    classes = len(found[0][1].classes)
    tables = [table(found), *pulls(named), *mapped(named), *per_class(named)]
    return Section(
        "backgrounds",
        "Reliance on backgrounds",
        _LEAD.format(classes=classes),
        pictures,
        tables,
        [LeftOut(called, note) for called, one in named.items() for note in one.record.get("notes", ())],
    )


def label(name: str, one: Reliance, found: Sequence[tuple[str, Reliance]]) -> str:
    """The model, and the protocol where there are several."""
    several = len({other.protocol for _, other in found}) > 1
    return f"{name}, {spaced(one.protocol)}" if several else name


def table(found: Sequence[tuple[str, Reliance]]) -> Table:
    """The study's table: top-1 in each variant and the gaps, a row a model and protocol, the published row under it."""
    theirs, rows = published()["backgrounds"], []
    for name, one in found:
        values: dict[str, Value] = {"model": name, "protocol": spaced(one.protocol)}
        values |= {variant: share.times(100) for variant, share in one.accuracy.items()}
        values |= {gap: share.times(100) for gap, share in one.gaps.items()}
        values["foregrounds"] = int(one.record["foregrounds"])
        rows.append(Row(values, "apart" if leaked(one.record) else "ours"))
        model = theirs["models"].get(one.model)
        if model is not None:
            rows.append(Row({"model": f"{one.model}, published", **model}, "published"))
    shown = [v for v in VARIANTS if any(v in one.accuracy for _, one in found)]
    columns = [MODEL, Column("protocol", "protocol"), *(Column(v, spaced(v), ".1f") for v in shown)]
    columns += [Column("bg_gap", "BG-gap", "+.1f"), Column("study_gap", "study’s gap", "+.1f")]
    columns.append(Column("foregrounds", "foregrounds", ",d"))
    protocols = dict.fromkeys(one.protocol for _, one in found)
    notes = [
        f"{spaced(protocol)}: {_PROTOCOLS[protocol]}." for protocol in protocols if protocol in _PROTOCOLS
    ]
    notes += [
        f"* {name}, {spaced(one.protocol)}: {leaked(one.record)}."
        for name, one in found
        if leaked(one.record)
    ]
    notes += [said for _, one in found for said in _seen(one)]
    if any(row.origin == "published" for row in rows):
        notes.append(
            f"Published rows: {theirs['source']}, on 4,050 foregrounds. They come without intervals."
        )
    return Table("backgrounds", "Top-1 on other backgrounds", columns, rows, list(dict.fromkeys(notes)))


def _seen(one: Reliance) -> list[str]:
    """Backgrounds that were cut from pictures trained on."""
    share = one.record.get("leak", {}).get("mixed_rand", {}).get("background_trained", 0)
    if not share:
        return []
    return [
        f"{spaced(one.protocol)}: the backgrounds of {100 * share:.0f}% of the pictures in mixed rand were cut from"
        " originals that the model was trained on."
    ]


def pulls(named: dict[str, Reliance]) -> list[Table]:
    """What is answered where object and background are of different classes."""
    rows = []
    for called, one in named.items():
        for variant, pull in one.pulls.items():
            shares = {key: getattr(pull, key).times(100) for key in ("foreground", "background", "other")}
            rows.append(Row({"model": called, "variant": spaced(variant), **shares, "images": pull.n}))
    columns = [MODEL, Column("variant", "variant"), Column("foreground", "says the object", ".1f")]
    columns += [Column("background", "says the background", ".1f"), Column("other", "says neither", ".1f")]
    columns.append(Column("images", "images", ",d"))
    title = "What is answered where object and background are of different classes, %"
    return [Table("background-pull", title, columns, rows)] if rows else []


def mapped(named: dict[str, Reliance]) -> list[Table]:
    """``zero_shot`` alone: answers outside the classes, and top-1 where the choice is restricted to them."""
    rows = []
    for called, one in named.items():
        for variant, share in one.outside.items():
            inside = one.restricted[variant].times(100)
            values: dict[str, Value] = {"outside": share.times(100), "restricted": inside, "images": share.n}
            rows.append(Row({"model": called, "variant": spaced(variant), **values}))
    columns = [MODEL, Column("variant", "variant"), Column("outside", "answers outside the classes", ".1f")]
    columns += [
        Column("restricted", "top-1 among the classes’ outputs", ".1f"),
        Column("images", "images", ",d"),
    ]
    return [Table("background-outside", "Zero shot: outside the classes, %", columns, rows)] if rows else []


def per_class(named: dict[str, Reliance]) -> list[Table]:
    """Top-1 of each class on same and on random backgrounds."""
    rows = []
    for called, one in named.items():
        if not set(GAPS["bg_gap"]) <= set(one.predictions):
            continue
        same, rand = (by_class(one.predictions[v], len(one.classes)) for v in GAPS["bg_gap"])
        for name, on_same, on_rand in zip(one.classes, same, rand, strict=True):
            if on_same is not None and on_rand is not None:
                shares = {"mixed_same": on_same.times(100), "mixed_rand": on_rand.times(100)}
                rows.append(Row({"model": called, "class": name, **shares, "images": on_rand.n}))
    columns = [MODEL, Column("class", "class"), Column("mixed_same", "mixed same", ".1f")]
    columns += [Column("mixed_rand", "mixed rand", ".1f"), Column("images", "images", ",d")]
    return [Table("background-classes", "Top-1 by class, %", columns, rows)] if rows else []


def _sheets(runs: Sequence[Run]) -> list[Picture]:
    """A few foregrounds in every variant, as the first run that has them keeps them."""
    for run in runs:
        path = Path(run.folder) / "background" / "examples.npz"
        if path.is_file():
            with np.load(path, allow_pickle=False) as content:
                rows = [int(label) for label in content["labels"]][:3]
                shown = {v: content[v][: len(rows)] for v in VARIANTS if v in content.files}
            names = [run.classes[row] for row in rows]
            return [
                Picture(
                    "background-examples",
                    "One foreground of three classes in each variant.",
                    sheet.draw(shown, names),
                )
            ]
    return []
