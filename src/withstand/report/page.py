"""The report as a page: gathers what the templates show, renders Markdown and HTML, and writes the files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml
from markupsafe import Markup
from matplotlib.figure import Figure

from withstand import __version__, atomic
from withstand.comparison import Comparison, compare
from withstand.errors import UserError
from withstand.report import canvas, figures, notes, tables
from withstand.report.style import Look, looks
from withstand.report.table import Table
from withstand.report.verdict import verdict
from withstand.runs import Run, Runs, names


@dataclass(frozen=True)
class Picture:
    """A figure in the report: its file name, what it shows in words, the SVG, and whether the words stand under it."""

    name: str
    caption: str
    svg: str
    captioned: bool = True

    @property
    def inline(self) -> Markup:
        return Markup(canvas.inlined(self.svg, self.caption))  # safe: drawn here, its words escaped


@dataclass(frozen=True)
class Section:
    """A heading, what to know about it, and the pictures and tables under it."""

    key: str
    title: str
    lead: str = ""
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()


def write(runs: Sequence[Run], folder: Path) -> Path:
    """Write ``report.html`` (one file, needs nothing else), ``report.md``, ``tables/*.csv`` and ``figures/*``.

    Args:
        runs: of one dataset, as ``load_runs`` gives them; those that do not compare are named in the report.
        folder: is made where it is not there.

    Returns:
        The path of ``report.html``.

    Raises:
        UserError: no runs, runs of several datasets, or files that cannot be read or written.
    """
    datasets = sorted({run.dataset for run in runs})
    if not runs:
        raise UserError("there are no finished runs to report on; train a model first: python main.py --help")
    if len(datasets) > 1:
        raise UserError(
            f"the runs are on several datasets ({', '.join(datasets)}): add dataset={datasets[0]}, or another"
        )
    folder = Path(folder)
    together = compare(runs)
    appearance = looks(names(runs))
    sections = _sections(runs, together, appearance, folder / "figures")
    left_out = [*together.left_out, *(runs.left_out if isinstance(runs, Runs) else ()), *notes.missing(runs)]
    content = {
        "dataset": datasets[0],
        "verdict": verdict(together),
        "together": together,
        "cards": _cards(together, appearance),
        "sections": sections,
        "source": notes.source(runs),
        "left_out": left_out,
        "provenance": [_provenance(name, run) for name, run in zip(names(runs), runs, strict=True)],
        "looks": appearance,
        "command": f"python main.py experiment=report dataset={datasets[0]}",
        "version": __version__,
    }
    for table in (table for section in sections for table in section.tables):
        atomic.write_text(folder / "tables" / f"{table.name}.csv", table.csv())
    cells = pd.concat([run.frame() for run in runs])
    atomic.write_text(folder / "tables" / "conditions.csv", cells.to_csv(index=False, lineterminator="\n"))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("withstand.report"),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    for name in ("report.md", "report.html"):
        atomic.write_text(folder / name, environment.get_template(f"{name}.j2").render(content))
    return folder / "report.html"


def _sections(
    runs: Sequence[Run], together: Comparison, appearance: dict[str, Look], folder: Path
) -> list[Section]:
    def picture(name: str, caption: str, draw: Callable[[], Figure], captioned: bool = True) -> Picture:
        figure = draw()
        canvas.save_png(figure, folder / f"{name}.png")
        drawn = canvas.svg(figure, name)
        atomic.write_text(folder / f"{name}.svg", drawn)
        return Picture(name, caption, drawn, captioned)

    sections = []
    if together.names:
        overview = picture(
            "overview",
            "Top-1 on clean images (open) and its mean under corruption (filled); the pale bars are 95% intervals.",
            partial(figures.draw_overview, together, appearance),
        )
        sections.append(
            Section(
                "results",
                "What holds up",
                notes.means(together),
                [overview],
                [notes.noted(tables.corrupted(runs, together), notes.corrupted(runs, together))],
            )
        )
    if together.pairs:
        forest = picture(
            "pairs",
            "By how many points the first is ahead under corruption; an open mark: not told apart by this data.",
            partial(figures.draw_pairs, together, appearance),
        )
        sections.append(
            Section("pairs", "Model against model", notes.PAIRS, [forest], [tables.pairs(together)])
        )
    if together.conditions:
        severity = picture(
            "severity",
            "Mean top-1 at each severity with 95% bands.",
            partial(figures.draw_severity, together, appearance),
        )
        sections.append(
            Section("severity", "How it fades with severity", "", [severity], [tables.severities(together)])
        )
        heat = [
            picture(
                f"heat-{name}",
                f"{name}: top-1 in percent by corruption and severity.",
                partial(figures.draw_heat, together, name),
                captioned=False,
            )
            for name in together.ranking
        ]
        sections.append(
            Section(
                "corruptions",
                "Which corruptions hurt",
                notes.HEAT,
                heat,
                [tables.families(together), tables.corruptions(together)],
            )
        )
    curves = [
        picture(
            f"curves-{name}",
            f"{name}: loss and top-1 by epoch; training dashed, validation solid, the best epoch marked.",
            partial(figures.draw_curves, run.history, name, appearance[name]),
            captioned=False,
        )
        for name, run in zip(names(runs), runs, strict=True)
        if len(run.history)
    ]
    training = notes.noted(tables.training(runs), notes.training(runs))
    sections.append(Section("training", "How training went", notes.TRAINING, curves, [training]))
    return sections


def _cards(together: Comparison, appearance: dict[str, Look]) -> list[dict[str, Any]]:
    """A card a model, the best first."""
    cards = []
    for name in together.ranking:
        card: dict[str, Any] = {"name": name, "look": appearance[name], "title": _title(together, name)}
        for group in ("clean", "corrupted"):
            if group in together.groups:
                card[group] = together.accuracy(name, group).times(100)
        if together.conditions:
            card["worst"] = tables.spaced(together.worst(name))
            card["worst_accuracy"] = together.accuracy(name, together.worst(name)).times(100)
        if together.clean and together.conditions:
            card["drop"] = together.drop(name).times(100)
        cards.append(card)
    return cards


def _title(together: Comparison, name: str) -> str:
    run = together.runs[together.names.index(name)]
    return str(run.provenance.get("config", {}).get("model", {}).get("title", ""))


def _provenance(name: str, run: Run) -> dict[str, Any]:
    """What made a run, as label and text, and its whole configuration."""
    made = run.provenance
    rates = made.get("images_per_second") or {}
    seconds = made.get("seconds") or {}
    work = "; ".join(
        f"{what} {seconds[what]:,.0f} s" + (f" at {rates[what]:,.0f} images/s" if rates.get(what) else "")
        for what in seconds
        if seconds[what] is not None
    )
    facts = {
        "Command": made.get("command"),
        "Seed": made.get("seed"),
        "Pretrained": made.get("pretrained") or "no",
        "Parameters": f"{made['parameters']:,}" if made.get("parameters") else None,
        "Image size": made.get("image_size"),
        "Device": made.get("device"),
        "Precision": made.get("precision"),
        "Time": work,
        "Weights": made.get("weights_digest"),
        "Code": made.get("git_revision"),
        "Versions": ", ".join(
            f"{package} {version}" for package, version in (made.get("versions") or {}).items()
        ),
        "Made": made.get("made"),
    }
    return {
        "name": name,
        "facts": {label: str(fact) for label, fact in facts.items() if fact not in (None, "")},
        "config": yaml.safe_dump(made.get("config") or {}, sort_keys=False, allow_unicode=True).strip(),
    }
