"""Which engine a long evaluation should use: what is fastest here and says the same, found out by trying.

The choice is kept in the cache folder, so that a run that is started again goes on with what it began with: backend
and arithmetic are part of every cell's key.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import torch
from torch import Tensor

from withstand import atomic
from withstand import device as devices
from withstand.config import EvaluationConfig
from withstand.console import say
from withstand.engines import Engine, Plan, build, cache_folder, has_openvino
from withstand.errors import UserError
from withstand.models import Classifier

_WORTH_TRYING = 60.0  # seconds that a run must be estimated at before conversions (5 to 20 s) are tried
_WORTH_COMPILING = (
    600.0  # the same for torch.compile on a CPU, which takes a minute or two; a GPU takes half of that
)
_AS_FAST = 0.95  # of engines about as fast as the fastest, the most exact one is taken
_LARGEST_ERROR = 0.02  # root mean square over the logits' spread; bfloat16 has 0.003 to 0.01
_MANY = 2000  # images; fewer are done before anything is tried
SAMPLE = 256  # images looked at


@dataclass(frozen=True)
class Trial:
    """How one plan did on the sample, against plain float32.

    Attributes:
        rate: images a second.
        error: root mean square difference of the logits over their standard deviation.
        largest: largest absolute difference of a logit.
        equal: share of equal predictions, 0 to 1.
    """

    plan: Plan
    rate: float
    error: float
    largest: float
    equal: float


def default(device: torch.device, settings: EvaluationConfig, image_size: int) -> Plan:
    """What is right without trying: eager torch in the faster arithmetic, a batch that fits caches or fills a GPU."""
    if settings.dtype == "int8" and settings.backend not in ("auto", "openvino"):
        raise UserError("evaluation.dtype=int8 needs evaluation.backend=openvino")
    dtype = "int8" if settings.dtype == "int8" else devices.name(devices.choose_dtype(settings.dtype, device))
    backend = "openvino" if dtype == "int8" else settings.backend
    return Plan(
        "eager" if backend == "auto" else backend,
        dtype,
        settings.batch_size or batch_size(device, image_size),
    )


def batch_size(device: torch.device, image_size: int) -> int:
    """Images in a batch where nothing else is said."""
    if device.type == "cpu":
        return 64 if image_size <= 64 else 16
    return 4096 if image_size <= 64 else 512


def choose(
    classifier: Classifier, device: torch.device, settings: EvaluationConfig, sample: Tensor, total: int
) -> tuple[Plan, Trial | None]:
    """The plan for evaluating ``total`` images like those of ``sample``; what was measured where something was.

    Args:
        sample: uint8 N×H×W×3 on the device, the first ``SAMPLE`` images or fewer.
    """
    plan = default(device, settings, classifier.preprocessing.image_size)
    if settings.backend != "auto" or settings.dtype == "int8" or not len(sample) or total < _MANY:
        return plan, None
    place = cache_folder() / "plans.json"
    known: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(place.read_text())
    key = _key(classifier, device, settings, total)
    if key in known:
        return Plan(**known[key]["plan"]), Trial(**{**known[key], "plan": Plan(**known[key]["plan"])})
    trials = _trials(classifier, device, settings, plan, sample, total)
    if trials is None:
        return plan, None
    fastest = max(trial.rate for trial in trials)
    best = min((t for t in trials if t.rate >= _AS_FAST * fastest), key=lambda t: t.error)
    with contextlib.suppress(
        UserError
    ):  # a folder that cannot be written to costs only the next run's trials
        atomic.write_json(place, known | {key: asdict(best)})
    say(
        f"  evaluating with {best.plan.backend} in {best.plan.dtype}, {best.plan.batch_size} images at a time:"
        f" {best.rate:,.0f} images/s, {100 * best.equal:.1f}% of {len(sample)} predictions as in float32"
    )
    return best.plan, best


def _trials(
    classifier: Classifier,
    device: torch.device,
    settings: EvaluationConfig,
    plan: Plan,
    sample: Tensor,
    total: int,
) -> list[Trial] | None:
    """Every plan worth trying, tried; None where the run is too short for any."""
    small = sample[:16] if classifier.preprocessing.image_size > 64 and device.type == "cpu" else sample
    images = classifier.preprocessing(small)
    size = classifier.preprocessing.image_size
    started = time.perf_counter()
    exact = build(classifier.network, Plan("eager", "float32", plan.batch_size), device, size)
    expected = _in_batches(exact, images, plan.batch_size)
    devices.synchronize(device)
    rate = len(images) / (time.perf_counter() - started)
    if total / rate < _WORTH_TRYING:
        return None
    trials = []
    for candidate in _candidates(device, settings, plan, total / rate):
        try:
            engine = build(classifier.network, candidate, device, size)
            trial = _try(engine, candidate, images, expected, device)
        except Exception as error:  # a backend may fail at a network in any way; another one will do
            say(f"  {candidate.backend} in {candidate.dtype} is left out: {str(error).splitlines()[0]}")
            continue
        if trial.error <= _LARGEST_ERROR:
            trials.append(trial)
    return trials or None


def _candidates(device: torch.device, settings: EvaluationConfig, plan: Plan, seconds: float) -> list[Plan]:
    """Backends that are here and worth their preparation, in the types of arithmetic that the settings allow."""
    fast = ["bfloat16"] if device.type == "cpu" else ["bfloat16", "float16"]
    dtypes = [settings.dtype] if settings.dtype != "auto" else ["float32", *fast]
    if plan.dtype == "float32" and settings.dtype == "auto":
        dtypes = ["float32"]  # the hardware is no faster in any other
    elif settings.dtype == "auto" and device.type == "cuda":
        dtypes = fast
    backends = ["eager"]
    if device.type == "cpu" and has_openvino():
        backends.append("openvino")
    elif device.type != "mps" and seconds > _WORTH_COMPILING / (2 if device.type == "cuda" else 1):
        backends.append("compile")
    sizes = [settings.batch_size] if settings.batch_size else _sizes(plan.batch_size, device)
    return [Plan(b, d, s) for b in backends for d in dtypes for s in (sizes if b == "eager" else sizes[:1])]


def _sizes(usual: int, device: torch.device) -> list[int]:
    """Batch sizes to try, the usual one first."""
    return [usual] if device.type == "cpu" else [usual, 2 * usual, usual // 2]


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
    difference = (got - expected).double()
    spread = expected.double().std().clamp_min(1e-12)
    error = float(difference.pow(2).mean().sqrt() / spread)
    equal = float((got.argmax(1) == expected.argmax(1)).double().mean())
    # A logit that is not a number is further from right than any number.
    error, largest = (v if v == v else float("inf") for v in (error, float(difference.abs().max())))
    return Trial(plan, rate, error, largest, equal)


@torch.inference_mode()
def _in_batches(engine: Callable[[Tensor], Tensor], images: Tensor, size: int, pad: bool = False) -> Tensor:
    parts = []
    for part in images.split(size):
        short = size - len(part) if pad else 0
        padded = torch.cat([part, part[-1:].expand(short, -1, -1, -1)]) if short else part
        parts.append(engine(padded.contiguous(memory_format=torch.channels_last))[: len(part)].clone())
    return torch.cat(parts)


def _key(classifier: Classifier, device: torch.device, settings: EvaluationConfig, total: int) -> str:
    """All that the choice depends on; the architecture, not what it has learnt."""
    about = {
        "network": type(classifier.network).__name__,
        "shapes": [[name, list(t.shape)] for name, t in classifier.network.state_dict().items()],
        "preprocessing": classifier.preprocessing.facts(),
        "device": devices.describe(device),
        "settings": asdict(settings),
        "total": total,
        "torch": torch.__version__,
        "openvino": metadata.version("openvino") if has_openvino() else None,
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
