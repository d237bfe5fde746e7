"""Tables, figures and a page from the runs at hand. Runs no network, so it can be made again at any time."""

from __future__ import annotations

from pathlib import Path

from withstand import report
from withstand.base.console import console, say
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.report import terminal
from withstand.results.runs import Runs, load_runs

USES = ("models",)


def run(config: Config, overrides: list[str]) -> int:
    dataset = config.dataset.label
    found = load_runs(config.paths.checkpoints, dataset=dataset)
    chosen = Runs((one for one in found if not config.models or one.model in config.models), found.left_out)
    if not chosen:
        raise UserError(
            f"there is no finished run on {dataset} in {config.paths.checkpoints}; make one with"
            f" `python main.py model=resnet50 dataset={config.dataset.name}`"
        )
    write(chosen, Path(config.paths.reports) / dataset)
    return 0


def write(runs: Runs, folder: Path) -> None:
    """Write the report of ``runs``, print its table, and say where it is."""
    page = report.write(runs, folder)
    if any(run.files for run in runs):
        console.print(terminal.table(runs))
    say(f"report: {page}")
