"""A table as LaTeX: a tabular with booktabs' rules, ready to be put into a paper, within the text width of an article.

Widths are those of Computer Modern. Headings are broken; what is still too wide takes smaller type, then its intervals
under the values, and in the end two tabulars or more, each with the first column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from withstand.base.names import shown
from withstand.report import escape
from withstand.report.table import Column, Row, Table
from withstand.report.tex_width import WIDTH, broken, wide

_PROSE, _NAME = 105.0, 100.0  # points of a column of sentences, and of names at most
_SCRIPT = 7  # points of \scriptsize in an article


@dataclass(frozen=True)
class _Style:
    """How a table is set: the size and its command, the space beside a column, and where intervals stand."""

    command: str
    size: int
    space: float
    under: bool


_STYLES = (
    _Style("", 10, 6, under=False),
    _Style("\\small", 9, 4, under=False),
    _Style("\\footnotesize", 8, 3, under=True),
)


def latex(table: Table) -> str:
    """The table as one ``tabular`` or more (needs the package booktabs); notes as comments."""
    columns, style = list(table.columns), _STYLES[-1]
    for style in _STYLES:
        widths = [_width(column, table.rows, style) for column in columns]
        if _sum(widths, style) <= WIDTH:
            break
    parts = _split(widths, style)
    lines = [escape.comment(table.title)]
    if style.command:
        lines += [f"{{{style.command}\\setlength{{\\tabcolsep}}{{{style.space:g}pt}}%"]
    for number, part in enumerate(parts):
        lines.append(r"\par\medskip\noindent" if number else r"\noindent")
        lines += _tabular([columns[at] for at in part], [widths[at] for at in part], table.rows, style)
    lines += ["\\par}"] if style.command else []
    return "\n".join([*lines, *(escape.comment(note) for note in table.notes)]) + "\n"


def _sum(widths: Sequence[float], style: _Style) -> float:
    """Without the space at both ends, which ``@{}`` takes away."""
    return sum(widths) + 2 * style.space * (len(widths) - 1)


def _split(widths: Sequence[float], style: _Style) -> list[list[int]]:
    """The columns of each part; the first column is in all."""
    parts = [[0]]
    for column in range(1, len(widths)):
        here = [*parts[-1], column]
        if len(parts[-1]) > 1 and _sum([widths[at] for at in here], style) > WIDTH:
            parts.append([0, column])
        else:
            parts[-1] = here
    return parts


def _width(column: Column, rows: Sequence[Row], style: _Style) -> float:
    """Points that a column takes: of its values, or of its heading's longest word."""
    if column.prose:
        return _PROSE
    values = [row.values.get(column.key) for row in rows]
    widest = 0.0
    for value in values:
        text, interval = wide(column.text(value), style.size), column.interval(value)
        ends = wide(f"({interval})", _SCRIPT) if interval else 0.0
        beside = text + (wide(" ", style.size) + ends if ends else 0.0)
        widest = max(widest, max(text, ends) if style.under else beside)
    words = max(wide(word, style.size) for word in shown(column.whole_heading).split() or [""])
    return max(words, widest if column.numeric else min(widest, _NAME))


def _tabular(
    columns: Sequence[Column], widths: Sequence[float], rows: Sequence[Row], style: _Style
) -> list[str]:
    shapes = [_shape(*one, rows, style) for one in zip(columns, widths, strict=True)]
    headings = [_heading(*one, style) for one in zip(columns, widths, strict=True)]
    lines = [
        f"\\begin{{tabular}}{{@{{}}{''.join(shapes)}@{{}}}}",
        r"\toprule",
        rf"{' & '.join(headings)} \\",
        r"\midrule",
    ]
    for row in rows:
        cells = (_cell(*one, row, style) for one in zip(columns, shapes, strict=True))
        lines.append(" & ".join(cells) + r" \\")
        ends = [escape.latex(column.interval(row.values.get(column.key))) for column in columns]
        if style.under and any(ends):
            lines.append(" & ".join(f"{{\\scriptsize ({end})}}" if end else "" for end in ends) + r" \\")
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _shape(column: Column, width: float, rows: Sequence[Row], style: _Style) -> str:
    if column.numeric:
        return "r"
    texts = (column.text(row.values.get(column.key)) for row in rows)
    whole = not column.prose and all(wide(text, style.size) <= width for text in texts)
    return "l" if whole else f"p{{{width:.0f}pt}}"


def _heading(column: Column, width: float, style: _Style) -> str:
    """Over several lines where one is wider than the values under it."""
    lines = [escape.latex(line) for line in broken(column.whole_heading, width, style.size)]
    if len(lines) == 1:
        return lines[0]
    side, text = "r" if column.numeric else "l", r"\\".join(lines)
    return rf"\begin{{tabular}}[b]{{@{{}}{side}@{{}}}}{text}\end{{tabular}}"


def _cell(column: Column, shape: str, row: Row, style: _Style) -> str:
    value = row.values.get(column.key)
    text, interval = escape.latex(column.text(value)), escape.latex(column.interval(value))
    if (
        shape.startswith("p") and not column.prose
    ):  # a long name may go on in the next line where it has a sign between words
        text = text.replace(r"\_", r"\_\allowbreak{}").replace("/", r"/\allowbreak{}")
    return f"{text} {{\\scriptsize ({interval})}}" if interval and not style.under else text
