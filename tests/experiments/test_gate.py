"""`experiment=gate` and `experiment=plan` as commands: exit codes, files, and one command that evaluates both."""

from __future__ import annotations

import json

import pytest
from tests.experiments.conftest import SHAPES, refused

from withstand.cli import main

ASKED = ["shift.corruptions=[fog]", "shift.severities=[3]"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two trainings of one network, in folders of their own."""
    root = tmp_path_factory.mktemp("trained")
    for epochs in (1, 2):
        where = [f"paths.checkpoints={root / f'epochs{epochs}'}", f"train.epochs={epochs}"]
        assert main(["experiment=train", *SHAPES, *where]) == 0
    return root


def test_one_command_evaluates_both_and_ends_in_the_verdict_s_code(trained, there, capsys):
    words = ["experiment=gate", *SHAPES, *ASKED, f"paths.checkpoints={there / 'runs'}"]
    old, new = (trained / f"epochs{epochs}" / "small_cnn_shapes" for epochs in (1, 2))
    assert main(["experiment=robustness", *SHAPES, *ASKED, f"paths.checkpoints={old.parent}"]) == 0
    words += [f"model.weights={new / 'best_model.pth'}", f"baseline={old}"]
    codes = {main([*words, f"gate.margin={margin}"]) for margin in (99, 5)}
    assert codes == {0, 3}, "20 images show no more"
    said = capsys.readouterr().out
    assert "gate passes: " in said and "gate cannot tell: " in said
    [place] = (there / "reports/shapes/gate").iterdir()
    assert {one.name for one in place.iterdir()} == {"gate.md", "gate.json", "gate.csv", "junit.xml"}
    assert json.loads((place / "gate.json").read_text())["verdict"] == "cannot tell"
    runs = f"gate.runs=[{there / 'runs/small_cnn_shapes'},{old}]"
    assert main(["experiment=gate", "dataset=shapes", runs, "gate.margin=99"]) == 0
    assert main(["experiment=plan", "dataset=shapes", runs.replace("gate.", "plan."), "plan.images=400"]) == 0
    assert "plan: 400 images show with 80% power: " in capsys.readouterr().out


def test_two_files_of_weights_of_one_config_have_folders_of_their_own(trained, there, capsys):
    files = [trained / f"epochs{epochs}" / "small_cnn_shapes" / "best_model.pth" for epochs in (2, 1)]
    old = there / "last_year.pth"
    old.write_bytes(files[1].read_bytes())
    words = [
        "experiment=gate",
        *SHAPES,
        f"paths.checkpoints={there / 'runs'}",
        "gate.by=clean",
        "gate.margin=99",
    ]
    words += [f"model.weights={files[0]}", "baseline=small_cnn", f"gate.baseline_weights={old}"]
    assert main(words) == 0 and "gate passes: " in capsys.readouterr().out
    assert {one.name for one in (there / "runs").iterdir()} == {
        "small_cnn_shapes",
        "small_cnn_shapes-last_year",
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["experiment=gate"], "add baseline=MODEL"),
        (["experiment=gate", "baseline=small_cnn"], "model and baseline are one"),
        (["experiment=gate", "baseline=small_vit", "gate.by=families"], "did you mean 'family'"),
        (["experiment=gate", "gate.runs=[a]"], "two run folders"),
        (["experiment=gate", "gate.runs=[a,b]"], "no summary.json"),
        (["experiment=plan"], "add baseline=MODEL"),
        (["experiment=plan", "plan.difference=0", "plan.disagreement=0.1"], "between 0 and 100"),
        (["experiment=plan", "plan.disagreement=3"], "between 0 and 1"),
        (["experiment=plan", "plan.disagreement=0.1", "plan.images=1"], "2 or more"),
    ],
)
def test_what_cannot_be_asked_ends_in_one_line(there, capsys, words, says):
    own = SHAPES if "experiment=gate" in words else ["dataset=shapes"]
    assert says in refused(capsys, *words, *own)
    assert not (there / "checkpoints").exists() and not (there / "reports").exists()
