"""Reliance on backgrounds: experiment 4's table beside the published one, predictions of the background's class, and
examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.backgrounds.measures import by_class
from withstand.analysis.backgrounds.reliance import GAPS, Reliance, leaked, reliances
from withstand.backgrounds.variants import VARIANTS
from withstand.base import files
from withstand.images import npy
from withstand.report import background_figures, sheet
from withstand.report.published import published
from withstand.report.section import Context, Picture, Section
from withstand.report.table import MODEL, Column, Row, Table, Value
from withstand.report.wording import spaced
from withstand.results.run import Run
from withstand.results.runs import LeftOut

PLACE = 65

_LEAD = (
    "Each foreground is tested on several backgrounds. The BG-gap is top-1 on backgrounds of the object’s own class"
    " minus top-1 on backgrounds of a random class: how much accuracy depends on the background’s class. The study’s"
    " gap, original minus mixed rand, starts from the original picture, so it also includes the artefacts of cutting"
    " out. Intervals are at 95% and over foregrounds; all pictures of one foreground count as one draw. With {classes}"
    " classes top-5 says little, so it is left out."
)
_PROTOCOLS = {
    "grouped": "each foreground is tested once, by a model that has not seen it in any variant",
    "published": "the study’s split",
    "trained": "the model of experiment 1, on foregrounds that it was not trained on",
    "zero_shot": "the pretrained model without further training, its outputs mapped to the classes",
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
            "Top-1 in each variant; pale bars: 95% intervals.",
            background_figures.draw(named, looks),
        )
    ]
    left_out = [
        LeftOut(called, note) for called, one in named.items() for note in one.record.get("notes", ())
    ]
    pictures += _sheets(list(context.runs.values()), left_out)
    pictures += [
        Picture(
            f"pull-{one.model}-{one.protocol}",
            f"{called}, on random backgrounds: how often it predicts the background’s class (%), by the class of"
            " the object and of the background. On the diagonal the two classes are equal.",
            background_figures.draw_pull(one, called),
            model=name,
        )
        for (name, _), (called, one) in zip(found, named.items(), strict=True)
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
        left_out,
    )


def label(name: str, one: Reliance, found: Sequence[tuple[str, Reliance]]) -> str:
    """The model, and the protocol where there are several."""
    several = len({other.protocol for _, other in found}) > 1
    return f"{name}, {spaced(one.protocol)}" if several else name


def table(found: Sequence[tuple[str, Reliance]]) -> Table:
    """The study's table: top-1 in each variant and the gaps, by model and protocol, with the published rows."""
    theirs, rows = published()["backgrounds"], []
    for name, one in found:
        values: dict[str, Value] = {"model": name, "protocol": spaced(one.protocol)}
        values |= {variant: share.times(100) for variant, share in one.accuracy.items()}
        values |= {gap: share.times(100) for gap, share in one.gaps.items()}
        values["foregrounds"] = int(one.record.get("foregrounds", 0)) or None
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
            f"Published rows: {theirs['source']}, on 4,050 foregrounds. No intervals were published."
        )
    return Table("backgrounds", "Top-1 on other backgrounds", columns, rows, list(dict.fromkeys(notes)))


def _seen(one: Reliance) -> list[str]:
    """Which share of the backgrounds comes from pictures of the training set."""
    share = one.record.get("leak", {}).get("mixed_rand", {}).get("background_trained", 0)
    if not share:
        return []
    return [
        f"{spaced(one.protocol)}: the backgrounds of {100 * share:.0f}% of the pictures in mixed rand come from"
        " originals that the model was trained on."
    ]


def pulls(named: dict[str, Reliance]) -> list[Table]:
    """What is predicted where object and background differ in class."""
    rows = []
    for called, one in named.items():
        for variant, pull in one.pulls.items():
            shares = {key: getattr(pull, key).times(100) for key in ("foreground", "background", "other")}
            rows.append(Row({"model": called, "variant": spaced(variant), **shares, "images": pull.n}))
    columns = [
        MODEL,
        Column("variant", "variant"),
        Column("foreground", "predicted the object’s class", ".1f"),
    ]
    columns.append(Column("background", "predicted the background’s class", ".1f"))
    columns.append(Column("other", "predicted another class", ".1f"))
    columns.append(Column("images", "images", ",d"))
    title = "Predictions where object and background differ in class, %"
    return [Table("background-pull", title, columns, rows)] if rows else []


def mapped(named: dict[str, Reliance]) -> list[Table]:
    """``zero_shot`` only: predictions outside the classes, and top-1 where the choice is restricted to them."""
    rows = []
    for called, one in named.items():
        for variant, share in one.outside.items():
            inside = one.restricted[variant].times(100)
            values: dict[str, Value] = {"outside": share.times(100), "restricted": inside, "images": share.n}
            rows.append(Row({"model": called, "variant": spaced(variant), **values}))
    columns = [
        MODEL,
        Column("variant", "variant"),
        Column("outside", "predictions outside the classes", ".1f"),
    ]
    columns += [
        Column("restricted", "top-1 among the classes’ outputs", ".1f"),
        Column("images", "images", ",d"),
    ]
    return (
        [Table("background-outside", "Zero-shot predictions outside the classes, %", columns, rows)]
        if rows
        else []
    )


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


def _sheets(runs: Sequence[Run], left_out: list[LeftOut]) -> list[Picture]:
    """A few foregrounds in every variant, as the first run that has them keeps them."""
    for run in runs:
        path = Path(run.folder) / "background" / "examples.npz"
        if path.is_file():
            try:
                rows, shown = _examples(path, len(run.classes))
            except files.BAD as error:
                said = files.damaged(path, error, "experiment=background makes it again")
                left_out.append(LeftOut("the foregrounds in every variant", str(said)))
                continue
            names = [run.classes[row] for row in rows]
            return [
                Picture(
                    "background-examples",
                    "One foreground of each of three classes, in each variant.",
                    sheet.draw(shown, names),
                )
            ]
    return []


def _examples(path: Path, classes: int) -> tuple[list[int], dict[str, NDArray[np.uint8]]]:
    """The labels of three foregrounds at most, and these in each variant.

    Raises:
        ValueError: the file is damaged.
    """
    content = npy.archive(path)
    labels = content.get("labels", np.empty(0))
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not ((labels >= 0) & (labels < classes)).all():
        raise ValueError("it has no labels of the classes")
    pictures = {v: content[v] for v in VARIANTS if v in content}
    for name, one in pictures.items():
        if one.dtype != np.uint8 or one.ndim != 4 or len(one) != len(labels) or one.shape[3] != 3:
            raise ValueError(f"{name} holds {one.dtype} {one.shape}")
    if not len(labels) or not pictures:
        raise ValueError("it is empty")
    rows = [int(label) for label in labels[:3]]
    return rows, {name: one[: len(rows)] for name, one in pictures.items()}
