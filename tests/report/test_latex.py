"""Tables as LaTeX."""

from __future__ import annotations

import re
from pathlib import Path

from withstand.report.escape import latex as escaped
from withstand.report.latex import latex
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


def test_every_table_of_a_report_would_compile(page: Path) -> None:
    """As far as can be told without TeX: braces, columns, rows and characters."""
    files = list((page.parent / "tables").glob("*.tex"))
    assert len(files) >= 8
    for file in files:
        lines = [line for line in file.read_text().splitlines() if not line.startswith("%")]
        text = "\n".join(lines)
        assert text.isascii(), file
        plain = re.sub(r"\\[\\&%$#_{}]", "", text)  # without what is escaped
        assert plain.count("{") == plain.count("}")
        assert plain.count("$") % 2 == 0
        assert not set(plain) & set("%#_^~")
        head, body = lines[0], [line for line in lines if line.endswith(r" \\")]
        shape = re.fullmatch(r"\\begin\{tabular\}\{((?:[lr]|p\{4cm\})+)\}", head)
        assert shape and lines[-1] == r"\end{tabular}"
        columns = len(re.findall(r"[lr]|p\{4cm\}", shape[1]))
        assert len(body) == len(lines) - 5 >= 2
        for line in body:
            assert len(re.findall(r"(?<!\\)&", line)) == columns - 1, line
