"""`experiment=leaderboard` and `withstand export` as commands: files, lines, what is refused, what clean removes."""

from __future__ import annotations

import json

import pytest
from tests.experiments.conftest import SHAPES, refused
from tests.report.conftest import SOME, write_run

from withstand.cli import main
from withstand.results.marks import FILE

FEW = tuple(one for one in SOME if one.variant in ("clean", "fog"))


@pytest.fixture
def runs(there):
    for name, skill in (("able", 3.0), ("poor", 0.5)):
        write_run(there / "checkpoints", name, skill=skill, n=200, conditions=FEW)
    return there


def test_a_command_ranks_the_runs_of_folders_and_files_and_clean_removes_the_marks(runs, capsys):
    assert main(["leaderboard", "dataset=shapes"]) == 0
    said = capsys.readouterr().out
    place = runs / "reports/shapes/leaderboard"
    assert "leaderboard of 2 models: able is first of 2 on shapes; able " in said
    assert "leaderboard.html" in said and (place / "leaderboard.html").is_file()
    (runs / "theirs.json").write_bytes((place / "leaderboard.json").read_bytes())
    write_run(runs / "more", "middling", skill=1.5, n=200, conditions=FEW)
    asked = "leaderboard.runs=[more,theirs.json,checkpoints/able_shapes]"
    assert main(["experiment=leaderboard", "dataset=shapes", asked, "leaderboard.by=clean"]) == 0
    said = capsys.readouterr().out
    assert "leaderboard of 3 models" in said and "it is the same run" in " ".join(said.split())
    kept = json.loads((place / "leaderboard.json").read_text())
    assert [one["name"] for one in kept["ranking"]] == ["able", "middling", "poor"] and kept["by"] == "clean"
    marks = [runs / "checkpoints" / f"{name}_shapes" / FILE for name in ("able", "poor")]
    assert all(one.is_file() for one in marks)
    assert main(["clean", "clean.ask=false"]) == 0
    assert not any(one.exists() for one in marks) and "for leaderboards" in capsys.readouterr().out


def test_what_a_run_of_our_own_leaves_is_ranked_and_exported(there, capsys):
    asked = ["shift.corruptions=[fog]", "shift.severities=[3]", "train.epochs=1"]
    assert main(["experiment=study", *SHAPES, *asked]) == 0
    assert main(["leaderboard", "dataset=shapes"]) == 0
    assert "small_cnn alone, on shapes" in capsys.readouterr().out
    board = json.loads((there / "reports/shapes/leaderboard/leaderboard.json").read_text())
    [entry] = board["entries"]
    assert (
        entry["parameters"] > 0
        and entry["macs"] > 0
        and entry["rate"] > 0
        and entry["device"].startswith("cpu")
    )
    assert main(["export", "dataset=shapes"]) == 0
    said = capsys.readouterr().out
    assert "1 run in 3 files" in said and "left out: small_cnn for RobustBench" in said
    assert (there / "reports/shapes/export/results-shapes.csv").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["leaderboard"], "there is no checkpoints"),
        (["leaderboard", "leaderboard.runs=[none.json]"], "there is no none.json"),
        (["leaderboard", "leaderboard.metric=nll"], "leaderboard.metric"),
        (["leaderboard", "model=resnet50"], "does not use model"),
        (["export"], "there is no folder checkpoints"),
        (["export", "export.to=[tim]"], "did you mean 'timm'"),
        (["export", "export.runs=[nowhere]"], "no summary.json"),
    ],
)
def test_what_cannot_be_asked_ends_in_one_line(there, capsys, words, says):
    assert says in refused(capsys, *words, "dataset=shapes")
    assert not (there / "reports").exists()
