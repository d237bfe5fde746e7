"""Accuracy by severity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from withstand.analysis.comparison import Comparison
from withstand.report.canvas import WIDTH, abreast, drawing
from withstand.report.marks import tell, tell_legend, words
from withstand.report.section import Context, Picture, Section
from withstand.report.style import Look
from withstand.report.table import by_group
from withstand.report.wording import levels, points

PLACE = 30


def section(context: Context) -> Section | None:
    together = context.together
    if not levels(together):
        return None
    groups = {"clean": "clean"} if together.clean else {}
    groups |= {f"severity-{severity}": f"severity {severity}" for severity in levels(together)}
    bands = Picture(
        "severity", "Mean top-1 at each severity, with 95% intervals as bands.", draw(together, context.looks)
    )
    table = by_group(together, "severity", "Top-1 by severity", groups)
    return Section("severity", "Accuracy by severity", _lead(together), [bands], [table])


def _lead(together: Comparison) -> str:
    """Who loses most and who least from the lowest severity to the highest, under what was seen at both."""
    first, last = levels(together)[0], levels(together)[-1]
    at = {end: {one.variant for one in together.conditions if one.severity == end} for end in (first, last)}
    both = at[first] & at[last]
    if first == last or not both:
        return ""
    lost = {}
    for name in together.ranking:
        seen = [(one, value) for one, value in together.table(name).items() if one.variant in both]
        means = [np.mean([value for one, value in seen if one.severity == end]) for end in (first, last)]
        lost[name] = 100 * float(means[0] - means[1])
    most, least = max(lost, key=lambda name: lost[name]), min(lost, key=lambda name: lost[name])
    said = f"From severity {first} to {last}, {most} {_lost(lost[most])}"
    return f"{said}, the most, and {least} {_lost(lost[least])}, the least." if most != least else f"{said}."


def _lost(lost: float) -> str:
    return f"gains {points(-lost)}" if lost < 0 else f"loses {points(lost)}"


def draw(together: Comparison, looks: Mapping[str, Look]) -> Figure:
    """Top-1 by severity, clean as severity 0, with the band of the 95% interval."""
    with drawing("severity"):
        columns = abreast(together.names, 2)
        lines = -(-len(together.names) // columns)
        inches = 3.3 + 0.2 * lines
        figure = Figure(figsize=(WIDTH, inches))
        axes = figure.subplots()
        groups: dict[float, str] = {0: "clean"} if together.clean else {}
        groups |= {severity: f"severity-{severity}" for severity in levels(together)}
        for name in together.ranking:
            found = [together.accuracy(name, group).times(100) for group in groups.values()]
            look = looks[name]
            low, high = [one.low for one in found], [one.high for one in found]
            tell(axes.fill_between(list(groups), low, high, color=look.colour, alpha=0.16, lw=0), look)
            (line,) = axes.plot(
                list(groups), [one.value for one in found], color=look.colour, marker=look.marker, label=name
            )
            where = [group.replace("severity-", "severity ") for group in groups.values()]
            says = [words(name, place, value=one) for place, one in zip(where, found, strict=True)]
            tell(line, look, says=says)
        axes.set_xticks(list(groups), ["clean" if not severity else str(severity) for severity in groups])
        axes.set_xlabel("Severity")
        axes.set_ylabel("Top-1, %")
        legend = figure.legend(loc="upper left", bbox_to_anchor=(0.125, 1), ncols=columns, borderaxespad=0.2)
        tell_legend(legend, [looks[name] for name in together.ranking])
        figure.subplots_adjust(
            left=0.125, right=0.985, top=1 - (0.15 + 0.2 * lines) / inches, bottom=0.46 / inches
        )
    return figure
