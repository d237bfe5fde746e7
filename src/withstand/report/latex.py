"""A table as LaTeX: a tabular with booktabs' rules, ready to be put into a paper."""

from __future__ import annotations

from withstand.report.table import Column, Row, Table

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "−": r"$-$",
    "–": "--",
    "×": r"$\times$",
    "’": "'",
    "“": "``",
    "”": "''",
    "→": r"$\to$",
    "±": r"$\pm$",
    "†": r"\textdagger{}",
}


def latex(table: Table) -> str:
    """The table as a ``tabular`` (needs the package booktabs); intervals small in brackets, notes as comments."""
    shape = "".join("r" if column.numeric else "p{4cm}" if column.prose else "l" for column in table.columns)
    heading = " & ".join(escaped(column.whole_heading) for column in table.columns)
    lines = [f"% {table.title}", rf"\begin{{tabular}}{{{shape}}}", r"\toprule", rf"{heading} \\", r"\midrule"]
    lines += [" & ".join(_cell(column, row) for column in table.columns) + r" \\" for row in table.rows]
    lines += [r"\bottomrule", r"\end{tabular}", *(f"% {note}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text with LaTeX's own characters made plain."""
    return "".join(_ESCAPED.get(letter, letter) for letter in text)


def _cell(column: Column, row: Row) -> str:
    value = row.values.get(column.key)
    text, interval = escaped(column.text(value)), escaped(column.interval(value))
    return f"{text} {{\\scriptsize ({interval})}}" if interval else text
