"""A gate's verdict as people and machines read it: a line, a table, Markdown, JSON and JUnit XML."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from withstand import __version__
from withstand.analysis.gate import Gate, Part
from withstand.base import atomic
from withstand.base.names import file_name
from withstand.report.escape import markdown as markdown_text
from withstand.report.table import Column, Row, Table, Value
from withstand.report.wording import between, points, rounded, spaced
from withstand.results.metrics import find
from withstand.statistics import Estimate


def folder_name(found: Gate) -> str:
    """Of the two's names."""
    return file_name(f"{found.new}-for-{found.old}")


def line(found: Gate) -> str:
    """The verdict in one line, for a log."""
    said, total = found.verdict, len(found.parts)
    shown = [part for part in found.parts if part.verdict == said]
    worst = min(shown, key=lambda part: _slack(found.test, part))
    of = f"in all {total} parts" if len(shown) == total > 1 else f"in {len(shown)} of {total} parts"
    differ = len({part.margin for part in shown}) > 1
    name = spaced(worst.name) + (f" (margin {_points(worst.margin)})" if differ else "")
    where = name if total == 1 else f"{of}; {'least sure' if said == 'passes' else 'worst'}: {name}"
    one = worst.difference.times(100)
    claim = _claim(
        found, "the margin" if differ else _points(worst.margin), said, bool(worst.margin) or differ
    )
    text = f"gate {said}: {claim} {where}, {points(one.value, signed=True)} ({between(one)})"
    return f"{text}; {_more(found)}" if said == "cannot tell" else text


def _slack(test: str, part: Part) -> float:
    """How far the difference is on the right side of what is asked."""
    if test == "equivalence":
        return part.margin - abs(part.difference.value)
    return part.difference.value + (part.margin if test == "non-inferiority" else -part.margin)


def _sides(found: Gate) -> tuple[str, str]:
    return ("below", "above") if find(found.metric).better == "higher" else ("worse than", "better than")


def _claim(found: Gate, size: str, said: str, margin: bool) -> str:
    new, old, (below, above) = found.new, found.old, _sides(found)
    if said == "cannot tell":
        return f"whether {_asked(found, size)} is open"
    holds = said == "passes"
    if found.test == "non-inferiority":
        return f"{new} is {'at most' if holds else 'more than'} {size} {below} {old}"
    if found.test == "superiority":
        ahead = f"more than {size} {above}" if margin else above
        return f"{new} is {ahead if holds else f'not {ahead}'} {old}"
    return f"{new} and {old} are {'within' if holds else 'more than'} {size} {'of each other' if holds else 'apart'}"


def _points(margin: float) -> str:
    return f"{100 * margin:g} point{'' if round(100 * margin, 9) == 1 else 's'}"


def _asked(found: Gate, size: str) -> str:
    if found.test == "non-inferiority":
        return f"{found.new} is at most {size} {_sides(found)[0]} {found.old}"
    if found.test == "superiority":
        return f"{found.new} is more than {size} {_sides(found)[1]} {found.old}"
    return f"{found.new} and {found.old} are within {size} of each other"


def _more(found: Gate) -> str:
    if found.more is None and any(part.difference.n < 2 for part in found.parts):
        return "one alone does not say how many would settle it"
    if found.more is None:
        return "no number of images would settle it, should the differences stay as they are"
    return f"about {rounded(found.more):,} images would settle it, should the differences stay as they are"


def table(found: Gate) -> Table:
    """A row for each part."""
    percent = f"{100 * (1 - 2 * found.alpha):g}%"
    rows = []
    for part in found.parts:
        values: dict[str, Value] = {
            "part": spaced(part.name),
            "new": part.new.times(100),
            "old": part.old.times(100),
            "difference": part.difference.times(100),
            "margin": 100 * part.margin,
            "p": part.p,
            "verdict": part.verdict,
            "images": part.difference.n,
            "needed": rounded(part.more) if part.more else None,
        }
        rows.append(Row(values))
    columns = [
        Column("part", "part"),
        Column("new", f"{found.new}, %", ".1f"),
        Column("old", f"{found.old}, %", ".1f"),
        Column("difference", "difference, points", "+.1f"),
        Column("margin", "margin", "g"),
        Column("p", "p (Holm)", "p"),
        Column("verdict", "verdict"),
        Column("images", f"groups by {found.clusters}" if found.clusters else "images", ",d"),
        Column("needed", "images that would do", ",d"),
    ]
    notes = [
        f"{found.test}, {found.metric}, paired by image; the interval of the difference has {percent}: its ends are the"
        f" one-sided tests at {100 * found.alpha:g}%, before Holm's correction over the parts.",
        "The verdict is on these two sets of weights, for images of this kind; another training may differ.",
    ]
    if found.sampled:
        notes.append("A random part of the shifted images was evaluated.")
    return Table("gate", f"{found.new} in place of {found.old}, on {found.dataset}", columns, rows, notes)


def markdown(found: Gate) -> str:
    """For a pull request or a job's summary."""
    shown = table(found)
    mark = {"passes": "✅", "fails": "❌", "cannot tell": "❔"}[found.verdict]
    lines = [f"### {mark} {markdown_text(line(found))}", ""]
    lines.append("| " + " | ".join(markdown_text(column.heading) for column in shown.columns) + " |")
    lines.append("| " + " | ".join("---:" if column.numeric else "---" for column in shown.columns) + " |")
    for row in shown.rows:
        cells = []
        for column in shown.columns:
            value = row.values.get(column.key)
            ends = f" ({column.interval(value)})" if isinstance(value, Estimate) else ""
            cells.append(markdown_text(column.text(value) + ends))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *(f"{note}  " for note in shown.notes), "", f"withstand {__version__}", ""])


def junit(found: Gate) -> str:
    """JUnit XML: a test case a part; one that fails is a failure, one that cannot be told an error."""
    count = {said: sum(part.verdict == said for part in found.parts) for said in ("fails", "cannot tell")}
    suite = ElementTree.Element(
        "testsuite",
        name=f"withstand gate: {found.new} for {found.old} on {found.dataset}",
        tests=str(len(found.parts)),
        failures=str(count["fails"]),
        errors=str(count["cannot tell"]),
        skipped="0",
    )
    for part in found.parts:
        case = ElementTree.SubElement(suite, "testcase", classname=f"withstand.{found.test}", name=part.name)
        one = part.difference.times(100)
        text = f"{points(one.value, signed=True)} ({between(one)}), margin {100 * part.margin:g}"
        if part.verdict != "passes":
            kind = "failure" if part.verdict == "fails" else "error"
            ElementTree.SubElement(case, kind, message=text, type=part.verdict).text = text
        else:
            ElementTree.SubElement(case, "system-out").text = text
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def as_json(found: Gate) -> str:
    """Everything, in shares."""
    said = {
        "new": found.new,
        "old": found.old,
        "dataset": found.dataset,
        "verdict": found.verdict,
        "exit_code": found.exit_code,
        "line": line(found),
        "test": found.test,
        "metric": found.metric,
        "alpha": found.alpha,
        "images_needed": found.more,
        "withstand": __version__,
        "parts": json.loads(found.frame().to_json(orient="records")),
    }
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def write(found: Gate, folder: Path) -> Path:
    """``gate.md``, ``gate.json``, ``gate.csv`` and ``junit.xml``; gives the folder."""
    shown = {"gate.md": markdown, "gate.json": as_json, "junit.xml": junit}
    for name, form in shown.items():
        atomic.write_text(folder / name, form(found))
    atomic.write_text(folder / "gate.csv", table(found).csv())
    return folder
