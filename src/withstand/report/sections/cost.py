"""What it took: time, images a second, device."""

from __future__ import annotations

from collections.abc import Mapping

from withstand.report.section import Context, Section
from withstand.report.table import MODEL, Column, Row, Table
from withstand.results.run import Run

PLACE = 90


def section(context: Context) -> Section | None:
    if not any(run.provenance.get("seconds") for run in context.runs.values()):
        return None
    lead = "Wall-clock time of the work done. Stored predictions that were reused are not counted."
    return Section("cost", "Time and devices", lead, tables=[table(context.runs)])


def table(runs: Mapping[str, Run]) -> Table:
    """Seconds and rate of each kind of work, and on what."""
    rows = []
    for name, run in runs.items():
        made = run.provenance
        seconds, rates = made.get("seconds") or {}, made.get("images_per_second") or {}
        values = {
            "model": name,
            "parameters": made.get("parameters"),
            **{f"{work}_seconds": seconds.get(work) for work in ("train", "evaluate")},
            **{f"{work}_rate": rates.get(work) for work in ("train", "evaluate")},
            "precision": made.get("precision"),
            "device": made.get("device"),
        }
        rows.append(Row(values))
    columns = [
        MODEL,
        Column("parameters", "parameters", ",d"),
        Column("train_seconds", "training, s", ",.0f"),
        Column("train_rate", "images/s", ",.0f"),
        Column("evaluate_seconds", "evaluation, s", ",.0f"),
        Column("evaluate_rate", "images/s", ",.0f"),
        Column("precision", "precision"),
        Column("device", "device"),
    ]
    return Table("cost", "Time, rate and device", columns, rows)
