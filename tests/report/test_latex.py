"""Tables as LaTeX."""

from __future__ import annotations

from withstand.report.latex import escaped, latex
from withstand.report.table import Column, Row, Table
from withstand.statistics import Estimate


def test_a_table_word_for_word() -> None:
    columns = [
        Column("model", "model"),
        Column("x", "top-1, %", ".1f"),
        Column("d", "points", "+.1f", "drop"),
    ]
    rows = [
        Row(
            {"model": "vit_small", "x": Estimate(61.25, 60.0, 62.5, 100), "d": Estimate(-1.0, -2.0, 0.5, 100)}
        ),
        Row({"model": "a & b", "x": None, "d": 2.0}),
    ]
    assert latex(Table("t", "A table", columns, rows, ["A note."])).splitlines() == [
        "% A table",
        r"\begin{tabular}{lrr}",
        r"\toprule",
        r"model & top-1, \% & drop: points \\",
        r"\midrule",
        r"vit\_small & 61.2 {\scriptsize (60.0--62.5)} & $-$1.0 {\scriptsize ($-$2.0 to +0.5)} \\",
        r"a \& b & -- & +2.0 \\",
        r"\bottomrule",
        r"\end{tabular}",
        "% A note.",
    ]


def test_what_latex_would_read_is_made_plain() -> None:
    assert escaped(r"50% of {x}_1 < \y") == r"50\% of \{x\}\_1 \textless{} \textbackslash{}y"
