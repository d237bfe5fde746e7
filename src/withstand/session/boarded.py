"""The runs of a leaderboard: from folders of runs and files as the command says; and what is left of the ranking."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from withstand.analysis.leaderboard import Leaderboard, gathered, rank
from withstand.base.console import console, progress, say
from withstand.base.errors import UserError
from withstand.base.lock import one_writer
from withstand.config.schema import Config
from withstand.report import leaderboard as words
from withstand.report import leaderboard_page, terminal
from withstand.report.table import Table
from withstand.results.entries import Candidate
from withstand.results.reading import load_run, load_runs
from withstand.results.run import Run
from withstand.results.runs import LeftOut

SHOWN = 30
"""Rows on the screen."""
_MOST = 8  # of what was left out, lines on the screen


def ranked(config: Config) -> Leaderboard:
    """The leaderboard that the command asks for.

    Raises:
        UserError: a source is not there, or nothing can be ranked.
    """
    asked = config.leaderboard
    sources = [Path(one) for one in asked.runs or [config.paths.checkpoints]]
    for one in sources:
        if not one.exists():
            raise UserError(
                f"there is no {one}; give leaderboard.runs=[…] folders of runs, run folders or JSON of leaderboards"
            )
    runs, candidates, left_out = _opened(sources, asked.metric)
    with progress("reading", len(runs), 0) as bar:
        for run in runs:
            found, bad = gathered([run], asked.metric)
            candidates, left_out = [*candidates, *found], [*left_out, *bad]
            bar.advance(note=run.folder.name)
    return rank(candidates, left_out, asked.by, config.dataset.label, asked.metric)


def _opened(sources: Sequence[Path], metric: str) -> tuple[list[Run], list[Candidate], list[LeftOut]]:
    """The runs of the folders, what the files hold, and what can be read as neither."""
    runs: list[Run] = []
    candidates: list[Candidate] = []
    left_out: list[LeftOut] = []
    for one in sources:
        if one.is_file():
            candidates += gathered([one], metric)[0]
        elif (one / "summary.json").is_file():
            runs.append(load_run(one))
        else:
            found = load_runs(one)
            runs, left_out = [*runs, *found], [*left_out, *found.left_out]
    return runs, candidates, left_out


def tell(board: Leaderboard, config: Config, overrides: Sequence[str]) -> Path:
    """The table and the line on the screen; the page, Markdown, CSV and JSON in the reports' folder, which it gives."""
    folder = Path(config.paths.reports) / board.dataset / "leaderboard"
    command = shlex.join(["python", "main.py", *overrides])
    with one_writer(folder, config.lock):
        page = leaderboard_page.write(board, folder, command)
    whole = words.table(board)
    shown = Table(whole.name, whole.title, whole.columns, whole.rows[:SHOWN], _notes(board))
    keys = ("model", "rank", *words.columns_of(board)[:3])  # what fits a line of 80 signs
    console.print(terminal.plain(shown, keys))
    say(f"{page.parent}: {', '.join(leaderboard_page.FILES)}")
    say(words.line(board))
    return folder


def _notes(board: Leaderboard) -> list[str]:
    said = ["brackets: the places that a rank may have, all at once; 95% intervals of the shares"]
    if len(board.placed) > SHOWN:
        said.append(f"{len(board.placed) - SHOWN} more are in leaderboard.csv")
    said += [f"left out: {one.what}: {one.reason}" for one in board.left_out[:_MOST]]
    more = len(board.left_out) - _MOST
    return [*said, *([f"{more} more were left out; the page names them"] if more > 0 else [])]
