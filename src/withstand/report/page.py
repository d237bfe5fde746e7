"""The report as files: renders the sections to Markdown and HTML, and writes them with their tables and figures."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from markupsafe import Markup, escape

from withstand import __version__
from withstand.analysis.backgrounds.reliance import reliances
from withstand.analysis.comparison import Comparison, compare
from withstand.base import atomic, csv_file
from withstand.base.beside import shared
from withstand.base.errors import UserError
from withstand.base.names import file_name, shown
from withstand.report import escape as escape_to
from withstand.report import (
    figures,
    gallery,
    left_out,
    mce,
    overview,
    provenance,
    sampling,
    script,
    sections,
    wording,
)
from withstand.report.latex import latex
from withstand.report.section import Context, Gallery, Picture, Section
from withstand.report.style import looks
from withstand.report.verdict import verdict
from withstand.results.run import Run
from withstand.results.runs import Runs, in_short, names, work_out
from withstand.results.sample import Sample
from withstand.statistics import Estimate


def write(
    runs: Sequence[Run], folder: Path, baseline: str | None = None, together: Comparison | None = None
) -> Path:
    """Write ``report.html`` (one file, needs nothing else), ``report.md``, the tables as CSV and LaTeX, the figures as
    SVG and PNG.

    Args:
        runs: of one dataset, as ``load_runs`` gives them; those that do not compare are named in the report.
        folder: is made where it is not there.
        baseline: the run that mCE is measured by; by default AlexNet's published errors, on ImageNet-C.
        together: the comparison of the runs, where there is one.

    Returns:
        The path of ``report.html``.

    Raises:
        UserError: no runs, runs of several datasets, no such baseline, or files that cannot be read or written.
    """
    folder, dataset = Path(folder), _dataset(runs)
    work_out(runs)
    together = compare(runs) if together is None else together
    context = Context(dict(zip(names(runs), runs, strict=True)), together, looks(names(runs)), baseline)
    mce.check(context.together, baseline)
    sampled = sampling.samples(context.runs)
    _ = together.standing  # which almost all of them ask for
    record = figures.record(folder / "figures")
    tasks: list[Callable[[], Any]] = [
        partial(_part, build, context, folder, record) for build in (_overview, *sections.builders())
    ]
    tasks += [partial(_said, context), partial(_conditions, runs, folder)]
    first, *parts, said, _ = shared(tasks)
    built = [one.section for one in parts if one.section is not None]
    written = [picture for one in (first, *parts) for picture in one.written]
    content = _content(context, built, sampled, runs) | {
        **said,
        "dataset": dataset,
        "overview": first.section and first.section.pictures[0],
        "inline": figures.shown(written, folder / "figures"),
    }
    for name, finalize in (("report.md", escape_to.markdown), ("report.html", escape_to.html)):
        environment = environment_of(finalize)
        atomic.write_text(folder / name, environment.get_template(f"{name}.j2").render(content))
    return folder / "report.html"


class _Part(NamedTuple):
    """A section whose tables and figures are written; None where there is nothing for it."""

    section: Section | None
    written: Sequence[figures.Written] = ()


def _part(
    build: Callable[[Context], Section | None],
    context: Context,
    folder: Path,
    record: Mapping[str, figures.Drawn],
) -> _Part:
    """Build a section, and write its tables and figures."""
    section, sampled = build(context), sampling.samples(context.runs)
    if section is None:
        return _Part(None)
    tables = [sampling.marked(table, sampled) for table in section.tables]
    for table in tables:
        atomic.write_text(folder / "tables" / f"{file_name(table.name)}.csv", table.csv())
        atomic.write_text(folder / "tables" / f"{file_name(table.name)}.tex", latex(table))
    sheets = [_sheet(one) for one in section.galleries if not one.explored]
    written = [figures.draw(one, folder / "figures", record) for one in (*section.pictures, *sheets)]
    pictures = [replace(one, figure=None) for one in section.pictures]
    return _Part(replace(section, tables=tables, pictures=pictures), written)


def _conditions(runs: Sequence[Run], folder: Path) -> None:
    """Write a row for each condition of each run; a cell without a number is empty."""
    rows = [{key: value for key, value in row.items() if value == value} for row in Runs(runs).rows()]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    atomic.write_text(folder / "tables" / "conditions.csv", csv_file.content(columns, rows))


def _overview(context: Context) -> Section | None:
    """The first screen's picture."""
    first = overview.picture(context)
    return None if first is None else Section("overview", "", pictures=[first])


def environment_of(finalize: Callable[[Any], Any]) -> jinja2.Environment:
    """Templates in which every value goes through ``finalize``, unless it is marked as safe."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("withstand.report"),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=finalize,
    )
    environment.filters |= {
        "file": file_name,
        "code": escape_to.code,
        "breakable": breakable,
        "ends": wording.between,
        "json": lambda value: json.dumps(value, ensure_ascii=False),
        "estimate": _estimate,
    }
    return environment


def _said(context: Context) -> dict[str, Any]:
    """What stands above the sections, and what is said of each run."""
    runs = context.runs
    return {
        "verdict": verdict(context.together, [one for run in runs.values() for one in reliances(run)]),
        "cards": overview.cards(context),
        "source": provenance.corruption_sources(runs),
        "provenance": [provenance.of(name, run) for name, run in runs.items()],
    }


def _content(
    context: Context,
    built: Sequence[Section],
    sampled: Mapping[str, Sample],
    runs: Sequence[Run],
) -> dict[str, Any]:
    """What else the templates show, but for the figures."""
    unused = [*context.together.left_out, *(runs.left_out if isinstance(runs, Runs) else ())]
    unused += sampling.left_out(context)
    unused += [*left_out.missing(context.runs), *(one for section in built for one in section.left_out)]
    return {
        "sections": [section for section in built if section.shows],
        "left_out": left_out.together(unused),
        "looks": {**context.looks, **{name + sampling.MARK: context.looks[name] for name in sampled}},
        "sampled": sampled,
        "models": context.looks,
        "shifts": [wording.spaced(one) for one in wording.variants(context.together)],
        "script": script.read(),
        "command": command(runs[0]),
        "version": __version__,
        "address": gallery.address,
    }


_LONG = 16  # characters that fit a headline's line on any screen


def breakable(text: object) -> Markup:
    """Text that may go on in the next line after an underscore or a slash, as long names must on a phone.

    In names of more than 16 characters the places are marked as ``long``: a headline breaks there at any width.
    """

    def marked(name: re.Match[str]) -> str:
        place = '<wbr class="long">' if len(name[0]) > _LONG else "<wbr>"
        return re.sub(r"(?<=[_/])(?=\w\w)", place, str(escape(name[0])))

    return Markup(re.sub(r"\S+", marked, shown(str(text))))


def command(run: Run, *more: str) -> str:
    """What makes the report again, with words about where."""
    code = (run.provenance.get("config") or {}).get("dataset", {}).get("name", run.dataset)
    title = [] if code == run.dataset else [f"dataset.title={run.dataset}"]
    return shlex.join(["python", "main.py", "experiment=report", f"dataset={code}", *title, *more])


def _estimate(one: Estimate) -> Markup:
    """A value with its interval beside it, for a card."""
    return Markup("{} <small>({})</small>").format(wording.number(one.value), wording.between(one))


def _dataset(runs: Sequence[Run]) -> str:
    datasets = sorted({run.dataset for run in runs})
    if not runs and isinstance(runs, Runs) and runs.left_out:
        raise UserError(f"none of the runs can be read: {in_short(runs.left_out)}")
    if not runs:
        raise UserError("there are no finished runs to report on; train a model first: python main.py --help")
    if len(datasets) > 1:
        raise UserError(
            f"the runs are on several datasets ({', '.join(datasets)}): add dataset={datasets[0]}, or another"
        )
    return datasets[0]


def _sheet(photographs: Gallery) -> Picture:
    return Picture(photographs.name, photographs.caption, gallery.draw(photographs))
