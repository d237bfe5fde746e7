"""`withstand doctor`, `runs` and `clean`: what they say, and that only what can be made again goes."""

from __future__ import annotations

import pytest
from tests.experiments.conftest import SHAPES, refused

from withstand.cli import main
from withstand.report.wording import ago, bytes_of
from withstand.results.shelf import shelf


@pytest.fixture
def studied(there):
    asked = ["shift.corruptions=[fog]", "shift.severities=[3]", "train.epochs=1"]
    assert main(["experiment=study", *SHAPES, *asked]) == 0
    return there


def test_runs_are_listed_whatever_state_they_are_in(studied, capsys):
    begun = studied / "checkpoints" / "other_shapes"
    begun.mkdir()
    (begun / "training.json").write_text('{"seed": 1}')
    (begun / "history.csv").write_text("epoch\n1\n2\n")
    broken = studied / "checkpoints" / "broken_shapes"
    broken.mkdir()
    (broken / "summary.json").write_text("{")
    (studied / "checkpoints" / "notes").mkdir()
    states = {one.folder.name: (one.state, one.note) for one in shelf(studied / "checkpoints")}
    assert states["small_cnn_shapes"] == ("finished", "2 conditions")
    assert states["other_shapes"] == ("training", "2 epochs so far")
    assert states["broken_shapes"][0] == "damaged" and "notes" not in states
    capsys.readouterr()
    assert main(["runs"]) == 0
    told = capsys.readouterr().out
    assert "small_cnn_shapes" in told and "damaged" in told and "3 in checkpoints" in told


def test_clean_removes_what_can_be_made_again_and_nothing_else(studied, capsys, monkeypatch):
    monkeypatch.setenv("WITHSTAND_CACHE", str(studied / "measured"))
    decoded = studied / "data" / "photos" / ".decoded"
    decoded.mkdir(parents=True)
    (decoded / "all.npy").write_bytes(bytes(5000))
    run = studied / "checkpoints" / "small_cnn_shapes"
    kept = {file.name for file in run.iterdir()} - {"checkpoint.pth", ".values"}
    assert (run / ".values").is_file(), "kept by the evaluation"
    assert main(["clean"]) == 0
    assert "nothing was removed" in capsys.readouterr().out and decoded.is_dir()
    assert main(["clean", "clean.ask=false"]) == 0
    assert "removed, " in capsys.readouterr().out
    assert not decoded.exists() and {file.name for file in run.iterdir()} == kept
    assert main(["experiment=robustness", *SHAPES, "shift.corruptions=[fog]", "shift.severities=[3]"]) == 0
    assert "2 done" in capsys.readouterr().out, "the run is as good as before"
    assert main(["clean", f"paths.checkpoints={studied / 'none'}"]) == 0


def test_doctor_says_what_is_here_and_where_the_rest_belongs(there, capsys):
    (there / "data" / "cifar10").mkdir(parents=True)
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "found    cifar10: data/cifar10" in told and "missing  cifar100: data/cifar100" in told
    assert ("GFLOP/s" in told and "torch " in told and "withstand[onnx]" in told) or "found    onnx" in told


def test_a_first_word_is_an_experiment_or_a_hint(there, capsys):
    assert "did you mean 'doctor'" in refused(capsys, "docter")
    assert "no runs in checkpoints" in (main(["runs"]), capsys.readouterr().out)[1]


def test_sizes_and_ages_read_well():
    assert [bytes_of(n) for n in (0, 999, 12_345, 3_400_000_000)] == ["0 B", "999 B", "12.3 kB", "3.4 GB"]
    assert [ago(s) for s in (3, 61, 7300, 90_000, 900_000)] == [
        "just now",
        "1 minute ago",
        "2 hours ago",
        "1 day ago",
        "10 days ago",
    ]
