"""On a GPU: the same images and predictions as on a processor, and the same trainings recorded as step by step."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

from withstand import datasets, models
from withstand.config.composing import compose
from withstand.config.schema import EvaluationConfig, TrainConfig
from withstand.engines.predictor import Predictor
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier
from withstand.training import loop
from withstand.training.step import Step

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

CPU, GPU = torch.device("cpu"), torch.device("cuda")
SHAPES = ["dataset=shapes", "dataset.n_train=200", "dataset.n_test=96"]


@pytest.fixture(autouse=True)
def _in_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def classifier(model: str = "small_cnn") -> Classifier:
    return models.build(compose([f"model={model}", *SHAPES]))


def trained(one: Classifier, device: torch.device, **settings: Any) -> dict[str, torch.Tensor]:
    data = datasets.load(compose(SHAPES))
    for _ in loop.train(
        one,
        data.train,
        data.test,
        TrainConfig(epochs=2, batch_size=32, learning_rate=1e-5, augment="none", **settings),
        seed=0,
        device=device,
        dtype=torch.float32,
        eval_batch_size=32,
        resume=None,
    ):
        pass
    return {name: value.cpu() for name, value in one.network.state_dict().items()}


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [32, 48, 224])
def test_images_are_prepared_alike(size: int, interpolation: str) -> None:
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8))
    ready = Preprocessing(size, interpolation, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
    assert torch.allclose(ready(images.cuda()).cpu(), ready(images), atol=1e-6)


@pytest.mark.parametrize("model", ["small_cnn", "small_vit"])
def test_logits_are_those_of_the_processor(model: str) -> None:
    test, one = datasets.load(compose(SHAPES)).test, classifier(model)
    expected = Predictor.of(copy.deepcopy(one), CPU, torch.float32, 32)(test).logits
    got = Predictor.of(one, GPU, torch.float32, 40)(test).logits
    assert np.abs(got - expected).max() < 1e-3 * expected.std()


@pytest.mark.filterwarnings("ignore:The CUDA Graph is empty")  # torch 2.11's own, as it begins to record
@pytest.mark.parametrize("backend", ["eager", "compile"])
def test_fast_arithmetic_is_near(backend: str) -> None:
    test, one = datasets.load(compose(SHAPES)).test, classifier()
    expected = Predictor.of(copy.deepcopy(one), GPU, torch.float32, 32)(test).logits
    fast = EvaluationConfig(batch_size=32, dtype="bfloat16", backend=backend)
    got = Predictor.planned(one, GPU, fast, test, 0)(test).logits
    assert np.sqrt(np.mean((got - expected) ** 2)) < 0.05 * expected.std()


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_recorded_step_learns_what_a_plain_one_does(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a rate so small that rounding does not grow: it does, a thousandfold in ten steps, where a network learns."""
    one = classifier()
    start = {name: value.clone() for name, value in one.network.state_dict().items()}
    recorded = trained(copy.deepcopy(one), GPU, optimizer=optimizer)
    monkeypatch.setattr(loop, "GraphedStep", Step)
    plain = trained(one, GPU, optimizer=optimizer)
    for name, _ in one.network.named_parameters():
        moved = float((plain[name] - start[name]).abs().mean())
        assert float((recorded[name] - plain[name]).abs().mean()) < 0.1 * moved, name
