"""Engines tried on a few images: how fast each is here, and how near to plain float32."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from withstand.base.console import say
from withstand.config.schema import EvaluationConfig
from withstand.engines import device as devices
from withstand.engines import openvino_engine
from withstand.engines.engine import Engine, Plan, build
from withstand.engines.exactness import near_calls
from withstand.models import Classifier

_WORTH_TRYING = 60.0  # seconds that a run must be estimated at before conversions (5 to 20 s) are tried
_WORTH_COMPILING = 600.0  # the same for torch.compile on a CPU (a minute or two); a GPU takes half of that
_LARGEST_ERROR = 0.02  # root mean square over the logits' spread; bfloat16 has 0.003 to 0.01


@dataclass(frozen=True)
class Trial:
    """How one plan did on the sample, against plain float32.

    Attributes:
        rate: images a second; with ``evaluation.exact``, net of what is recomputed.
        error: root mean square difference of the logits over their standard deviation.
        largest: largest absolute difference of a logit.
        equal: share of equal predictions, 0 to 1.
        near: share of images that ``evaluation.exact`` would recompute, 0 to 1.
        images: how many it was tried on.
    """

    plan: Plan
    rate: float
    error: float
    largest: float
    equal: float
    near: float
    images: int


def tried(
    classifier: Classifier,
    device: torch.device,
    settings: EvaluationConfig,
    plan: Plan,
    sample: Tensor,
    total: int,
) -> list[Trial]:
    """A trial of every candidate plan; none where the run is too short for any."""
    size = classifier.preprocessing.image_size
    few = 64 if settings.exact else 16  # a share is not measured on a handful
    images = classifier.preprocessing(sample[:few] if size > 64 and device.type == "cpu" else sample)
    plain = Plan("eager", "float32", plan.batch_size)
    started = time.perf_counter()
    exact = build(classifier.network, plain, device, size)
    expected = _in_batches(exact, images, plan.batch_size)
    if device.type == "cuda":  # whose first batch loads its libraries: seconds that no other batch takes
        devices.synchronize(device)
        started = time.perf_counter()
        _in_batches(exact, images, plan.batch_size)
    devices.synchronize(device)
    rate = len(images) / (time.perf_counter() - started)
    if total / rate < _WORTH_TRYING:
        return []
    again = 1 / _try(exact, plain, images, expected, device).rate if settings.exact else 0.0
    trials = []
    for candidate in _candidates(device, settings, plan, total / rate):
        try:
            engine = build(classifier.network, candidate, device, size, images)
            trial = _try(engine, candidate, images, expected, device)
        except Exception as error:  # a backend may fail at a network in any way; another one will do
            say(f"  {candidate.backend} in {candidate.dtype} is left out: {str(error).splitlines()[0]}")
            continue
        if settings.exact and candidate != plain:
            trials.append(replace(trial, rate=1 / (1 / trial.rate + trial.near * again)))
        elif trial.error <= _LARGEST_ERROR:
            trials.append(trial)
    return trials


def _candidates(device: torch.device, settings: EvaluationConfig, plan: Plan, seconds: float) -> list[Plan]:
    """Backends that are here and worth their preparation, in the types of arithmetic that the settings allow."""
    fast = ["bfloat16"] if device.type == "cpu" else ["bfloat16", "float16"]
    dtypes = [settings.dtype] if settings.dtype != "auto" else ["float32", *fast]
    if plan.dtype == "float32" and settings.dtype == "auto":
        dtypes = ["float32"]  # the hardware is no faster in any other
    elif settings.dtype == "auto" and device.type == "cuda":
        dtypes = fast
    backends = ["eager"]
    if device.type == "cpu" and openvino_engine.available():
        backends.append("openvino")
    elif device.type != "mps" and seconds > _WORTH_COMPILING / (2 if device.type == "cuda" else 1):
        backends.append("compile")
    sizes = [settings.batch_size] if settings.batch_size else _sizes(plan.batch_size, device)
    plans = [Plan(b, d, s) for b in backends for d in dtypes for s in (sizes if b == "eager" else sizes[:1])]
    open_to_int8 = settings.exact and settings.dtype == "auto"  # since its predictions will be float32's
    if open_to_int8 and device.type == "cpu" and openvino_engine.available("int8"):
        plans.append(Plan("openvino", "int8", sizes[0]))
    return plans


def _sizes(usual: int, device: torch.device) -> list[int]:
    """Batch sizes to try, the usual one first."""
    return [usual] if device.type == "cpu" else [usual, 2 * usual, usual // 2]


@torch.inference_mode()  # as in evaluation: torch.compile compiles another function where gradients may be asked for
def _try(engine: Engine, plan: Plan, images: Tensor, expected: Tensor, device: torch.device) -> Trial:
    repeats = -(-plan.batch_size // len(images)) if device.type == "cuda" else 1
    batch = images.repeat(repeats, 1, 1, 1)[: plan.batch_size].contiguous(memory_format=torch.channels_last)
    got = _in_batches(engine, images, plan.batch_size, pad=plan.fixed_shape)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        engine(batch)
        devices.synchronize(device)
        seconds.append(time.perf_counter() - started)
    return compare(plan, len(batch) / statistics.median(seconds), got, expected)


def compare(plan: Plan, rate: float, got: Tensor, expected: Tensor) -> Trial:
    """How near ``got`` is to ``expected``: logits N×K."""
    got, expected = got.cpu(), expected.cpu()  # Apple's GPUs have no float64
    difference = (got - expected).double()
    spread = expected.double().std().clamp_min(1e-12)
    error = float(difference.pow(2).mean().sqrt() / spread)
    equal = float((got.argmax(1) == expected.argmax(1)).double().mean())
    # A logit that is not a number is further from right than any number.
    error, largest = (v if v == v else float("inf") for v in (error, float(difference.abs().max())))
    near = near_calls(got.numpy(), expected.numpy())
    return Trial(plan, rate, error, largest, equal, near, len(got))


@torch.inference_mode()
def _in_batches(engine: Callable[[Tensor], Tensor], images: Tensor, size: int, pad: bool = False) -> Tensor:
    parts = []
    for part in images.split(size):
        short = size - len(part) if pad else 0
        padded = torch.cat([part, part[-1:].expand(short, -1, -1, -1)]) if short else part
        parts.append(engine(padded.contiguous(memory_format=torch.channels_last))[: len(part)].clone())
    return torch.cat(parts)
