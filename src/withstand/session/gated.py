"""The two runs of a gate: evaluated as the command says, or taken from folders; and what is left of the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from withstand.analysis.gate import Gate
from withstand.base.console import console, say
from withstand.base.errors import UserError
from withstand.base.names import file_name
from withstand.config.composing import compose
from withstand.config.schema import Config
from withstand.config.spelling import key_of
from withstand.report import gate as written
from withstand.report import terminal
from withstand.results.reading import load_run
from withstand.results.run import Run


def runs(config: Config, overrides: list[str], work: Callable[[Config, list[str]], None]) -> tuple[Run, Run]:
    """New and old, each evaluated by ``work`` where its store lacks that.

    Raises:
        UserError: there is no baseline, a folder is no run, or one of the two cannot be evaluated.
    """
    if config.gate.runs:
        return _two(config.gate.runs)
    baseline = _needs_baseline(config)
    if Path(baseline).is_dir():
        old = load_run(baseline)
        work(config, overrides)
        return load_run(config.run_folder), old
    other, words = _the_old(config, baseline, overrides)
    if other.run_folder == config.run_folder:
        raise UserError(
            f"model and baseline are one, {config.run_name}; give another baseline, or gate.baseline_weights=FILE"
        )
    for composed, said in ((other, words), (config, overrides)):
        work(composed, said)
    return load_run(config.run_folder), load_run(other.run_folder)


def stored(config: Config, given: Sequence[str], overrides: Sequence[str]) -> tuple[Run, Run]:
    """The two as their folders have them; nothing is evaluated.

    Raises:
        UserError: as ``runs``.
    """
    if given:
        return _two(given)
    baseline = _needs_baseline(config)
    if Path(baseline).is_dir():
        return load_run(config.run_folder), load_run(baseline)
    other, _ = _the_old(config, baseline, overrides)
    return load_run(config.run_folder), load_run(other.run_folder)


def _the_old(config: Config, baseline: str, overrides: Sequence[str]) -> tuple[Config, list[str]]:
    """The command of the old one, in a folder of its own: a model's config has one name, whichever file it reads."""
    weights = config.gate.baseline_weights
    words = _of_the_baseline(baseline, weights, overrides)
    other = compose(words)
    if weights and other.run_folder == config.run_folder and weights != config.model.weights:
        words = [word for word in words if key_of(word) != "suffix"]
        words.append(f"suffix={config.suffix}-{file_name(Path(weights).stem)}")
        other = compose(words)
    return other, words


def _two(given: Sequence[str]) -> tuple[Run, Run]:
    if len(given) != 2:
        raise UserError(f"runs=[{','.join(given)}] must name two run folders, new and old")
    return load_run(given[0]), load_run(given[1])


def _needs_baseline(config: Config) -> str:
    if config.baseline is None:
        name = config.experiment.name
        raise UserError(f"experiment={name} compares two: add baseline=MODEL or baseline=FOLDER of a run")
    return config.baseline


def _of_the_baseline(name: str, weights: str | None, overrides: Sequence[str]) -> list[str]:
    """The command's words for the old one; ``model.…`` settings are of the new one, unless both are of one name."""
    said = [word.partition("=")[2].strip() for word in overrides if key_of(word) == "model"]
    same = name in said
    kept = [
        word
        for word, key in zip(overrides, map(key_of, overrides), strict=True)
        if key not in ("model", "model.weights", "baseline")
        and not key.startswith(("gate.", "plan."))
        and (same or not key.startswith("model."))
    ]
    return [*kept, f"model={name}", *([f"model.weights={weights}"] if weights else [])]


def tell(found: Gate, config: Config) -> None:
    """The table and the line on the screen; Markdown, JSON, CSV and JUnit XML in the reports' folder."""
    console.print(terminal.plain(written.table(found), ("part", "new", "old", "difference", "verdict")))
    place = Path(config.paths.reports) / found.dataset / "gate" / written.folder_name(found)
    say(f"{written.write(found, place)}: gate.md, gate.json, gate.csv, junit.xml")
    say(written.line(found))
