"""One command for several models, or several trainings of each: then a report that has them side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from withstand import report
from withstand.analysis.comparison import compare
from withstand.base.console import console, say
from withstand.base.crew import crew
from withstand.base.errors import UserError
from withstand.base.lock import one_writer
from withstand.config.composing import compose, named
from withstand.config.schema import Config
from withstand.config.spelling import key_of
from withstand.report import terminal
from withstand.results.reading import load_run, load_runs
from withstand.results.runs import Runs, in_short, work_out

USES = ("models", "report")
SWEEPS = (*USES, "seeds", "suffix", "cluster")


def each(config: Config, overrides: list[str], work: Callable[[Config, list[str]], Any]) -> int:
    """Do ``work`` for the one model, or for each of ``models`` and ``seeds``; several are then reported together."""
    if not (config.models or config.seeds):
        work(config, overrides)
        return 0
    commands = commands_of(config, overrides)
    composed = [compose(command) for command in commands]  # all are checked first
    crew().together([partial(work, *one) for one in zip(composed, commands, strict=True)])
    return reported(config)


def commands_of(config: Config, overrides: list[str]) -> list[list[str]]:
    """The words for each model and seed: all are shown the same images, in folders of their own.

    Raises:
        UserError: ``model`` is given beside ``models``, or ``seed`` beside ``seeds``.
    """
    for one, many in (("model", config.models), ("seed", config.seeds)):
        if many and one in map(key_of, overrides):
            raise UserError(f"{one}s={many} are asked for, and {one} is given, too; leave one of the two out")
    own = {"models", "seeds", *(["model"] if config.models else []), *(["seed"] if config.seeds else [])}
    words = [word for word in overrides if key_of(word) not in own]
    models = [[f"model={model}"] for model in config.models] or [[]]
    if config.seeds and "image_seed" not in map(key_of, words):
        words.append(f"image_seed={config.seeds[0]}")
    seeds = [
        [f"seed={seed}", *([f"suffix={config.suffix}-seed{seed}"] if seed != config.seeds[0] else [])]
        for seed in config.seeds
    ] or [[]]
    return [[*words, *model, *seed] for model in models for seed in seeds]


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
