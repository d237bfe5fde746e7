"""Several trainings of one model, with intervals over seeds and images."""

from __future__ import annotations

import numpy as np

from withstand.analysis.comparison import Comparison
from withstand.analysis.trainings import trainings
from withstand.report.sampling import MARK
from withstand.report.section import Context, Section
from withstand.report.sections.pairs import LEAD_COLUMNS, lead
from withstand.report.table import IMAGES, MODEL, Column, Row, Table, Value
from withstand.statistics import image_values, over_seeds

PLACE = 25

_LEAD = (
    "Trainings of one model that differ only in the seed. The other tables show each training separately, with"
    " intervals over images only. The intervals here are wider, since another training would differ too. Few seeds"
    " tell little about the variation between seeds: the interval allows for that."
)
_GROUPS = {"clean": "clean", "corrupted": "corrupted"}


def section(context: Context) -> Section | None:
    together = context.together
    models = trainings({name: context.runs[name] for name in together.names})
    if not models:
        return None
    compared = [pairs(together)] if together.over_seeds.pairs else []
    return Section("seeds", "Variation over seeds", _LEAD, tables=[table(together, models), *compared])


def table(together: Comparison, models: list[tuple[str, ...]]) -> Table:
    """Top-1 over the seeds of each model, and how far apart they are."""
    groups = [group for group in _GROUPS if group in together.groups]
    rows = []
    for names in models:
        runs = [together.run(name) for name in names]
        sampled = any(run.sampled for run in runs)
        values: dict[str, Value] = {
            "model": runs[0].model + (MARK if sampled else ""),
            "seeds": len(runs),
            "images": len(together.ids),
        }
        for group in groups:
            each = np.stack(
                [image_values(r.scores.of("top1", together.groups[group], together.ids)) for r in runs]
            )
            means = 100 * each.mean(axis=1)
            values[group] = over_seeds(each).within(0, 1).times(100)
            values |= {f"{group}_least": float(means.min()), f"{group}_most": float(means.max())}
        rows.append(Row(values))
    columns = [MODEL, Column("seeds", "seeds", "d")]
    for group in groups:
        columns += [
            Column(group, f"{group} top-1, mean", ".2f"),
            Column(f"{group}_least", "lowest seed", ".2f"),
            Column(f"{group}_most", "highest seed", ".2f"),
        ]
    notes = (
        [f"{MARK.strip()} at least one seed was evaluated on a sample of the images."]
        if any(MARK in str(r.values["model"]) for r in rows)
        else []
    )
    return Table("seeds", "Top-1 over the trainings of each model", [*columns, IMAGES], rows, notes)


def pairs(together: Comparison) -> Table:
    """Every two models that were both trained several times, with simultaneous intervals over seeds and images."""
    rows = [Row(lead(pair)) for pair in together.over_seeds.pairs]
    return Table("seeds-pairs", "Paired comparison over seeds", [*LEAD_COLUMNS, IMAGES], rows)
