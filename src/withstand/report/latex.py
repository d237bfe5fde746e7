"""A table as LaTeX: a tabular with booktabs' rules, ready to be put into a paper, within the text of an article.

Widths are those of Computer Modern. Headings are broken; what is still too wide takes smaller type, then its intervals
under the values, and in the end two tabulars or more, each with the first column. So does what is higher than a page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from withstand.base.names import shown
from withstand.report import escape
from withstand.report.table import Column, Row, Table
from withstand.report.tex_width import WIDTH, broken, wide

_BETWEEN = re.compile(r"\\_|/|(?<=\w)[.=](?=[A-Za-z])")
_PROSE, _NAME = 105.0, 100.0  # points of a column of sentences, and of names at most
_SCRIPT = 7  # points of \scriptsize in an article
_HEIGHT = 520.0  # points: the text of an article on letter paper is 550 high


@dataclass(frozen=True)
class _Style:
    """How a table is set: the size and its command, from line to line, beside a column, and where intervals stand."""

    command: str
    size: int
    line: float
    space: float
    under: bool


_STYLES = (
    _Style("", 10, 12, 6, under=False),
    _Style("\\small", 9, 11, 4, under=False),
    _Style("\\footnotesize", 8, 9.5, 3, under=True),
)


def latex(table: Table) -> str:
    """The table as one ``tabular`` or more (needs the package booktabs); notes as comments."""
    columns, style = list(table.columns), _STYLES[-1]
    for style in _STYLES:
        widths = [_width(column, table.rows, style) for column in columns]
        if _sum(widths, style) <= WIDTH:
            break
    lines = [escape.comment(table.title)]
    if style.command:
        lines += [f"{{{style.command}\\setlength{{\\tabcolsep}}{{{style.space:g}pt}}%"]
    begin = r"\noindent"
    for part in _split(widths, style):
        shown_here = [columns[at] for at in part]
        across = _spread(shown_here, [widths[at] for at in part], style)
        for rows in _pages(shown_here, across, table.rows, style):
            lines += [begin, *_tabular(shown_here, across, rows, style)]
            begin = r"\par\medskip\noindent"
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


def _spread(columns: Sequence[Column], widths: Sequence[float], style: _Style) -> list[float]:
    """The widths, with what is left of the text's width shared by columns of sentences."""
    prose = sum(column.prose for column in columns)
    more = max(0.0, WIDTH - _sum(widths, style)) / prose if prose else 0.0
    return [width + more * column.prose for column, width in zip(columns, widths, strict=True)]


def _pages(
    columns: Sequence[Column], widths: Sequence[float], rows: Sequence[Row], style: _Style
) -> list[list[Row]]:
    """The rows in as few tabulars as are no higher than a page."""
    headings = [
        broken(one.whole_heading, width, style.size) for one, width in zip(columns, widths, strict=True)
    ]
    top = (1 + max(map(len, headings))) * style.line  # and the rules
    pages: list[list[Row]] = [[]]
    high = top
    for row in rows:
        height = _height(columns, widths, row, style)
        if pages[-1] and high + height > _HEIGHT:
            pages, high = [*pages, []], top
        pages[-1].append(row)
        high += height
    return pages


def _height(columns: Sequence[Column], widths: Sequence[float], row: Row, style: _Style) -> float:
    """Points of a row, at most."""
    values = [row.values.get(column.key) for column in columns]
    texts = (
        1 if column.numeric else len(broken(column.text(value).replace("_", "_ "), width, style.size))
        for column, width, value in zip(columns, widths, values, strict=True)
    )
    under = style.under and any(column.interval(value) for column, value in zip(columns, values, strict=True))
    return (max(texts, default=1) + under) * style.line


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
    end = r" \tabularnewline" if shapes[-1].startswith("p") else r" \\"  # \raggedright takes \\ for its own
    lines = [
        f"\\begin{{tabular}}{{@{{}}{''.join(shapes)}@{{}}}}",
        r"\toprule",
        rf"{' & '.join(headings)} \\",
        r"\midrule",
    ]
    for row in rows:
        cells = (_cell(*one, row, style) for one in zip(columns, shapes, strict=True))
        lines.append(" & ".join(cells) + end)
        ends = [escape.latex(column.interval(row.values.get(column.key))) for column in columns]
        if style.under and any(ends):
            lines.append(" & ".join(f"{{\\scriptsize ({one})}}" if one else "" for one in ends) + r" \\")
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
    if shape.startswith("p"):  # long names may go on in the next line where they have a sign between words
        text = _BETWEEN.sub(r"\g<0>\\allowbreak{}", text)
        return rf"\raggedright {text}"
    return f"{text} {{\\scriptsize ({interval})}}" if interval and not style.under else text
