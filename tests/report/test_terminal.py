"""The table in the terminal."""

from __future__ import annotations

import io

from rich.console import Console
from tests.report.conftest import SOME, MakeRun

from withstand.report import terminal
from withstand.results.conditions import CLEAN
from withstand.results.reading import load_runs


def test_a_sample_is_marked_and_said(make_run: MakeRun) -> None:
    folder = make_run("small_cnn", sample=20, conditions=SOME)
    make_run("small_vit", skill=3.0, conditions=SOME)
    text = io.StringIO()
    Console(file=text, width=120).print(terminal.table(load_runs(folder.parent)))
    shown = text.getvalue()
    assert "small_cnn † " in shown
    assert "small_vit † " not in shown
    assert "† small_cnn: a sample: 760 of 2,280 (33.3%) pairs of an image and" in shown


def test_of_clean_images_alone_nothing_else_is_a_column(make_run: MakeRun) -> None:
    folder = make_run("small_cnn", conditions=(CLEAN,))
    text = io.StringIO()
    Console(file=text, width=120).print(terminal.table(load_runs(folder.parent)))
    shown = text.getvalue()
    assert "images, clean\n" in shown.replace(" \n", "\n").replace("  ", "") and "corrupted" not in shown
    assert "worst" not in shown and "small_cnn" in shown
