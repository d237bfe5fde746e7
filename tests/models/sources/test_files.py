"""Networks in files: programs of torch.export and ONNX say what the module said that they were made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import withstand
from withstand import models
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.engines.predictor import Predictor
from withstand.images.given import arrays
from withstand.models import Classifier
from withstand.models.together import Asked, answering
from withstand.results.conditions import CLEAN

HOW = ["model.mean=[0.5,0.5,0.5]", "model.std=[0.25,0.25,0.25]", "dataset=shapes", "experiment=evaluate"]


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(392, 10)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


@pytest.fixture
def images() -> Any:
    draw = np.random.default_rng(0)
    return arrays(
        draw.integers(0, 256, (21, 16, 16, 3), np.uint8), draw.integers(0, 10, 21), [*map(str, range(10))]
    )


def said(found: Classifier, images: Any, **more: Any) -> np.ndarray:
    ready = answering(found, images, Asked())
    predictor = Predictor.of(ready, torch.device("cpu"), torch.float32, 8)
    return predictor(images).logits


def exported(folder: Path, batch: int | None) -> Path:
    shape = None if batch else ({0: torch.export.Dim("n", min=1)},)
    program = torch.export.export(Small().eval(), (torch.zeros(batch or 2, 3, 16, 16),), dynamic_shapes=shape)
    torch.export.save(program, folder / "small.pt2")
    return folder / "small.pt2"


def onnx(folder: Path, batch: int | None) -> Path:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    pytest.importorskip("torch", minversion="2.6", reason="torch.onnx takes a program from 2.6 on")
    shape = None if batch else ({0: torch.export.Dim("n", min=1)},)
    program = torch.export.export(Small().eval(), (torch.zeros(batch or 2, 3, 16, 16),), dynamic_shapes=shape)
    torch.onnx.export(program, dynamo=True, verbose=False).save(str(folder / "small.onnx"))
    return folder / "small.onnx"


@pytest.mark.filterwarnings("ignore")  # torch.onnx's own
@pytest.mark.parametrize("write", [exported, onnx])
@pytest.mark.parametrize("batch", [None, 4])
def test_a_file_says_what_the_module_said(tmp_path: Path, images: Any, write: Any, batch: int | None) -> None:
    """Also one that was made for batches of four: the last batch is filled up."""
    file = write(tmp_path, batch)
    source = "exported" if file.suffix == ".pt2" else "onnx"
    found = models.as_it_is(compose([f"model={source}:{file}", *HOW]))
    plain = Classifier(Small().eval(), found.preprocessing, None)
    expected = plain.logits(torch.from_numpy(images.images)).numpy()
    assert np.allclose(said(found, images), expected, atol=1e-4)
    assert found.runtime == ("exported" if source == "exported" else "onnxruntime")
    assert found.preprocessing.image_size == 16
    again = models.as_it_is(compose([f"model={source}:{file}", *HOW]))
    assert again.digest() == found.digest()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["model=exported:nowhere.pt2"], "there is no file nowhere.pt2"),
        (["model=exported:{file}"], "is no program of torch.export"),
        (["model=onnx:{file}"], "cannot be read as ONNX"),
        (["model=exported:{file}", "model.weights=w.pth"], "leave model.weights out"),
    ],
)
def test_what_is_no_network_is_refused(tmp_path: Path, words: list[str], line: str) -> None:
    if "onnx" in words[0]:
        pytest.importorskip("onnxruntime")
    file = tmp_path / "bad.bin"
    file.write_bytes(b"nothing")
    with pytest.raises(UserError, match=line):
        models.as_it_is(compose([*(word.format(file=file) for word in words), *HOW]))


def test_a_file_that_says_nothing_of_its_preprocessing_is_asked_for(tmp_path: Path) -> None:
    file = exported(tmp_path, None)
    with pytest.raises(UserError, match=r"give model\.mean=.* model\.std="):
        models.as_it_is(compose([f"model=exported:{file}", "dataset=shapes", "experiment=evaluate"]))


def test_other_arithmetic_is_refused_where_it_would_not_be_used(tmp_path: Path, images: Any) -> None:
    found = models.as_it_is(compose([f"model=exported:{exported(tmp_path, None)}", *HOW]))
    with pytest.raises(UserError, match="is run by exported, as it is; leave both out"):
        Predictor.of(found, torch.device("cpu"), torch.bfloat16, 8)


@pytest.mark.parametrize("write", [exported, onnx])
def test_from_python_the_preprocessing_is_given_once(write: Any, tmp_path: Path, images: Any) -> None:
    source = f"{'onnx' if write is onnx else 'exported'}:{write(tmp_path, None)}"
    how = withstand.Preprocessing(16, "bilinear", (0.5,) * 3, (0.25,) * 3)
    words: dict[str, Any] = {"shifts": (), "device": "cpu"}
    found = withstand.evaluate(source, images, preprocess=how, **words)
    module = withstand.evaluate(Small().eval(), images, preprocess=how, **words)
    logits = [one.run.predictions(CLEAN).logits for one in (found, module)]
    assert np.allclose(*logits, atol=1e-4)
    with pytest.raises(UserError, match=r"in Python, preprocess=Preprocessing"):
        withstand.evaluate(source, images, **words)
