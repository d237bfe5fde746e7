"""A setting that an experiment does not use is refused, and the record says what was trained."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.experiments.conftest import SHAPES, refused

from withstand import experiments
from withstand.base import plugins
from withstand.cli import main
from withstand.config.composing import choices, compose
from withstand.session import usage

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.usefixtures("there")


@pytest.mark.parametrize(
    ("experiment", "word"),
    [
        ("train", "shift.corruptions=[fog]"),
        ("train", "finetune.protocol=published"),
        ("train", "evaluation.precision=1"),
        ("robustness", "train.epochs=3"),
        ("study", "background.folds=3"),
        ("finetune", "evaluation.precision=1"),
        ("background", "shift.seed=1"),
        ("background", "evaluation.precision=1"),
        ("corrupt", "model=small_vit"),
        ("corrupt", "evaluation.dtype=float32"),
        ("contact_sheet", "tracker=wandb"),
        ("make_backgrounds", "train.epochs=3"),
        ("report", "train.epochs=3"),
        ("report", "++evaluation.exact=true"),
    ],
)
def test_what_would_be_ignored_is_refused(capsys, experiment, word):
    told = refused(capsys, f"experiment={experiment}", "dataset=shapes", word)
    assert not any(Path().iterdir()), "nothing is left behind"
    key = word.lstrip("+").split("=")[0]
    assert f"experiment={experiment} does not use {key}, so leave it out; it is a setting of " in told
    assert f" {experiment}," not in told.split("setting of")[1]


@pytest.mark.parametrize("experiment", ["train", "study", "finetune"])
def test_freezing_is_refused_where_every_weight_is_trained(capsys, experiment, there):
    told = refused(capsys, *SHAPES, f"experiment={experiment}", "train.freeze=backbone", "train.augment=none")
    assert not any(Path().iterdir()), "nothing is left behind"
    assert "does not use train.freeze" in told and "setting of background, quickstart" in told
    with pytest.raises(Exception, match="trains every weight"):  # from a YAML, or by the study's doors
        experiments.run(
            compose([*SHAPES, f"experiment={experiment}", "train.freeze=backbone", "train.augment=none"]), []
        )


def test_a_shift_that_does_not_exist_is_refused(capsys):
    assert "shift.name=anything" in refused(capsys, *SHAPES, "shift.name=anything")
    assert not any(Path().iterdir()), "nothing is left behind"


def test_every_experiment_says_what_it_uses():
    for name in choices("experiment"):
        uses = usage.used_by(name)
        assert hasattr(plugins.load("experiments", name), "USES"), name
        keys = [f"++{key}=0" for key in uses]
        usage.check(name, uses, keys)
        assert usage.used(name, keys) == keys


def test_evaluation_leaves_the_training_on_record_as_it_was():
    assert main([*SHAPES, "experiment=train", "train.epochs=1", "train.learning_rate=0.01"]) == 0
    record = Path("checkpoints/small_cnn_shapes/provenance.json")
    before = json.loads(record.read_text(encoding="utf-8"))["config"]["train"]
    assert main([*SHAPES, "experiment=robustness", "shift.corruptions=[contrast]"]) == 0
    after = json.loads(record.read_text(encoding="utf-8"))["config"]
    assert after["train"] == before and after["shift"]["corruptions"] == ["contrast"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_the_scripts_pass_words_to_the_report_that_it_uses(there):
    python = there / "python"
    python.write_text('#!/bin/sh\necho "$@" >> "$SAID"\n')
    python.chmod(0o755)
    environment = {"PYTHON": str(python), "SAID": str(there / "said"), "PATH": "/usr/bin:/bin"}
    said = ["train.epochs=1", "shift.severities=[1]", "paths.data=here"]
    subprocess.run(["bash", str(ROOT / "run_all.sh"), *said], env=environment, check=True)
    lines = (there / "said").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5 and all(line.endswith(" ".join(said)) for line in lines[:4])
    report = lines[4].split()[1:]
    assert "paths.data=here" in report and usage.used("report", report) == report
