"""No name leaves its folder or breaks what it stands in; in full: ``python -m tests.faults names``."""

import csv
import io

import pytest
from tests.faults.names import check_file, check_page

from withstand.base.names import csv_text, file_name, inside, names_a_folder, shown
from withstand.report import escape


def test_names_stay_inside_and_whole(quick):
    found = {one["place"]: one["kind"] for one in quick["names"]}
    assert "failed" not in found.values(), quick["names"]
    assert found["records"] == found["class folder"] == "good"
    assert found["model.cfg_name"] == "refused"


@pytest.mark.parametrize(
    "name", ["../../x", "/etc/passwd", "..", "a/b", "CON", "nul.txt", "x" * 500, "\x00", "\udcff", ""]
)
def test_a_file_name_is_a_name(name):
    made = file_name(name)
    assert inside(made) and "/" not in made and len(made.encode()) < 140
    assert names_a_folder(made)
    assert file_name(made) == made


def test_names_that_fit_stay_and_others_stay_apart():
    assert file_name("corruption-fog-2.25, a b+c@d=e") == "corruption-fog-2.25, a b+c@d=e"
    assert file_name("a/b") != file_name("a-b") != file_name("a:b") != file_name("a/b")


@pytest.mark.parametrize("path", ["", ".", "a/../b", "/a", "a//b", "C:/a", "a\\..\\b", "a\0"])
def test_what_leaves_a_folder(path):
    assert not inside(path)
    assert inside("fog/3.5")


def test_what_is_not_seen_is_written_out():
    assert shown("a\nb\x1b\u202e\udcff é 猫") == r"a\nb\x1b\u202e\udcff é 猫"
    assert shown("x" * 9, 5) == "xxxx…"


def test_spreadsheets_compute_nothing():
    assert [csv_text(one) for one in ("=1+1", "+x", "@a", "-x", "-1.5", "plain", "-")] == [
        *("'=1+1", "'+x", "'@a", "'-x", "-1.5", "plain", "-")
    ]
    assert next(csv.reader(io.StringIO(csv_text("\r=1")))) == [r"'\r=1"]


def test_markdown_stays_text():
    assert escape.markdown("a|b <i> [x](y) `c` a_b _d_") == r"a\|b &lt;i&gt; \[x\](y) \`c\` a_b \_d\_"
    assert escape.markdown("# a") == r"\# a" and escape.markdown("1. a") == r"\1. a"
    assert escape.code("a`b") == "``a`b``" and escape.code("`") == "`` ` ``"


def test_latex_stays_text():
    assert escape.latex("[2pt] $x$\n") == r"{[}2pt{]} \$x\$\textbackslash{}n"
    assert "\n" not in escape.comment("a\nb")


def test_the_judge_sees_what_breaks(tmp_path):
    for name, text in (
        ("a.csv", "x,y\n=cmd(),1\n"),
        ("b.csv", "x,y\n1\n"),
        ("c.svg", "<svg><"),
        ("d.md", "| a |\n| --- |\n| b | c |\n"),
        ("e.md", "<script>\n"),
        ("f.tex", "a & b \\\\\nc \\\\\n"),
        ("g.csv", "\x07\n"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises((ValueError, SyntaxError)):
            check_file(tmp_path / name)
    with pytest.raises(ValueError, match="the page has"):
        check_page("<p><img src=x onerror=alert(1)></p>")
