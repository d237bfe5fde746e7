"""Calibration: does confidence match accuracy? Reliability diagrams, clean and corrupted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from withstand.report.canvas import drawing, in_lines
from withstand.report.marks import tell, words
from withstand.report.section import Context, Drawing, Picture, Section
from withstand.report.style import FAINT, INK, PAPER, Look
from withstand.report.table import IMAGES, MODEL, Column, Row, Table, Value
from withstand.results.conditions import CLEAN, Condition
from withstand.results.metrics import BINS, METRICS, bins_together, calibration_of
from withstand.results.metrics.ranking import COVERAGE
from withstand.statistics import Estimate, mean_over_conditions

PLACE = 55


@dataclass(frozen=True, eq=False)
class Answered:
    """What a model's answers under some conditions say: the marks of its diagram, its mean confidence, and its ECE."""

    curve: NDArray[np.float64]
    confidence: Estimate
    error: Estimate


_LEAD = (
    "A calibrated model is right in 80% of the cases in which its confidence is 80%: its marks lie on the diagonal."
    f" Marks below the diagonal show overconfidence. Each mark is one of at most {BINS} bins, each with the same number"
    " of predictions, ten or more. ECE, the expected calibration error, is the mean distance from the diagonal in"
    " points, over all these predictions together, minus what chance adds to it."
)

_HEADINGS = {"clean": "clean images", "corrupted": "under corruption"}
_OTHERS = (
    "Means over the conditions; lower is better but for the last. NLL is in nats. The Brier score lies between 0 and 2."
    " AURC lies between 0 and 1: it is the error rate among the most confident predictions, averaged over how many are"
    f" kept. The last is accuracy on the most confident {100 * COVERAGE:.0f}%, 0 to 1; higher is better."
)


def section(context: Context) -> Section | None:
    together = context.together
    groups = _groups(context)
    if not groups or together.sampled:
        return None
    found = {
        name: {group: _answered(context, name, members) for group, members in groups.items()}
        for name in together.ranking
    }
    pictures = [
        Picture(
            f"reliability-{name}",
            f"{name}: accuracy against confidence, in bins of equal mass; open marks: clean, filled: corrupted.",
            Drawing.of(
                draw, name, {group: one.curve for group, one in answered.items()}, context.looks[name]
            ),
            captioned=False,
            model=name,
        )
        for name, answered in found.items()
    ]
    return Section(
        "calibration",
        "Calibration: does confidence match accuracy?",
        _LEAD,
        pictures,
        tables=[_table(context, found), _others(context, groups)],
    )


def reliability(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], place: NDArray[np.integer]
) -> NDArray[np.float64]:
    """The marks of the diagram: the bins of equal mass (Nguyen & O'Connor, 2015) that ``metrics.calibration`` has.

    Args:
        confidence: one for each answer, 0 to 1.
        right: whether it was right.
        place: the bin of each answer.

    Returns:
        float64 B×3: share of the answers, mean confidence, share right.
    """
    count = np.bincount(place)
    held = count > 0  # bins whose answers are all as confident as those of another are one
    sums = (np.bincount(place, values.astype(np.float64)) for values in (confidence, right))
    return np.stack([count[held] / len(place), *(total[held] / count[held] for total in sums)], axis=1)


def _groups(context: Context) -> dict[str, tuple[Condition, ...]]:
    together = context.together
    groups = {"clean": (CLEAN,)} if together.clean else {}
    return groups | ({"corrupted": together.conditions} if together.conditions else {})


def _answered(context: Context, name: str, conditions: Sequence[Condition]) -> Answered:
    run = context.together.run(name)
    right = run.scores.of("top1", conditions, context.together.ids) > 0
    sure = context.answers[name].under(conditions).confidence
    place = bins_together(sure)
    # One value per answer; all the answers to one source image are one draw.
    gaps = calibration_of(sure, right, place=place)
    return Answered(
        reliability(sure.T.ravel(), right.T.ravel(), place.T.ravel()),
        mean_over_conditions(sure),
        mean_over_conditions(gaps, METRICS["ece"].bounds).within(0, 1),
    )


def _table(context: Context, found: Mapping[str, Mapping[str, Answered]]) -> Table:
    rows = []
    for name, groups in found.items():
        values: dict[str, Value] = {"model": name, "images": len(context.together.ids)}
        for group, one in groups.items():
            values[f"{group}_confidence"] = one.confidence.times(100)
            values[f"{group}_right"] = context.together.accuracy(name, group).times(100)
            values[f"{group}_ece"] = one.error.times(100)
        rows.append(Row(values))
    columns = [MODEL]
    for group in next(iter(found.values())):
        said = _HEADINGS[group]
        columns += [
            Column(f"{group}_confidence", "confidence, %", ".1f", said),
            Column(f"{group}_right", "accuracy, %", ".1f", said),
            Column(f"{group}_ece", "ECE, points", ".1f", said),
        ]
    title, note = "Confidence and accuracy", _arithmetic(context)
    return Table("calibration", title, [*columns, IMAGES], rows, [note])


def _arithmetic(context: Context) -> str:
    """The arithmetic in which the probabilities were computed: unlike top-1, they change with every rounding."""
    runs = {name: context.runs[name].provenance for name in context.together.names}
    used = {name: str(record.get("precision") or "not on record") for name, record in runs.items()}
    if len(set(used.values())) == 1:
        return f"Arithmetic of the probabilities: {next(iter(used.values()))}."
    return f"Arithmetic of the probabilities: {'; '.join(f'{name}, {how}' for name, how in used.items())}."


def _others(context: Context, groups: Collection[str]) -> Table:
    """The other metrics of probabilities."""
    metrics = ("nll", "brier", "aurc", "selective")
    rows = [
        Row(
            {
                "model": name,
                "images": len(context.together.ids),
                **{f"{g}_{m}": context.together.accuracy(name, g, m) for g in groups for m in metrics},
            }
        )
        for name in context.together.ranking
    ]
    columns = [Column(f"{g}_{m}", METRICS[m].title, ".3f", _HEADINGS[g]) for g in groups for m in metrics]
    notes = [_OTHERS, _arithmetic(context)]
    title = "Other metrics of the probabilities"
    return Table("probabilities", title, [MODEL, *columns, IMAGES], rows, notes)


def draw(name: str, curves: dict[str, NDArray[np.float64]], look: Look) -> Figure:
    """Accuracy against confidence: open marks clean, filled corrupted; a calibrated model lies on the diagonal."""
    with drawing(f"reliability-{name}"):
        figure = Figure(figsize=(4.2, 3.9))
        axes = figure.subplots()
        title = in_lines(name, 34)
        axes.set_title(title)
        axes.plot([0, 100], [0, 100], color=FAINT, linewidth=1.2, zorder=1)
        for group, binned in curves.items():
            clean = group == "clean"
            (line,) = axes.plot(
                100 * binned[:, 1],
                100 * binned[:, 2],
                marker=look.marker,
                color=look.colour,
                linestyle=(0, (3, 2)) if clean else "-",
                markerfacecolor=PAPER if clean else look.colour,
                markersize=5,
                linewidth=1.2 if clean else 1.8,
                label=group,
            )
            says = [
                f"{words(name, group, value=100 * right)} right at {100 * sure:.1f}% confidence"
                for _, sure, right in binned.tolist()
            ]
            tell(line, look, says=says)
        axes.set_xlim(0, 102)
        axes.set_ylim(0, 102)
        axes.set_aspect("equal")
        axes.set_xlabel("Confidence, %")
        axes.set_ylabel("Accuracy, %")
        axes.legend(loc="upper left", labelcolor=INK)
        figure.subplots_adjust(left=0.14, right=0.98, top=0.92 - 0.045 * title.count("\n"), bottom=0.13)
    return figure
