"""A table as LaTeX: a tabular with booktabs' rules, ready to be put into a paper."""

from __future__ import annotations

from withstand.report import escape
from withstand.report.table import Column, Row, Table


def latex(table: Table) -> str:
    """The table as a ``tabular`` (needs the package booktabs); intervals small in brackets, notes as comments."""
    shape = "".join("r" if column.numeric else "p{4cm}" if column.prose else "l" for column in table.columns)
    heading = " & ".join(escape.latex(column.whole_heading) for column in table.columns)
    lines = [
        escape.comment(table.title),
        rf"\begin{{tabular}}{{{shape}}}",
        r"\toprule",
        rf"{heading} \\",
        r"\midrule",
    ]
    lines += [" & ".join(_cell(column, row) for column in table.columns) + r" \\" for row in table.rows]
    lines += [r"\bottomrule", r"\end{tabular}", *(escape.comment(note) for note in table.notes)]
    return "\n".join(lines) + "\n"


def _cell(column: Column, row: Row) -> str:
    value = row.values.get(column.key)
    text, interval = escape.latex(column.text(value)), escape.latex(column.interval(value))
    return f"{text} {{\\scriptsize ({interval})}}" if interval else text
