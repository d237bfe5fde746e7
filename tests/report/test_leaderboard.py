"""A leaderboard's words, tables, figures and files."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from tests.report.conftest import SOME, write_run

import withstand
from withstand.report import canvas, leaderboard, leaderboard_figures, leaderboard_page

FEW = tuple(one for one in SOME if one.variant in ("clean", "fog", "snow"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    for place, name in enumerate(("resnet", "vit_b", "tiny <b>", "=cmd")):
        made = {"parameters": 10**6 * (5 - place), "macs": 10**9 * (1 + place), "device": "cpu"}
        rate = {"images_per_second": {"evaluate": 50.0 + place}}
        write_run(
            root,
            name,
            skill=3.5 - place,
            n=200,
            conditions=FEW,
            made=made | rate,
            folder=f"run{place}",
            sheet=False,
        )
    write_run(root, "left", n=100, conditions=FEW, sheet=False)
    return root


@pytest.fixture(scope="module")
def board(runs):
    return withstand.leaderboard(runs)


@pytest.fixture(scope="module")
def folder(board, tmp_path_factory):
    place = tmp_path_factory.mktemp("reports")
    leaderboard_page.write(board, place, "python main.py experiment=leaderboard")
    return place


def test_the_words_say_who_may_be_first(board, runs):
    assert leaderboard.headline(board) == "resnet is first of 4 on shapes"
    [first, second] = leaderboard.sentences(board)
    assert (
        first
        == "Ranked by mean Top-1 over 4 conditions of corruption, on the same 200 images, paired image by image."
    )
    assert second.startswith("Every rank is certain: all at once with 95% confidence")
    assert leaderboard.line(board).startswith(
        "leaderboard of 4 models: resnet is first of 4 on shapes; resnet "
    )
    alone = withstand.leaderboard(runs / "run0")
    assert leaderboard.headline(alone) == "resnet alone, on shapes" and len(leaderboard.sentences(alone)) == 1
    assert leaderboard.under(withstand.leaderboard(runs, by="clean")) == "Top-1 on clean images"


def test_the_table_has_a_row_a_model_a_column_a_shift_and_what_it_costs(board):
    table = leaderboard.table(board)
    assert [column.key for column in table.columns] == [
        *("model", "rank", "corruption", "clean", "effective", "parameters", "macs", "rate"),
        *("front_parameters", "front_macs", "front_seconds"),
    ]
    first = table.rows[0].values
    assert first["parameters"] == 5.0 and first["macs"] == 1.0 and first["front_macs"] == "on it"
    assert (first["rank"].value, first["rank"].low, first["rank"].high) == (1, 1, 1)
    by_variant = leaderboard.variants(board)
    assert [column.key for column in by_variant.columns] == ["model", "fog", "snow"]
    mean = np.mean([by_variant.rows[0].values[name] for name in ("fog", "snow")])
    assert mean == pytest.approx(first["corruption"].value)


def test_every_file_is_there_and_says_the_same(board, folder):
    assert {one.name for one in folder.iterdir()} == {*leaderboard_page.FILES, "figures"}
    table = pd.read_csv(folder / "leaderboard.csv")
    assert table["rank"].tolist() == [1, 2, 3, 4] and table["model"].tolist()[3] == "'=cmd"
    np.testing.assert_allclose(table["corruption"] / 100, board.frame()["corruption"])
    each = pd.read_csv(folder / "conditions.csv")
    assert len(each) == 4 * 5 and each.groupby("model")["value"].count().eq(5).all()
    said = json.loads((folder / "leaderboard.json").read_text())
    assert [one["rank"] for one in said["ranking"]] == [1, 2, 3, 4] and said["by"] == "corruption"
    assert said["left_out"][0]["what"] == "left"
    assert withstand.leaderboard(folder / "leaderboard.json").frame().equals(board.frame())


def test_the_page_needs_nothing_else_and_names_stay_text(folder):
    page = (folder / "leaderboard.html").read_text()
    assert not re.search(r"(src|href)=\"(?!#|data:)", page) and "<b>" not in page
    assert page.count("<svg") > 5 and "tiny &lt;b&gt;" in page and "What was left out" in page
    text = (folder / "leaderboard.md").read_text()
    assert "| resnet | 1 (1–1) |" in text and "**left**" in text
    pictures = {Path(name).stem for name in re.findall(r"figures/([\w-]+)\.png", text)}
    assert pictures == {"ranks", "clean-shifted", "front-parameters", "front-macs", "front-seconds"}
    assert all((folder / "figures" / f"{name}.png").is_file() for name in pictures)


def test_of_many_models_none_has_a_colour_and_few_have_a_label(tmp_path):
    for place in range(16):
        skill, made = 1 + 0.1 * place, {"parameters": 10**6}
        write_run(tmp_path, f"model{place}", skill=skill, n=60, conditions=FEW, made=made, sheet=False)
    board = withstand.leaderboard(tmp_path)
    assert leaderboard_figures.looks_of(board) == {}
    drawn = {one.name: one.figure for one in leaderboard_figures.pictures(board)}
    assert set(drawn) == {"ranks", "clean-shifted"}, "one cost for all is no front"
    assert len(drawn["clean-shifted"].axes[0].texts) == 0
    assert "may be first" in leaderboard.headline(board)


@pytest.mark.parametrize("seed", range(6))
def test_no_name_lies_on_another_or_on_a_mark(seed):
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(0, 1, (2, 12)) ** 2  # crowded in a corner
    names = ["model_" + "x" * int(draw.integers(1, 24)) for _ in x]
    names[3] = ""
    figure = Figure(figsize=(canvas.WIDTH, 3.2))
    axes = figure.subplots()
    axes.plot(x, y, "o")
    axes.margins(0.14)
    figure.subplots_adjust(left=0.13, right=0.97, top=0.97, bottom=0.16)
    leaderboard_figures._label(axes, names, x, y)
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [one.get_window_extent(renderer) for one in axes.texts]
    assert 4 <= len(boxes) <= 11
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    marks = axes.transData.transform(np.stack([x, y], axis=1))
    assert not any(one.contains(*mark) for one in boxes for mark in marks)
    assert all(axes.bbox.contains(one.x0, one.y0) and axes.bbox.contains(one.x1, one.y1) for one in boxes)
