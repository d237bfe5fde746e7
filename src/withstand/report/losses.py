"""Images that some model loses: a choice of the worst, of typical ones, and of those on which models disagree.

A choice, so that a page stays small: from the few images of which a run keeps pictures, at one severity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from withstand.report.section import Context, Example, Gallery, Shot
from withstand.report.wording import spaced
from withstand.results.conditions import CLEAN, Condition
from withstand.results.thumbnails import SEVERITY, Thumbnails

_MOST, _BYTES = 48, 900_000  # examples, and bytes of their pixels: about as many in the page
_AN_IMAGE = 4  # examples of one source image at most
_WORST, _TYPICAL, _APART = "most confident mistake", "typical mistake", "strongest disagreement"


@dataclass(frozen=True, eq=False)
class _Seen:
    """M models' answers to R images under C conditions, and what is made of them: R×C, −1 where nobody is lost."""

    names: Sequence[str]
    rows: NDArray[np.int64]  # of ``Comparison.ids``
    chosen: NDArray[np.int64]  # M×R×C
    confidence: NDArray[np.float64]  # M×R×C
    lost: NDArray[np.bool_]  # M×R×C: right when clean, wrong here
    orders: dict[str, NDArray[np.float64]]


def gallery(
    context: Context, conditions: Sequence[Condition], sheets: Sequence[Thumbnails]
) -> Gallery | None:
    """The examples with what was said, and the facts that a reader may choose by; None where there is none."""
    pictured = _pictures(context, conditions, sheets)
    if not pictured:
        return None
    seen = _seen(context, conditions, sorted({row for row, _ in pictured}))
    examples: list[Example] = []
    size = 0
    for at, column in _chosen(seen, context):
        found = pictured.get((int(seen.rows[at]), column))
        if found is None:
            continue
        size += sum(image.nbytes for image in found)
        if size > _BYTES or len(examples) == _MOST:
            break
        examples.append(_example(context, seen, at, conditions[column], column, found))
    if not examples:
        return None
    caption = (
        f"{len(examples)} of the images that at least one model gets right when clean and wrong at severity {SEVERITY},"
        " with what each model said and its confidence: by turns the most confident mistakes, typical ones (of a"
        " model’s median confidence) and those on which models disagree most, then every class and corruption. Only"
        " images of which a run keeps a picture are shown."
    )
    return Gallery("losses", caption, examples, explored="Images that a model loses, and what was said")


Pictured = dict[tuple[int, int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]


def _pictures(context: Context, conditions: Sequence[Condition], sheets: Sequence[Thumbnails]) -> Pictured:
    """(row of the comparison, column of the conditions) → the image clean and so; the first sheet that has both."""
    ids, found = context.together.ids, {}
    for sheet in sheets:
        rows = {one: int(np.searchsorted(ids, one)) for one in sheet.ids}
        for one, row in rows.items():
            if row == len(ids) or ids[row] != one or (one, CLEAN) not in sheet:
                continue
            for column, condition in enumerate(conditions):
                if (row, column) not in found and (one, condition) in sheet:
                    found[row, column] = sheet[one, CLEAN], sheet[one, condition]
    return found


def _seen(context: Context, conditions: Sequence[Condition], shown: Sequence[int]) -> _Seen:
    together, rows = context.together, np.array(shown)
    names, chosen, confidence, lost, typical = together.ranking, [], [], [], []
    for name in names:
        scores, said = together.run(name).scores, context.answers[name].under(conditions)
        clean = scores.of("top1", [CLEAN], together.ids) > 0
        gone = clean & (scores.of("top1", conditions, together.ids) == 0)
        middle = float(np.median(said.confidence[gone])) if gone.any() else 0.0
        chosen.append(said.chosen[rows])
        confidence.append(said.confidence[rows])
        lost.append(gone[rows])
        typical.append(1 - np.abs(said.confidence[rows] - middle))
    sure, gone = np.stack(confidence), np.stack(lost)
    right = np.stack(
        [together.run(name).scores.of("top1", conditions, together.ids)[rows] > 0 for name in names]
    )
    # As sure as the less sure of the two: one who is right and one who is wrong.
    apart = np.minimum(np.where(gone, sure, -1).max(axis=0), np.where(right, sure, -1).max(axis=0))
    orders = {
        _WORST: np.where(gone, sure, -1).max(axis=0),
        _TYPICAL: np.where(gone, np.stack(typical), -1).max(axis=0),
        _APART: apart,
    }
    return _Seen(names, rows, np.stack(chosen), sure, gone, orders)


def _chosen(seen: _Seen, context: Context) -> Iterator[tuple[int, int]]:
    """Places (row, column) to show, each once: the orders take turns; first each its best, classes and columns next."""
    anybody = seen.lost.any(axis=0)
    places = {
        order: [
            (int(at // values.shape[1]), int(at % values.shape[1]))
            for at in np.argsort(-values, axis=None, kind="stable")
            if values.flat[at] > 0 and anybody.flat[at]
        ]
        for order, values in seen.orders.items()
    }
    labels = _labels(context)[seen.rows]
    firsts: dict[tuple[str, int], tuple[int, int]] = {}
    for row, column in places[_TYPICAL]:
        firsts.setdefault(("class", int(labels[row])), (row, column))
        firsts.setdefault(("column", column), (row, column))
    turns = [place for turn in zip_longest(*places.values()) for place in turn if place is not None]
    begin = _MOST // 3
    used: set[tuple[int, int]] = set()
    counts: dict[int, int] = {}
    for place in chain(turns[:begin], firsts.values(), turns[begin:]):
        if place not in used and counts.get(place[0], 0) < _AN_IMAGE:
            used.add(place)
            counts[place[0]] = counts.get(place[0], 0) + 1
            yield place


def _labels(context: Context) -> NDArray[np.int64]:
    scores = context.together.runs[0].scores
    labels: NDArray[np.int64] = scores.labels[np.searchsorted(scores.ids, context.together.ids)]
    return labels


def _example(
    context: Context,
    seen: _Seen,
    at: int,
    condition: Condition,
    column: int,
    images: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> Example:
    truth, variant = context.class_name(int(_labels(context)[seen.rows[at]])), spaced(condition.variant)
    answered = list(
        zip(
            seen.names,
            seen.chosen[:, at, column].tolist(),
            seen.confidence[:, at, column].tolist(),
            strict=True,
        )
    )
    said = [(name, f"{context.class_name(label)}, {100 * sure:.0f}%") for name, label, sure in answered]
    lost = [name for name, gone in zip(seen.names, seen.lost[:, at, column], strict=True) if gone]
    kept = [name for name, label, _ in answered if context.class_name(label) == truth]
    facts: dict[str, list[str]] = {
        "class": [truth],
        "corruption": [variant],
        "lost by": lost,
        "right for": kept,
    }
    order = {name: round(float(values[at, column]), 4) for name, values in seen.orders.items()}
    return Example(truth, [Shot(images[0], "clean"), Shot(images[1], variant)], said, facts, order)
