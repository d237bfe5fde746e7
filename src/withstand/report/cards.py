"""The first screen's cards, one a model."""

from __future__ import annotations

from dataclasses import dataclass

from withstand.report.section import Context
from withstand.report.style import Look
from withstand.report.words import spaced
from withstand.statistics import Estimate


@dataclass(frozen=True)
class Card:
    """One model at a glance, in percent; None for what was not evaluated."""

    name: str
    look: Look
    title: str
    clean: Estimate | None
    corrupted: Estimate | None
    drop: Estimate | None
    worst: str
    worst_accuracy: Estimate | None


def cards(context: Context) -> list[Card]:
    """A card a model, the best first."""
    return [_card(context, name) for name in context.together.ranking]


def _card(context: Context, name: str) -> Card:
    together = context.together
    worst = together.worst(name) if together.conditions else ""

    def mean(group: str) -> Estimate | None:
        return together.accuracy(name, group).times(100) if group in together.groups else None

    return Card(
        name,
        context.looks[name],
        context.runs[name].provenance.get("config", {}).get("model", {}).get("title", ""),
        mean("clean"),
        mean("corrupted"),
        together.drop(name).times(100) if together.clean and together.conditions else None,
        spaced(worst),
        mean(worst),
    )
