"""Tables as LaTeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from withstand.report.escape import latex as escaped
from withstand.report.latex import latex
from withstand.report.table import Column, Row, Table
from withstand.report.tex_width import wide
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
        r"\noindent",
        r"\begin{tabular}{@{}lrr@{}}",
        r"\toprule",
        r"model & top-1, \% & drop: points \\",
        r"\midrule",
        r"vit\_small & 61.2 {\scriptsize (60.0--62.5)} & $-$1.0 {\scriptsize ($-$2.0 to +0.5)} \\",
        r"a \& b & -- & +2.0 \\",
        r"\bottomrule",
        r"\end{tabular}",
        "% A note.",
    ]


def test_a_wide_table_takes_smaller_type_and_then_several_parts() -> None:
    columns = [
        Column("model", "model"),
        *(Column(f"c{at}", f"mean corruption {at}", ".2f") for at in range(12)),
    ]
    value = Estimate(61.25, 60.0, 62.5, 100)
    few = latex(
        Table("t", "A table", columns[:5], [Row({one.key: value for one in columns} | {"model": "net"})])
    )
    assert r"\small" in few or r"\footnotesize" in few
    assert few.count(r"\begin{tabular}{@{}l") == 1
    rows = [Row({one.key: value for one in columns} | {"model": "a_name_of_several_words_that_is_long"})]
    many = latex(Table("t", "A table", columns, rows))
    assert many.count(r"\begin{tabular}{@{}p{") == many.count("several") == 3
    assert many.count("61.25") == 12
    assert r"\begin{tabular}[b]{@{}r@{}}mean\\corruption 3\end{tabular}" in many
    # Each interval stands in the row under its value.
    assert r"{\scriptsize (60.00--62.50)}" in many


def test_a_table_higher_than_a_page_goes_on_in_another_under_the_same_headings() -> None:
    rows = [Row({"model": f"net {at}", "x": float(at)}) for at in range(100)]
    text = latex(Table("t", "A table", [Column("model", "model"), Column("x", "top-1", ".1f")], rows))
    assert text.count(r"model & top-1 \\") == text.count(r"\bottomrule") == 3
    assert re.findall(r"net (\d+) &", text) == [str(at) for at in range(100)]


def test_sentences_share_what_the_columns_beside_them_leave(tmp_path: Path) -> None:
    columns = [Column("model", "model"), *(Column(key, key, prose=True) for key in "ab")]
    said = "Under a_long_name/of.safetensors it holds. " * 4
    text = latex(Table("t", "A table", columns, [Row({"model": "net", "a": said, "b": said})] * 9))
    (first, second) = {int(width) for width in re.findall(r"p\{(\d+)pt\}", text)} | {0}
    assert 280 < 2 * max(first, second) < 340
    assert text.count(r"\bottomrule") == 2 and r"name/\allowbreak{}of.\allowbreak{}safetensors" in text
    compile_in_an_article([text], tmp_path)


def compile_in_an_article(tables: list[str], folder: Path) -> None:
    """With TeX where there is one: no error, and no line or table out of the text of an article."""
    if (tex := shutil.which("pdflatex")) is None:
        return
    document = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n%s\n\\end{document}\n"
    (folder / "article.tex").write_text(document % "\n\\par\\bigskip\n".join(tables), encoding="utf-8")
    words = [tex, "-interaction=nonstopmode", "-halt-on-error", "article.tex"]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout, done.stdout


@pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="needs TeX: apt-get install texlive-latex-recommended"
)
def test_every_table_of_a_report_compiles_and_fits(page: Path, tmp_path: Path) -> None:
    tables = [file.read_text() for file in sorted((page.parent / "tables").glob("*.tex"))]
    assert len(tables) >= 8
    compile_in_an_article(tables, tmp_path)


def test_what_latex_would_read_is_made_plain() -> None:
    assert escaped(r"50% of {x}_1 < \y") == r"50\% of \{x\}\_1 \textless{} \textbackslash{}y"


def test_every_table_of_a_report_would_compile_and_fits_the_text_of_an_article(page: Path) -> None:
    """As far as can be told without TeX: braces, columns, rows, characters, and widths by the font."""
    files = list((page.parent / "tables").glob("*.tex"))
    assert len(files) >= 8
    for file in files:
        lines = [line for line in file.read_text().splitlines() if not line.startswith("%")]
        text = "\n".join(lines)
        assert text.isascii(), file
        plain = re.sub(r"\\[\\&%$#_{}]", "", text.replace("}%\n", "}\n"))  # without what is escaped
        assert plain.count("{") == plain.count("}")
        assert plain.count("$") % 2 == 0
        assert not set(plain) & set("%#_^~")
        assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}")
        for part in re.findall(r"\\noindent\n(.*?)\n\\bottomrule\n\\end\{tabular\}", text, re.DOTALL):
            check_part(part, file, 3.0 if "footnotesize" in text else 4.0 if "small" in text else 6.0)


SIZES = {3.0: 8, 4.0: 9, 6.0: 10}


def check_part(part: str, file: Path, space: float) -> None:
    """One tabular: as many cells as columns in each row, and the widest cells beside each other fit."""
    head, *body = part.replace(r"\tabularnewline", r"\\").replace(r"\raggedright ", "").splitlines()
    shape = re.fullmatch(r"\\begin\{tabular\}\{@\{\}((?:[lr]|p\{\d+pt\})+)@\{\}\}", head)
    assert shape, head
    columns = re.findall(r"[lr]|p\{\d+pt\}", shape[1])
    rows = [
        re.split(
            r"(?<!\\)&",
            re.sub(r"\\begin\{tabular\}\[b\].*?\\end\{tabular\}", _longest, row).removesuffix(r" \\"),
        )
        for row in body
        if row.endswith(r" \\")
    ]
    assert len(rows) >= 2
    assert {len(row) for row in rows} == {len(columns)}, file
    widths = [max(_wide(row[at], SIZES[space]) for row in rows) for at in range(len(columns))]
    widths = [float(c[2:-3]) if c[0] == "p" else width for c, width in zip(columns, widths, strict=True)]
    assert sum(widths) + 2 * space * (len(columns) - 1) <= 345, file


def _longest(heading: re.Match[str]) -> str:
    inside = heading[0].split("@{}}")[1].removesuffix(r"\end{tabular}")
    return max(inside.split(r"\\"), key=lambda line: _wide(line, 10))


def _wide(cell: str, size: int) -> float:
    """Points of a cell as it is set."""
    small = re.search(r"\{\\scriptsize (.*)\}", cell)
    text = cell.replace(small[0], "") if small else cell
    return wide(_set(text), size) + (wide(_set(small[1]), 7) if small else 0.0)


def _set(text: str) -> str:
    """What TeX prints of it."""
    text = text.replace("$-$", "−").replace(r"$\times$", "×").replace("--", "–").replace(r"\allowbreak{}", "")
    return re.sub(r"\\text(\w+)(\{\})?", "†", text).replace("\\", "").strip()
