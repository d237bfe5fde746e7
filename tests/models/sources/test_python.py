"""Classifiers that the user's own Python makes, and what their keys hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from withstand import models
from withstand.base.errors import UserError
from withstand.config.composing import compose

TEXT = """
import torch
from torch import nn
from withstand import Preprocessing

HOW = Preprocessing(16, "bilinear", (0.5,) * 3, (0.5,) * 3)

class Net(nn.Module):
    '''A network.'''
    def __init__(self, scale=1.0):
        super().__init__()
        torch.manual_seed(0)
        self.scale = scale
        self.linear = nn.Linear(3 * 16 * 16, 10)

    def forward(self, x):
        return self.scale * self.linear(x.flatten(1))

def make(scale=1.0):
    return Net(scale), HOW

def alone():
    return Net()

def scores():
    return lambda images: images.reshape(len(images), -1)[:, :10].astype("float32")

def nothing():
    return 3

def broken():
    raise KeyError("here")
"""


def built(file: Path, function: str = "make", *words: str) -> models.Classifier:
    config = compose([f"model=python:{file}:{function}", "dataset=shapes", "experiment=evaluate", *words])
    return models.as_it_is(config)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(TEXT, encoding="utf-8")
    return tmp_path / "mine.py"


def test_an_edited_forward_is_another_classifier_and_a_comment_is_not(file: Path) -> None:
    before = built(file).digest()
    file.write_text(TEXT.replace("'''A network.'''", "'''Mine.'''  # as it was"), encoding="utf-8")
    assert built(file).digest() == before
    file.write_text(TEXT.replace("self.scale * self", "2 * self.scale * self"), encoding="utf-8")
    assert built(file).digest() != before


def test_a_number_that_is_no_weight_counts(file: Path) -> None:
    assert built(file, "make", "model.args={scale: 2.0}").digest() != built(file).digest()
    assert built(file, "make", "model.version=two").digest() != built(file).digest()


def test_weights_are_put_into_the_module_whatever_wraps_them(file: Path, tmp_path: Path) -> None:
    state = {f"module.{name}": 2 * tensor for name, tensor in built(file).network.state_dict().items()}
    torch.save({"state_dict": state, "best_prec1": 3}, tmp_path / "w.th")
    found = built(file, "make", f"model.weights={tmp_path}/w.th")
    assert torch.equal(found.network.state_dict()["linear.bias"], state["module.linear.bias"])


def test_running_a_file_is_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built(file)
    said = "".join(capsys.readouterr().out.split())
    assert f"running{file},asmodel=python" in said


def test_a_callable_is_asked_for_what_cannot_be_seen(file: Path) -> None:
    with pytest.raises(UserError, match="cannot be seen; give version=NAME"):
        built(file, "scores")
    found = built(file, "scores", "model.version=1")
    assert found.runtime == "callable"
    assert found.logits(torch.zeros(2, 16, 16, 3, dtype=torch.uint8)).shape == (2, 10)


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("{file}:made", "has no function 'made'; did you mean 'make'"),
        ("{file}:nothing", "3 is no classifier"),
        ("{file}:broken", r"failed \(KeyError: 'here'\)"),
        ("{file}", "names no function"),
        ("nowhere.py:make", "there is no file nowhere.py"),
        ("no_such_module:make", "cannot be run"),
    ],
)
def test_what_does_not_work_is_one_line(file: Path, place: str, line: str) -> None:
    with pytest.raises(UserError, match=line):
        compose_and_build(place.format(file=file))


def compose_and_build(place: str) -> Any:
    return models.as_it_is(compose([f"model=python:{place}", "dataset=shapes", "experiment=evaluate"]))
