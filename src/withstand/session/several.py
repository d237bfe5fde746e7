"""One command for several models: each in turn, then a report that has them side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from withstand import report
from withstand.analysis.comparison import compare
from withstand.base.console import console, say
from withstand.base.errors import UserError
from withstand.base.lock import one_writer
from withstand.config.composing import compose, named
from withstand.config.schema import Config
from withstand.config.spelling import key_of
from withstand.report import terminal
from withstand.results.reading import load_run, load_runs
from withstand.results.runs import Runs, in_short, work_out

USES = ("models", "report")


def each(config: Config, overrides: list[str], work: Callable[[Config, list[str]], None]) -> int:
    """Do ``work`` for the one model, or for each of ``models``; several are then reported together."""
    if not config.models:
        work(config, overrides)
        return 0
    words = [word for word in overrides if key_of(word) not in ("model", "models")]
    commands = [[*words, f"model={model}"] for model in config.models]
    for composed, command in [(compose(command), command) for command in commands]:  # all are checked first
        work(composed, command)
    return reported(config)


def reported(config: Config) -> int:
    """Write the report of the runs on the data set, of ``models`` alone where these are given."""
    runs = chosen(config)
    folder = Path(config.paths.reports) / config.dataset.label
    with one_writer(folder, config.lock):
        write(runs, folder, config.report.baseline)
    return 0


def chosen(config: Config, folders: Sequence[str] = ()) -> Runs:
    """The runs on the data set, of ``models`` alone where these are given; or those in the run folders named.

    Raises:
        UserError: there is none, or those named are on several data sets.
    """
    if folders:
        runs = Runs(load_run(one) for one in folders)
        if len(datasets := sorted({run.dataset for run in runs})) > 1:
            raise UserError(f"the runs are on several data sets ({', '.join(datasets)}); give those of one")
        return runs
    dataset = config.dataset.label
    found = load_runs(config.paths.checkpoints, dataset=dataset)
    wanted = {named(model) for model in config.models}
    those = Runs((one for one in found if not wanted or one.model in wanted), found.left_out)
    if not those and found.left_out:
        raise UserError(
            f"no run on {dataset} in {config.paths.checkpoints} can be read: {in_short(found.left_out)}"
        )
    if not those:
        raise UserError(
            f"there is no finished run on {dataset} in {config.paths.checkpoints}; make one with"
            f" `python main.py model=resnet50 dataset={config.dataset.name}`"
        )
    return those


def write(runs: Runs, folder: Path, baseline: str | None = None) -> None:
    """Write the report of ``runs``, print its table, and say where it is."""
    work_out(runs)
    together = compare(runs)
    page = report.write(runs, folder, baseline, together)
    if any(run.files for run in runs):
        console.print(terminal.table(runs, together))
        if (every := terminal.shifts(runs)) is not None:
            console.print(every)
    say(f"report: {page}")
