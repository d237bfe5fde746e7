"""The study's page is what its results say; its list of commands is whole; at small size its parts run."""

import re
import sys
from pathlib import Path

import pytest
import torch
from benchmarks import study_data, study_gpu, study_page, study_results
from torch import nn

from withstand.base import json_file
from withstand.base.errors import UserError
from withstand.cli import main
from withstand.config.composing import compose
from withstand.experiments import reproduction
from withstand.session.reproduction import FEW, SMALL, Part, link_seeds, parts

RESULTS = study_page.RESULTS


@pytest.mark.parametrize("page", study_page.PAGES)
def test_the_tables_on_the_pages_are_those_of_the_results(page):
    text = (study_page.ROOT / page).read_text(encoding="utf-8")
    assert study_page.filled(text) == text, "run python -m benchmarks.study_page"
    assert "| resnet50 |" in text and "*resnet50, published*" in text


def test_results_are_small_and_name_no_machine():
    files = [file for file in RESULTS.rglob("*") if file.is_file()]
    assert files and {file.suffix for file in files} <= {".csv", ".json", ".txt", ".html", ".md"}
    assert max(file.stat().st_size for file in files) < study_results.LARGEST
    for file in files:
        assert not re.search(r"/(tmp|home|root|work)/", file.read_text(encoding="utf-8")), file


def test_every_figure_has_its_provenance():
    runs = {file.parent for file in (RESULTS / "runs").rglob("summary.json")}
    assert runs
    for run in runs:
        own = json_file.record(run / "provenance.json")
        assert (
            own["git_revision"] and own["command"].startswith("python main.py ") and own["versions"]["torch"]
        )


def listed(*words: str) -> list[Part]:
    given = ["experiment=reproduction", *words]
    return parts(compose(given), given)


def test_the_list_has_every_experiment_and_all_of_it_composes():
    found = listed("device=cpu")
    assert len({part.name for part in found}) == len(found)
    assert {part.experiment for part in found} == {
        *("corrupt", "train", "robustness", "finetune", "make_backgrounds", "background"),
    }
    names = {part.name for part in found}
    for part in found:
        assert set(part.after) <= names, part
        assert "device=cpu" in part.words
        compose(part.words)


def test_small_sizes_are_said_before_the_words_of_the_command():
    full, small = listed("train.epochs=3"), listed("train.epochs=3", "reproduction.small=true")
    for whole, part in zip(full, small, strict=True):
        more = [word for word in part.words if word not in whole.words]
        assert set(more) <= {*SMALL, *FEW}
        if "train.epochs=3" in part.words:
            assert part.words.index("train.epochs=1") < part.words.index("train.epochs=3")


def test_another_seed_has_a_folder_of_its_own_whatever_the_command_says(tmp_path):
    found = listed(f"paths.checkpoints={tmp_path}", "reproduction.only=[resnet50 by seed 1]")
    assert [part.experiment for part in found] == ["train", "robustness"]
    for part in found:
        assert compose(part.words).paths.checkpoints == str(tmp_path / ".seed1")
    made = tmp_path / ".seed1" / "resnet50_cifar10" / "summary.json"
    json_file.write(made, {})
    link_seeds(tmp_path)
    link_seeds(tmp_path)
    assert (tmp_path / "resnet50_cifar10-seed1" / "summary.json").is_file()


def test_parts_run_once_and_what_fails_stops_only_what_needs_it(tmp_path, monkeypatch, capsys):
    done = []

    class Started:
        def __init__(self, command, **_):
            done.append(command[-1])
            self.code = int(command[-1] == "bad")

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def wait(self):
            return self.code

    monkeypatch.setattr("subprocess.Popen", Started)
    chain = [
        Part("a", ("experiment=train", "good")),
        Part("b", ("experiment=train", "bad"), ("a",)),
        Part("c", ("experiment=train", "waits"), ("b",)),
        Part("d", ("experiment=train", "other"), ("a",)),
    ]
    assert reproduction._all(chain, tmp_path, jobs=2) == ["b", "c"]
    assert done[0] == "good" and set(done[1:]) == {"bad", "other"}
    done.clear()
    reproduction._all(chain, tmp_path, jobs=2)
    assert done == ["bad"], "what was done is not done again"
    assert "4 parts, 2 of them done" in capsys.readouterr().out


def test_commands_are_listed_and_what_has_no_data_is_named(tmp_path, capsys):
    words = [f"paths.data={tmp_path}", f"paths.checkpoints={tmp_path}", "reproduction.check=true"]
    assert main(["experiment=reproduction", *words]) == 0
    said = capsys.readouterr().out
    assert "python main.py experiment=train model=resnet50 dataset=cifar10 train.augment=none" in said
    assert "left out, for want of photographs" in said or "left out, for want of weights/" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("word", "said"),
    [("reproduction.jobs=0", "must be 1 or more"), ("reproduction.only=[nothing]", "names no part")],
)
def test_what_cannot_be_done_is_one_line(word, said, capsys):
    assert main(["experiment=reproduction", word]) == 2
    assert said in capsys.readouterr().err


def test_the_whole_is_counted_and_a_misspelt_setting_stops_it(tmp_path, monkeypatch, capsys):
    words = ["study_gpu", "--data", str(tmp_path), "--work", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*words, "--check", "reproduction.only=[resnet50:]"])
    assert study_gpu.main() == 0
    said = capsys.readouterr().out
    assert "resnet50: experiment 1: 2,250,000 images to train on, 260,000 to evaluate" in said
    assert "one H100" in said and "2.9 GB of disk" in said
    monkeypatch.setattr(sys, "argv", [*words, "train.epoch=1"])
    with pytest.raises(UserError, match=r"train\.epochs"):
        study_gpu.main()


def test_results_are_copied_without_weights_and_in_words_of_a_checkout(tmp_path):
    run, place = tmp_path / "ck" / "m_cifar10", "/somewhere/else"
    json_file.write(run / "summary.json", {"source": f"{place}/data/x"})
    json_file.write(run / "provenance.json", {"config": {"paths": {"data": f"{place}/data"}}})
    (run / "best_model.pth").write_bytes(b"0")
    (tmp_path / "ck" / "parts").mkdir()
    (tmp_path / "ck" / "parts" / "m: experiment 1.txt").write_text(f"reads {place}/data")
    study_results.keep(tmp_path / "ck", tmp_path / "none", tmp_path / "to")
    kept = sorted(file.relative_to(tmp_path / "to").as_posix() for file in Path(tmp_path / "to").rglob("*.*"))
    assert kept == [
        "parts/m-experiment-1.txt",
        "runs/m_cifar10/provenance.json",
        "runs/m_cifar10/summary.json",
    ]
    assert (tmp_path / "to" / "parts" / "m-experiment-1.txt").read_text() == "reads data"


def test_an_unfolded_layer_computes_what_it_did():
    torch.manual_seed(0)
    layer, images = nn.BatchNorm2d(3).eval(), torch.randn(8, 3, 5, 5) * 4 + 2
    expected, seen = layer(images), {layer: torch.zeros(2, 3, dtype=torch.float64)}
    study_data._sum_up(seen, layer, (images,))
    study_data._normalise_and_undo(layer, *seen[layer])
    assert torch.allclose(layer(images), expected, atol=1e-4)
    assert torch.allclose(layer.train()(images), expected, atol=1e-1)


def test_at_small_size_parts_run_to_a_report_and_are_not_run_again(real_data, tmp_path, capfd):
    first = "corrupted,resnet50: experiment 1,resnet50: experiment 2"
    words = [
        "experiment=reproduction",
        "reproduction.small=true",
        "reproduction.jobs=2",
        "shift.corruptions=[fog]",
        f"shift.written={tmp_path / 'corrupted'}",
        f"paths.data={real_data}",
        f"paths.checkpoints={tmp_path / 'runs'}",
        f"paths.reports={tmp_path / 'reports'}",
        "device=cpu",
        "threads=1",
    ]
    assert main([*words, f"reproduction.only=[{first},report CIFAR]"]) == 0
    assert (tmp_path / "reports" / "cifar10" / "report.html").is_file()
    run = json_file.record(tmp_path / "runs" / "resnet50_cifar10" / "summary.json")
    assert len(run["cells"]) == 6 and run["corruption_source"].startswith("made by withstand")
    assert main([*words, f"reproduction.only=[{first}]"]) == 0
    assert "3 parts, 3 of them done" in capfd.readouterr().out
