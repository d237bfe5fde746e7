"""How sure each run is."""

from __future__ import annotations

from withstand.report.section import Context, Section
from withstand.report.table import MODEL, Column, Row, Table

PLACE = 54


def section(context: Context) -> Section | None:
    together = context.together
    rows = [
        Row({"model": name, "sureness": together.accuracy(name, "clean", "sureness")})
        for name in together.names
    ]
    columns = [MODEL, Column("sureness", "on clean images", ".3f")]
    return Section("surest", "How sure they are", tables=[Table("surest", "Sureness", columns, rows)])
