"""A leaderboard as files: a page, Markdown, CSV, and the JSON that another group can merge."""

from __future__ import annotations

from pathlib import Path

from withstand import __version__
from withstand.analysis.leaderboard import Leaderboard
from withstand.base import atomic
from withstand.report import escape, figures, leaderboard, leaderboard_figures, left_out
from withstand.report.page import environment_of

FILES = ("leaderboard.html", "leaderboard.md", "leaderboard.csv", "conditions.csv", "leaderboard.json")


def write(board: Leaderboard, folder: Path, command: str = "") -> Path:
    """Write ``FILES``, and the figures as PNG and SVG; gives the page.

    Args:
        command: what makes it again.
    """
    pictures = leaderboard_figures.pictures(board)
    tables = [table for table in (leaderboard.table(board), leaderboard.variants(board)) if table is not None]
    content = {
        "headline": leaderboard.headline(board),
        "sentences": leaderboard.sentences(board),
        "dataset": board.dataset,
        "tables": tables,
        "pictures": pictures,
        "inline": figures.write(pictures, folder / "figures"),
        "left_out": left_out.together(board.left_out),
        "looks": leaderboard_figures.looks_of(board),
        "version": __version__,
        "command": command,
    }
    for name, finalize in (("leaderboard.md", escape.markdown), ("leaderboard.html", escape.html)):
        template = environment_of(finalize).get_template(f"{name}.j2")
        atomic.write_text(folder / name, template.render(content))
    atomic.write_text(folder / "leaderboard.csv", leaderboard.table(board).csv())
    atomic.write_text(folder / "conditions.csv", leaderboard.conditions(board).csv())
    board.save(folder / "leaderboard.json")
    return folder / "leaderboard.html"
