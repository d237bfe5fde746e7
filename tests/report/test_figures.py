"""A figure is drawn where it changed and nowhere else; what lies in the folder is what would be drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from withstand.report import canvas, figures, overview
from withstand.report.canvas import drawing
from withstand.report.section import Drawing, Picture
from withstand.report.sections import calibration, corruptions, pairs

DRAWN = []


def line(name, values, colour="#0072B2"):
    DRAWN.append(name)
    with drawing(name):
        figure = Figure(figsize=(2, 1))
        figure.subplots().plot(values, color=colour)
    return figure


def pictures(height=3.0):
    lazy = Picture("to come", "a line", Drawing.of(line, "to come", np.array([1, 2, height])))
    return [lazy, Picture("here", "a line", line("here", [1, 2, height]))]


@pytest.fixture
def done(tmp_path, monkeypatch):
    """Gives what was drawn and which PNG were made by a second time."""
    saved = []
    whole = canvas.save_png
    monkeypatch.setattr(
        canvas, "save_png", lambda figure, path: saved.append(path.name) or whole(figure, path)
    )
    first = figures.write(pictures(), tmp_path)

    def again(*args):
        DRAWN.clear(), saved.clear()
        shown = figures.write(pictures(*args), tmp_path)
        return shown, [name for name in DRAWN if name != "here"], sorted(saved)

    return tmp_path, first, again


def test_the_same_is_not_drawn_again(done):
    folder, first, again = done
    files = {path.name: path.read_bytes() for path in folder.glob("*.*g")}
    assert again() == (first, [], [])
    assert files == {path.name: path.read_bytes() for path in folder.glob("*.*g")} and len(files) == 4


def test_what_changed_is_drawn(done):
    _, first, again = done
    shown, drawn, saved = again(4.0)
    assert drawn == ["to come"] and saved == ["here.png", "to come.png"] and shown != first
    assert again(3.0)[0] == first


def test_other_code_draws_anew(done, monkeypatch):
    *_, again = done
    monkeypatch.setattr(figures.code, "digest", lambda *_: "other")
    assert again()[1:] == (["to come"], ["here.png", "to come.png"])


@pytest.mark.parametrize("name", ["to come.svg", "to come.png", "here.png", figures.FILE])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"<svg"])
def test_a_file_that_was_changed_or_is_gone_is_made_again(done, name, content):
    folder, first, again = done
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    place = folder / name
    place.unlink() if content is None else place.write_bytes(content)
    assert again()[0] == first
    assert files == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_where_the_record_cannot_be_written_figures_are_drawn_all_the_same(tmp_path):
    (tmp_path / figures.FILE).mkdir()
    assert figures.write(pictures(), tmp_path) == figures.write(pictures(), tmp_path)
    assert len(list(tmp_path.glob("*.png"))) == 2


@given(st.text("ab-_.", max_size=90), st.integers(1, 40))
def test_a_name_on_several_lines_is_whole_and_none_is_too_long(name, most):
    lines = canvas.in_lines(name, most).split("\n")
    assert "".join(lines) == name and max(map(len, lines)) <= most


def test_long_names_are_not_cut_off(make_context):
    """As those of sources with a file of weights: model, a dash, file."""
    named = {
        f"vit_tiny_patch16_224-vit_tiny_patch16_224_imagenet{k}k": {"skill": 1.0 + k} for k in (1, 2, 21)
    }
    context = make_context(named, n=60)
    together = context.together
    drawn = [
        overview.draw(context),
        pairs.draw(together, context.looks),
        pairs.draw_matrix(together, context.looks),
    ]
    values = np.full((2, 2), 50.0)
    name = together.names[0]
    drawn += [
        corruptions.draw(name, ["fog", "snow"], [1, 3], values, 0),
        calibration.draw(name, {"clean": np.array([[10, 0.5, 0.5]])}, context.looks[name]),
    ]
    for figure in drawn:
        canvas.svg(figure, "x")  # lays it out
        width, height = figure.bbox.size
        for axes in figure.axes:
            for text in [axes.title, axes._left_title, *axes.get_yticklabels(), *axes.get_xticklabels()]:
                if "vit" in text.get_text():
                    box = text.get_window_extent()
                    inside = box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 and box.y1 <= height + 1
                    assert inside, (text.get_text(), box, (width, height))
