"""Names that escape or break what they stand in, put wherever a name can stand, and every file that is made looked at.

``python -m tests.faults names``; ``--only N`` repeats one. What may come of a name: it is refused in one line, or all
files lie where they should and are whole: the page and the drawings parse, no table gains a row or a column, no name
becomes an element, a link or a formula.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PIL import Image
from tests.faults import forks, prepared

from withstand.report import script

NAMES = (
    *(
        "../../escape",
        "../escape",
        "/tmp/escape",
        "..",
        ".",
        "...",
        "a/b",
        "a\\b",
        "..\\..\\escape",
        "C:\\escape",
    ),
    *("C:", "CON", "con", "NUL", "nul.txt", "COM1", "LPT9.log", "AUX", "name.", "name ", " name", ".hidden"),
    *(
        "$\\bad$",
        "$",
        "$$",
        "$x^2$",
        "\\frac{1}{0}",
        "$\\undefined{",
        "a_b^c",
        "100%",
        "{x}",
        "}",
        "#1",
        "~",
        "&amp;",
    ),
    *(
        "a|b",
        "||",
        "a\nb",
        "a\r\nb",
        "a\rb",
        "\n\n# heading",
        "- item",
        "1. item",
        "> quote",
        "`code`",
        "```",
        "*x*",
    ),
    *(
        "_x_",
        "[link](javascript:alert(1))",
        "![x](http://127.0.0.1/x.png)",
        "<script>alert(1)</script>",
        "<!-- x",
    ),
    *(
        '"><img src=x onerror=alert(1)>',
        "</svg><script>alert(1)</script>",
        "]]>",
        "&#x3c;b&#x3e;",
        "{{ 7*7 }}",
    ),
    *(
        "{% raw %}",
        "=cmd()",
        "=1+1",
        "+1+1",
        "@SUM(A1)",
        "-1+1",
        "\t=1+1",
        "\r=1+1",
        "'quoted'",
        '"quoted"',
        ",",
        ";",
    ),
    *(
        "\x00",
        "\x07\x1b[31mred\x1b[0m",
        "\x08\x08\x08",
        "\u202egnp.exe",
        "\u2066x\u2069",
        "\u200b",
        "\ufeff",
        "\x85",
    ),
    *(
        "\u2028x",
        "\udcff\udcfe",
        "a\udc80",
        "\ud83d",
        "🦉",
        "猫",
        "é",
        "e\u0301",
        "x" * 300,
        "é" * 150,
        "a b " * 60,
    ),
    *(
        "[/bold]",
        "[red]x",
        ":smile:",
        "%s %d",
        "${oops}",
        "nan",
        "null",
        "true",
        "1e999",
        "0",
        "-",
        "",
        " ",
        "\u00a0",
    ),
    *(
        "[2pt]",
        "\\end{tabular}",
        "\\input{/etc/passwd}",
        "%comment",
        "^^M",
        "\\\\",
        "---",
        "a" + "\u0301" * 50,
    ),
)
_ESCAPES = re.compile(r"(?<!\\)\|")
_BROKEN = re.compile(
    r"\\begin\{tabular\}\[b\]\{@\{\}[lr]@\{\}\}(.*?)\\end\{tabular\}"
)  # a heading of several lines
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?(inf|nan)|-")


class _Elements(HTMLParser):
    """The kinds of elements in a page, and what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        scripted = [name for name, value in attrs if (value or "").strip().lower().startswith("javascript:")]
        said = [*(name for name, _ in attrs if name.startswith("on")), *scripted]  # in a caption it is text
        self.found += [(tag, one) for one in said]
        if tag in ("script", "iframe", "object", "embed", "base", "form", "b"):
            self.found.append((tag, ""))
        if tag == "img" and not dict(attrs).get("src", "").startswith("data:"):  # type: ignore[union-attr]
            self.found.append((tag, str(dict(attrs).get("src"))))


def check_page(text: str) -> None:
    """Raises ``ValueError`` where a page has an element of a name's."""
    parser = _Elements()
    parser.feed(text)
    parser.close()
    # The page's own: a bar of boxes, and the one script that its policy lets in.
    own = [("form", ""), ("script", "")] if script.read().text in text else []
    if parser.found != own:
        raise ValueError(f"the page has {parser.found[:3]}")
    _check_signs(text)
    for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(re.sub(r"xlink:href", "href", drawing))


def check_file(file: Path) -> None:
    """Raises ``ValueError`` where a file of a report is broken."""
    if file.suffix == ".png":
        with Image.open(file) as opened:
            opened.verify()
        return
    text = file.read_bytes().decode("utf-8")
    _check_signs(text)
    if file.suffix == ".csv":
        rows = list(csv.reader(text.splitlines()))
        if len({len(row) for row in rows}) > 1:
            raise ValueError("rows of several lengths")
        for cell in (cell for row in rows for cell in row):
            if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
                raise ValueError(f"a formula: {cell!r}")
    elif file.suffix == ".svg":
        ElementTree.fromstring(text)
    elif file.suffix == ".tex":
        _check_latex(text)
    elif file.suffix == ".md":
        _check_markdown(text)


def _check_signs(text: str) -> None:
    found = [
        sign
        for sign in text
        if (ord(sign) < 32 and sign not in "\n\t") or sign in "\x85\u2028\u2029\u202e\u2066"
    ]
    if found:
        raise ValueError(f"signs that are not seen: {found[:3]!r}")


def _check_latex(text: str) -> None:
    text = _BROKEN.sub(r"\1", text)
    for part in text.split(r"\begin{tabular}"):
        inside = [line for line in part.splitlines() if line.endswith(r"\\")]
        if len({len(re.findall(r"(?<!\\)&", line)) for line in inside}) > 1:
            raise ValueError("rows of several lengths")
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    for line in rows:
        if line.startswith("[") or re.search(r"\\(input|end|frac|undefined|bad)\b", line):
            raise ValueError(f"a command: {line[:80]}")
        if re.search(r"(?<!\\)[$%#]", re.sub(r"\$(-|\\times|\\to|\\pm)\$", "", line)):
            raise ValueError(f"a sign of LaTeX's: {line[:80]}")


def _check_markdown(text: str) -> None:
    width = 0
    for line in text.splitlines():
        table = line.startswith("|")
        here = len(_ESCAPES.findall(line)) if table else 0
        if table and width and here != width:
            raise ValueError(f"a row of {here} bars among rows of {width}: {line[:100]}")
        width = here
        plain = re.sub(r"(?<!\\)`+[^`]*`+", "", line)
        if re.search(r"(?<!\\)(?<!&lt;)<\w|</\w|<!--", plain):
            raise ValueError(f"an element: {line[:100]}")
        if re.search(r"(?<!\\)\[[^\]]*(?<!\\)\]\((?!figures/)", plain):
            raise ValueError(f"a link: {line[:100]}")


PLACES = (
    "records",
    "model.cfg_name",
    "dataset.title",
    "finetune.name",
    "class folder",
    "boxes",
    "classes file",
    "table",
)


def _put(place: str, name: str, tree: Path) -> list[str] | None:
    """Put a name in its place; gives the command, or None where no such file can be."""
    evaluate = [*prepared.EVALUATE, "paths.checkpoints=fresh"]
    arrays = ["dataset=npy", "dataset.images=images.npy", "dataset.labels=labels.npy"]
    match place:
        case "records":
            _recorded(name, tree)
            return ["experiment=report", "dataset=shapes"]
        case "model.cfg_name" | "dataset.title":
            return [*evaluate, *arrays, f"{place}={name}"]
        case "finetune.name":
            return [*prepared.TUNE, f"{place}={name}"]
        case "class folder":
            try:
                os.rename(tree / "photos" / "dog", os.fsencode(tree / "photos") + b"/" + os.fsencode(name))
            except (OSError, ValueError):  # no file system has it
                return None
            return [*evaluate, "dataset=folder", "dataset.folder=photos", "dataset.size=16"]
        case "boxes":
            text = (tree / "boxes.tsv").read_text("utf-8")
            quoted = '"' + name.replace('"', '""') + '"'
            (tree / "boxes.tsv").write_text(
                text.replace("\tdog\t", f"\t{quoted}\t"), "utf-8", errors="surrogatepass"
            )
            return [*prepared.BOXES]
        case "classes file":
            (tree / "names.json").write_text(json.dumps(["cat", name, "owl"]), "utf-8")
            return [*evaluate, *arrays, "dataset.classes=names.json"]
        case "table":
            with (tree / "table.csv").open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
                rows = [["path", "label"], *_rows(tree, name)]
                csv.writer(file).writerows(rows)
            return [*evaluate, "dataset=csv", "dataset.file=table.csv", "dataset.size=16"]
    raise AssertionError(place)


def _rows(tree: Path, name: str) -> list[list[str]]:
    files = sorted(one for one in (tree / "photos").glob("*/*") if ".decoded" not in one.parts)
    return [
        [str(file.relative_to(tree)), name if file.parent.name == "dog" else file.parent.name]
        for file in files
    ]


def _recorded(name: str, tree: Path) -> None:
    """In everything that a foreign run says of itself."""
    first = tree / "checkpoints" / "small_cnn_shapes"
    _change(first / "summary.json", lambda said: said["classes"].__setitem__(3, name))
    run = next((one for one in (tree / "checkpoints").glob("other_*")), first)
    _change(run / "summary.json", lambda said: _say(said, name))
    _change(run / "provenance.json", lambda made: _say_made(made, name))
    for tuned in first.glob("finetune/*/summary.json"):
        _change(tuned, lambda said: said["finetune"].update(name=name, protocol=name))


def _change(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(file.read_text("utf-8"))
    change(content)
    file.write_text(json.dumps(content), "utf-8")


def _say(said: dict[str, Any], name: str) -> None:
    said.update(model=name, corruption_source=name, protocol=name)
    said["classes"][3] = name


def _say_made(made: dict[str, Any], name: str) -> None:
    made.update(command=name, git_revision=name, device=name)
    made["config"]["model"]["title"] = name
    made["versions"][name] = name


_MADE = ("reports", "fresh", "boxed", "checkpoints", "cache", "photos/.decoded", "decoded", ".decoded")


def _outside(tree: Path, before: set[str]) -> list[str]:
    """What was made where nothing should be, but for what Python keeps of code that it compiled."""
    now = {str(file.relative_to(tree.parent)) for file in tree.parent.rglob("*")}
    new = sorted(now - before)
    made = [one for one in new if not one.removeprefix("tree/").startswith(_MADE)]
    return [one for one in made if "__pycache__" not in one]


def judged(place: str, name: str, tree: Path) -> tuple[str, str]:
    """refused, good, none (no such file can be) or failed, and why."""
    words = _put(place, name, tree)
    if words is None or any("\0" in word for word in words):
        return "none", ""
    before = {str(file.relative_to(tree.parent)) for file in tree.parent.rglob("*")}
    done = forks.run(words, tree)
    outside = _outside(tree, before)
    if outside or any(Path(one).exists() for one in ("/tmp/escape", "/tmp/escape.csv")):
        return "failed", f"made {outside[:3]}"
    if done.code == 2:
        return ("refused", done.error) if done.error else ("failed", f"no line: {done.said[-1500:]}")
    if done.code != 0:
        return "failed", f"ended with {done.code}: {done.said[-1800:]}"
    try:
        _check_signs(done.said.replace("\r", ""))
        for file in sorted((tree / "reports").rglob("*.*")):
            check_page(file.read_text("utf-8")) if file.suffix == ".html" else check_file(file)
        for file in (*(tree / "fresh").rglob("*.csv"), *(tree / "checkpoints").rglob("*_results.csv")):
            check_file(file)
    except (ValueError, OSError, ElementTree.ParseError) as error:
        return "failed", f"{file if 'file' in locals() else 'the terminal'}: {type(error).__name__}: {error}"
    return "good", ""


def main(words: list[str]) -> int:
    """Put names in places; prints a table's rows, and how to repeat what failed."""
    asked = argparse.ArgumentParser(prog="python -m tests.faults names")
    asked.add_argument("--only", type=int, help="the number of one name")
    asked.add_argument("--every", type=int, default=1, help="of the names, one in so many")
    asked.add_argument("--places", nargs="*", default=PLACES, choices=PLACES)
    asked.add_argument("--show", action="store_true", help="print the refusals")
    given = asked.parse_args(words)
    chosen = range(0, len(NAMES), given.every) if given.only is None else [given.only]
    forks.ready()
    failed = 0
    print("| names | tried | refused in one line | good | failed |\n| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "prepared"
        whole.mkdir()
        prepared.make(whole)
        for place in given.places:
            kinds: dict[str, int] = {}
            for number in chosen:
                tree = prepared.copied(whole, Path(tempfile.mkdtemp(dir=folder)) / "tree")
                kind, why = judged(place, NAMES[number], tree)
                kinds[kind] = kinds.get(kind, 0) + 1
                if kind == "failed" or (given.show and why):
                    print(
                        f"{kind} (--only {number} --places {place!r}): {NAMES[number]!r}: {why}", flush=True
                    )
                shutil.rmtree(os.fsencode(tree.parent))
            failed += kinds.get("failed", 0)
            tried = sum(kinds.values()) - kinds.get("none", 0)
            row = (tried, *(kinds.get(one, 0) for one in ("refused", "good", "failed")))
            print(f"| {place} | {' | '.join(map(str, row))} |", flush=True)
    return 1 if failed else 0
