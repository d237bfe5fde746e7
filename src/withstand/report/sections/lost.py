"""Images that all models classify correctly when clean and misclassify when corrupted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from withstand.analysis.comparison import Comparison
from withstand.base.errors import UserError
from withstand.report import losses
from withstand.report.section import Context, Example, Gallery, Section, Shot
from withstand.report.table import Column, Row, Table
from withstand.report.wording import spaced, variants
from withstand.results import thumbnails
from withstand.results.conditions import CLEAN, Condition
from withstand.results.runs import LeftOut
from withstand.results.thumbnails import SEVERITY, Thumbnails
from withstand.statistics import clopper_pearson

PLACE = 45

_SHOWN = 12


def section(context: Context) -> Section | None:
    together = context.together
    conditions = [Condition("corruption", name, SEVERITY) for name in variants(together)]
    conditions = [condition for condition in conditions if condition in together.conditions]
    if not together.clean or not conditions or together.sampled:
        return None
    lost = lost_by_all(together, conditions)
    sheets, damaged = _sheets(together)
    examples = _examples(context, conditions, lost, sheets)
    everyone = "all models get" if len(together.names) > 1 else f"{together.names[0]} gets"
    lead = (
        f"Images that {everyone} right when clean and wrong at severity {SEVERITY}:"
        f" {lost.sum():,} of {lost.size:,} pairs of an image and a corruption."
    )
    explored = losses.gallery(context, conditions, sheets)
    gallery = Gallery(
        "lost",
        f"Each image, clean and corrupted at severity {SEVERITY}, with the predictions of the models.",
        examples,
    )
    return Section(
        "lost",
        "Right when clean, wrong when corrupted",
        lead,
        tables=[_table(together, conditions, lost)],
        galleries=[*([gallery] if examples else []), *([explored] if explored else [])],
        left_out=[*damaged, *_reasons(sheets, lost, examples)],
    )


def _sheets(together: Comparison) -> tuple[list[Thumbnails], list[LeftOut]]:
    """Those that the runs have, and those that cannot be read: the report goes without these."""
    sheets, damaged = [], []
    for run in together.runs:
        try:
            sheet = thumbnails.load(run.folder / thumbnails.FILE)
        except UserError as error:
            damaged.append(LeftOut(f"the pictures of {run.folder.name}", str(error)))
            continue
        sheets += [sheet] if sheet else []
    return sheets, damaged


def lost_by_all(together: Comparison, conditions: Sequence[Condition]) -> NDArray[np.bool_]:
    """N×C: whether every model is right on the clean image and wrong under the condition."""
    lost = np.ones((len(together.ids), len(conditions)), bool)
    for run in together.runs:
        lost &= run.scores.of("top1", [CLEAN], together.ids) > 0
        lost &= run.scores.of("top1", conditions, together.ids) == 0
    return lost


def _table(together: Comparison, conditions: Sequence[Condition], lost: NDArray[np.bool_]) -> Table:
    n = len(together.ids)
    shares = [clopper_pearson(int(count), n).times(100) for count in lost.sum(axis=0)]
    rows = [
        Row({"corruption": spaced(condition.variant), "share": share, "lost": int(count), "images": n})
        for condition, share, count in zip(conditions, shares, lost.sum(axis=0), strict=True)
    ]
    rows.sort(key=lambda row: -int(str(row.values["lost"])))
    columns = [
        Column("corruption", "corruption"),
        Column("share", "wrong for all models, %", ".1f"),
        Column("lost", "number wrong", ",d"),
        Column("images", "images", ",d"),
    ]
    return Table("lost", f"Right when clean, wrong for all models at severity {SEVERITY}", columns, rows)


def _examples(
    context: Context,
    conditions: Sequence[Condition],
    lost: NDArray[np.bool_],
    sheets: Sequence[Thumbnails],
) -> list[Example]:
    """At most ``_SHOWN``, each of another image; the corruptions take turns, the one that costs most first."""
    ids = context.together.ids
    columns = np.argsort(-lost.sum(axis=0), kind="stable")
    waiting = {
        conditions[column]: [
            (row, sheet)
            for row in np.flatnonzero(lost[:, column])
            if (sheet := _sheet_with(sheets, int(ids[row]), conditions[column]))
        ]
        for column in columns
    }
    examples: list[Example] = []
    used: set[int] = set()
    while any(waiting.values()):
        for condition, pairs in waiting.items():
            while pairs and (row := int(pairs[0][0])) in used:
                pairs.pop(0)
            if pairs:
                used.add(row)
                examples.append(_example(context, condition, row, pairs.pop(0)[1]))
    return examples[:_SHOWN]


def _sheet_with(sheets: Sequence[Thumbnails], one: int, condition: Condition) -> Thumbnails | None:
    return next((sheet for sheet in sheets if (one, condition) in sheet and (one, CLEAN) in sheet), None)


def _example(context: Context, condition: Condition, row: int, sheet: Thumbnails) -> Example:
    together = context.together
    run, one = together.runs[0], int(together.ids[row])
    truth = run.scores.labels[np.searchsorted(run.scores.ids, one)]
    said = [
        (name, context.class_name(int(context.answers[name].under([condition]).chosen[row, 0])))
        for name in together.ranking
    ]
    shots = [Shot(sheet[one, CLEAN], "clean"), Shot(sheet[one, condition], spaced(condition.variant))]
    return Example(context.class_name(int(truth)), shots, said, {"corruption": [spaced(condition.variant)]})


def _reasons(
    sheets: Sequence[Thumbnails], lost: NDArray[np.bool_], examples: Sequence[Example]
) -> list[LeftOut]:
    if examples or not lost.any():
        return []
    if not sheets:
        reason = f"no run has {thumbnails.FILE}; give its command again, which takes a moment"
    else:
        reason = "none of the few images with a thumbnail is wrong for all models"
    return [LeftOut("pictures of images that are wrong when corrupted", reason)]
