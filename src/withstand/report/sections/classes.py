"""Accuracy by class: what each model gets right clean and corrupted, and which classes it confuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from withstand.report import confusion
from withstand.report.canvas import WIDTH, abreast, drawing, margin
from withstand.report.marks import tell, tell_legend, words
from withstand.report.section import Context, Picture, Section
from withstand.report.style import PAPER
from withstand.report.table import IMAGES, MODEL, Column, Row, Table, Value
from withstand.results.conditions import CLEAN
from withstand.results.metrics import NO_NUMBER
from withstand.results.runs import LeftOut
from withstand.statistics import Estimate, clopper_pearson, mean_interval, mean_over_conditions

PLACE = 50

_MOST = 30  # classes that people read
_CONFUSIONS = 3  # a model

Found = Mapping[tuple[str, int, str], Estimate]
"""(model, class, ``clean`` or ``corrupted``) → top-1 in percent."""


def section(context: Context) -> Section | None:
    together = context.together
    if not together.conditions or together.sampled:
        return None
    labels = _labels(context)
    found = _found(context, labels)
    classes = _hardest_first(context, labels, found)
    shown = classes[:_MOST]
    picture = Picture(
        "classes",
        "Top-1 by class, the hardest class first. Open marks: clean images; filled: mean under corruption.",
        _draw(context, shown, found),
    )
    confused = {
        name: confusion.counts(context.answers[name].under(together.conditions).chosen, labels)
        for name in together.ranking
    }
    left_out = [LeftOut("accuracy by class", f"the {_MOST} hardest of {len(classes)} classes are shown")]
    return Section(
        "classes",
        "Accuracy by class",
        "How often each class is recognised, and which classes are most often confused.",
        pictures=[picture],
        tables=[
            _table(context, shown, labels, found),
            _confusions(context, labels, confused),
            *confusion.tables(context, confused, labels),
        ],
        left_out=left_out if len(classes) > _MOST else [],
    )


def _labels(context: Context) -> NDArray[np.int64]:
    scores = context.together.runs[0].scores
    labels: NDArray[np.int64] = scores.labels[np.searchsorted(scores.ids, context.together.ids)]
    return labels


def _found(context: Context, labels: NDArray[np.int64]) -> Found:
    together, found = context.together, {}
    for name in together.names:
        scores = context.together.run(name).scores
        corrupted = scores.image_values("top1", together.conditions, together.ids)
        clean = scores.image_values("top1", [CLEAN], together.ids) if together.clean else None
        for number in np.unique(labels).tolist():
            those = labels == number
            found[name, number, "corrupted"] = mean_interval(corrupted[those]).times(100)
            if clean is not None:
                right = int(clean[those].sum())
                found[name, number, "clean"] = clopper_pearson(right, int(those.sum())).times(100)
    return found


def _hardest_first(context: Context, labels: NDArray[np.int64], found: Found) -> list[int]:
    def mean(number: int) -> float:
        return sum(found[name, number, "corrupted"].value for name in context.together.names)

    return sorted(np.unique(labels).tolist(), key=mean)


def _table(context: Context, classes: Sequence[int], labels: NDArray[np.int64], found: Found) -> Table:
    columns = [Column("class", "class")]
    groups = ("clean", "corrupted") if context.together.clean else ("corrupted",)
    for name in context.together.ranking:
        columns += [Column(f"{name}_{group}", group, ".1f", name) for group in groups]
    rows = []
    for number in classes:
        values: dict[str, Value] = {
            "class": context.class_name(number),
            "images": int((labels == number).sum()),
        }
        for name in context.together.ranking:
            values |= {f"{name}_{group}": found[name, number, group] for group in groups}
        rows.append(Row(values))
    return Table("classes", "Top-1 by class", [*columns, IMAGES], rows)


def _confusions(
    context: Context, labels: NDArray[np.int64], confused: Mapping[str, NDArray[np.int64]]
) -> Table:
    """Which class each model most often predicts for which under corruption, as a share of the class's predictions."""
    rows = []
    for name in context.together.ranking:
        chosen = context.answers[name].under(context.together.conditions).chosen
        table = confused[name]
        shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
        np.fill_diagonal(shares, 0)
        for at in np.argsort(-shares, axis=None, kind="stable")[:_CONFUSIONS].tolist():
            truth, taken = divmod(at, shares.shape[1])
            taken = NO_NUMBER if taken == len(shares) else taken
            if shares.flat[at] > 0:
                rows.append(
                    Row(
                        {
                            "model": name,
                            "class": context.class_name(truth),
                            "taken_for": context.class_name(taken),
                            "share": mean_over_conditions(chosen[labels == truth] == taken).times(100),
                            "images": int((labels == truth).sum()),
                        }
                    )
                )
    columns = [
        MODEL,
        Column("class", "class"),
        Column("taken_for", "predicted as"),
        Column("share", "of its predictions, %", ".1f"),
        IMAGES,
    ]
    notes = [
        "The mistakes were selected because they are frequent on these images; on other images they would be somewhat"
        " less frequent."
    ]
    return Table("confusions", "Most frequent mistakes under corruption", columns, rows, notes)


def _said(context: Context, name: str, number: int, group: str, found: Found) -> str:
    return words(name, context.class_name(number), group, value=found[name, number, group])


def _draw(context: Context, classes: Sequence[int], found: Found) -> Figure:
    names = [context.class_name(number) for number in classes]
    with drawing("classes"):
        ranking = context.together.ranking
        columns = abreast(ranking, 3)
        top = 0.15 + 0.2 * -(-len(ranking) // columns)  # inches for the legend
        figure = Figure(figsize=(WIDTH, 0.65 + top + 0.3 * len(classes)))
        axes = figure.subplots()
        step = 0.5 / max(1, len(ranking))
        for turn, name in enumerate(ranking):
            look = context.looks[name]
            rows = np.arange(len(classes)) + step * (turn - (len(ranking) - 1) / 2)
            for group, fill in (("clean", PAPER), ("corrupted", look.colour)):
                if (name, classes[0], group) not in found:
                    continue
                values = [found[name, number, group].value for number in classes]
                (line,) = axes.plot(
                    values,
                    rows,
                    look.marker,
                    color=look.colour,
                    markerfacecolor=fill,
                    markersize=5.5,
                    label=name if group == "corrupted" else None,
                )
                tell(line, look, says=[_said(context, name, number, group, found) for number in classes])
        axes.set_yticks(range(len(classes)), names)
        axes.set_ylim(len(classes) - 0.4, -0.6)
        axes.grid(visible=True, axis="x")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("Top-1, % (open: clean, filled: under corruption)")
        legend = axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, fontsize=9, borderaxespad=0
        )
        tell_legend(legend, [context.looks[name] for name in ranking])
        height = figure.get_figheight()
        figure.subplots_adjust(left=margin(names), right=0.97, top=1 - top / height, bottom=0.5 / height)
    return figure
