"""Does a model know when it is wrong? Reliability diagrams, clean and corrupted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from withstand.conditions import CLEAN, Condition
from withstand.report.canvas import drawing
from withstand.report.section import Context, Picture, Section
from withstand.report.style import FAINT, INK, PAPER, Look
from withstand.report.table import IMAGES, MODEL, Column, Row, Table, Value

PLACE = 60
BINS = 15

_LEAD = (
    "A model that says 80% should be right in 80% of such cases: on the diagonal. Below it, it is surer than right."
    f" Each mark is one of {BINS} bins with equally many answers. ECE, the expected calibration error, is the mean"
    " distance from the diagonal in points."
)


def section(context: Context) -> Section | None:
    together = context.together
    groups = _groups(context)
    if not groups or together.sampled:
        return None
    curves = {
        name: {group: reliability(*_answers(context, name, members)) for group, members in groups.items()}
        for name in together.ranking
    }
    pictures = [
        Picture(
            f"reliability-{name}",
            f"{name}: share right against confidence, in bins of equal mass; open: clean, filled: corrupted.",
            draw(name, found, context.looks[name]),
            captioned=False,
        )
        for name, found in curves.items()
    ]
    return Section(
        "calibration", "Does it know when it is wrong?", _LEAD, pictures, tables=[_table(context, curves)]
    )


def reliability(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS
) -> NDArray[np.float64]:
    """Bins of equal mass by confidence (Nguyen & O'Connor, 2015).

    Args:
        confidence: one for each answer, 0 to 1.
        right: whether it was right.
        bins: at most so many.

    Returns:
        float64 B×3: share of the answers, mean confidence, share right.
    """
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return np.array(
        [
            (len(part) / len(order), confidence[part].mean(dtype=np.float64), right[part].mean())
            for part in parts
        ]
    )


def calibration_error(binned: NDArray[np.float64]) -> float:
    """The expected calibration error, 0 to 1: the bins' mean distance of confidence and share right."""
    return float((binned[:, 0] * np.abs(binned[:, 1] - binned[:, 2])).sum())


def _groups(context: Context) -> dict[str, tuple[Condition, ...]]:
    together = context.together
    groups = {"clean": (CLEAN,)} if together.clean else {}
    return groups | ({"corrupted": together.conditions} if together.conditions else {})


def _answers(
    context: Context, name: str, conditions: Sequence[Condition]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Confidence, and whether it was right, of every answer under the conditions."""
    run = context.runs[name]
    right = run.scores.of("top1", conditions, context.together.ids) > 0
    return context.answers[name].under(conditions).confidence.ravel(), right.ravel()


def _table(context: Context, curves: dict[str, dict[str, NDArray[np.float64]]]) -> Table:
    rows = []
    for name, found in curves.items():
        values: dict[str, Value] = {"model": name, "images": len(context.together.ids)}
        for group, binned in found.items():
            share, confidence, right = binned.T
            values[f"{group}_confidence"] = 100 * float(share @ confidence)
            values[f"{group}_right"] = 100 * float(share @ right)
            values[f"{group}_ece"] = 100 * calibration_error(binned)
        rows.append(Row(values))
    columns = [MODEL]
    for group in next(iter(curves.values())):
        said = "clean images" if group == "clean" else "under corruption"
        columns += [
            Column(f"{group}_confidence", "confidence, %", ".1f", said),
            Column(f"{group}_right", "right, %", ".1f", said),
            Column(f"{group}_ece", "ECE, points", ".1f", said),
        ]
    return Table("calibration", "Confidence and how often it is right", [*columns, IMAGES], rows)


def draw(name: str, curves: dict[str, NDArray[np.float64]], look: Look) -> Figure:
    """Share right against confidence: open marks clean, filled corrupted; the diagonal is a model that knows."""
    with drawing(f"reliability-{name}"):
        figure = Figure(figsize=(4.2, 3.9))
        axes = figure.subplots()
        axes.set_title(name)
        axes.plot([0, 100], [0, 100], color=FAINT, linewidth=1.2, zorder=1)
        for group, binned in curves.items():
            clean = group == "clean"
            axes.plot(
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
        axes.set_xlim(0, 102)
        axes.set_ylim(0, 102)
        axes.set_aspect("equal")
        axes.set_xlabel("Confidence, %")
        axes.set_ylabel("Right, %")
        axes.legend(loc="upper left", labelcolor=INK)
        figure.subplots_adjust(left=0.14, right=0.98, top=0.92, bottom=0.13)
    return figure
