"""The training step on devices that are not here: Apple's GPUs, and a second NVIDIA GPU."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode

from withstand import models
from withstand.config.composing import compose
from withstand.engines import trials
from withstand.engines.engine import Plan
from withstand.training.step import GraphedStep, Step

MPS, SECOND = torch.device("mps"), torch.device("cuda:1")
CONFIG = compose(["model=small_cnn", "dataset=shapes", "model.args.channels=[8,8,8,8]"])
IMAGES = torch.randint(0, 256, (8, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(8)


class Apple(TorchFunctionMode):
    """The CPU as an Apple GPU: tensors on ``mps`` are made here, and none of them may be float64.

    ``cpu()`` leads off the device, where float64 is allowed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.off: set[int] = set()
        self.kept: list[Any] = []  # an id says nothing once its tensor is gone

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if str(kwargs.get("device")) == "mps":
            kwargs["device"] = torch.device("cpu")
        made = func(*args, **kwargs)
        if isinstance(made, torch.Tensor):
            made = made.view_as(made) if func is torch.Tensor.cpu else made
            left = func is torch.Tensor.cpu or any(id(one) in self.off for one in args)
            if left:
                self.off.add(id(made))
                self.kept.append(made)
            if made.dtype == torch.float64 and not left:
                raise TypeError(
                    "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64"
                )
        return made


def step(kind: type[Step], device: torch.device) -> Step:
    classifier = models.build(CONFIG)
    classifier.network.train()
    optimizer = torch.optim.SGD(classifier.network.parameters(), 0.01)
    return kind(classifier, optimizer, torch.float32, device)


def test_the_mock_refuses_what_the_device_refuses():
    with Apple(), pytest.raises(TypeError, match="float64"):
        torch.zeros(3, dtype=torch.float64, device=MPS)
    with Apple(), pytest.raises(TypeError, match="float64"):
        torch.zeros(3).double()


def test_a_step_needs_no_float64_on_apple_s_gpus():
    with Apple():
        ours = step(Step, MPS)
        ours(IMAGES, LABELS)
    plain = step(Step, torch.device("cpu"))
    plain(IMAGES, LABELS)
    assert ours.tally.row("train") == pytest.approx(plain.tally.row("train"), rel=1e-6)


def test_a_trial_needs_no_float64_there_either():
    got = torch.rand(8, 10, generator=torch.Generator().manual_seed(0))
    plan = Plan("eager", "float32", 8)
    with Apple():
        found = trials.compare(plan, 1.0, got, got + 0.01)
    assert found == trials.compare(plan, 1.0, got, got + 0.01)


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Two GPUs in words: what was asked of them, with the device that was current or named."""
    told: list[tuple[str, Any]] = []
    current = [torch.device("cuda:0")]

    class Stream:
        def __init__(self, device: Any = None) -> None:
            self.device = current[-1] if device is None else torch.device(device)

        def wait_stream(self, other: Stream) -> None:
            assert self.device == other.device, "streams of two devices"

    class Graph:
        def replay(self) -> None:
            told.append(("replay", current[-1]))

    @contextlib.contextmanager
    def device(wanted: torch.device) -> Any:
        current.append(wanted)
        yield
        current.pop()

    @contextlib.contextmanager
    def graph(recorded: Graph, stream: Stream | None = None) -> Any:
        told.append(
            ("record", (stream or Stream("cuda:0")).device)
        )  # torch's own stream is of the first device
        yield

    cuda = torch.cuda
    monkeypatch.setattr(cuda, "Stream", Stream)
    monkeypatch.setattr(cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(cuda, "device", device)
    monkeypatch.setattr(cuda, "graph", graph)
    monkeypatch.setattr(cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(cuda, "current_stream", lambda where=None: Stream(where))
    return told


def test_a_step_is_recorded_on_the_device_that_was_asked_for(gpus, monkeypatch):
    monkeypatch.setattr("withstand.training.step.Tally.__init__", _on_cpu)
    ours = step(GraphedStep, SECOND)
    for _ in range(6):
        ours(IMAGES, LABELS)
    assert gpus == [("record", SECOND)] + [("replay", SECOND)] * 3


def _on_cpu(tally: Any, device: torch.device) -> None:
    tally.sums, tally.n = torch.zeros(3, dtype=torch.float64), 0
