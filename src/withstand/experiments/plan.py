"""How many images? Reads the predictions of two runs as a pilot, or assumes rates; runs no network."""

from __future__ import annotations

from pathlib import Path

from withstand.analysis import plan
from withstand.base.console import console, say
from withstand.config.schema import Config
from withstand.report import plan as written
from withstand.report import terminal
from withstand.session import gated

USES = ("model", "baseline", "plan")


def run(config: Config, overrides: list[str]) -> int:
    asked = config.plan
    if asked.disagreement is not None:
        name = config.dataset.label
        rates = asked.disagreement, asked.conditions, asked.alike
        found = plan.assumed(*rates, alpha=asked.alpha, power=asked.power, dataset=name)
    else:
        pair = gated.stored(config, asked.runs, overrides)
        found = plan.plan(*pair, alpha=asked.alpha, power=asked.power, clusters=asked.clusters)
    console.print(terminal.plain(written.table(found)))
    place = written.write(found, Path(config.paths.reports) / found.dataset / "plan")
    say(f"{place}: plan.csv, plan.png, plan.svg")
    say(written.line(found, asked.difference, asked.images))
    return 0
