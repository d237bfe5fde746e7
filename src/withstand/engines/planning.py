"""Which engine a long evaluation should use: the fastest here whose predictions agree, found by trials.

The choice is kept in the cache folder, so that a run that is started again keeps what it began with: backend
and arithmetic are part of every cell's key.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict
from importlib import metadata
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from withstand.base import json_file
from withstand.base.cache import cache_folder
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.known import BACKENDS, DTYPES
from withstand.config.schema import EvaluationConfig
from withstand.engines import device as devices
from withstand.engines import openvino_engine
from withstand.engines.engine import Plan
from withstand.engines.trials import Trial, tried
from withstand.models import Classifier

_AS_FAST = 0.95  # of engines about as fast as the fastest, the most exact one is taken
_MANY = 2000  # images; fewer are done before anything is tried
SAMPLE = 256  # images looked at


def spread(n: int) -> NDArray[np.int64]:
    """Rows of ``SAMPLE`` of ``n`` images, or of all, at random: the first of a sorted folder are of one class.

    Always the same, and in random order, so that the first few of them are spread as well.
    """
    return np.random.default_rng(0).permutation(n)[:SAMPLE]


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


def as_written(classifier: Classifier, device: torch.device, settings: EvaluationConfig) -> Plan:
    """What a network is run with that is not ours to rewrite: itself, in float32, but for what the settings name.

    Raises:
        UserError: they name what does not run it.
    """
    many = settings.batch_size or batch_size(device, classifier.preprocessing.image_size)
    if classifier.runtime == "torch":
        backend = "eager" if settings.backend == "auto" else settings.backend
        return Plan(backend, "float32" if settings.dtype == "auto" else settings.dtype, many)
    if settings.backend not in ("auto", "eager") or settings.dtype not in ("auto", "float32"):
        raise UserError(
            f"evaluation.backend={settings.backend} evaluation.dtype={settings.dtype}: this classifier is run by"
            f" {classifier.runtime}, as it is; leave both out"
        )
    return Plan(classifier.runtime, "float32", many)


def batch_size(device: torch.device, image_size: int) -> int:
    """The default number of images in a batch."""
    if device.type == "cpu":
        return 64 if image_size <= 64 else 16
    return 4096 if image_size <= 64 else 512


def choose(
    classifier: Classifier, device: torch.device, settings: EvaluationConfig, sample: Tensor, total: int
) -> tuple[Plan, Trial | None]:
    """The plan for evaluating ``total`` images like those of ``sample``; what was measured where something was.

    Args:
        sample: uint8 N×H×W×3 on the device, those that ``spread`` names.
    """
    plan = default(device, settings, classifier.preprocessing.image_size)
    if settings.backend != "auto" or settings.dtype == "int8" or not len(sample) or total < _MANY:
        return plan, None
    place = cache_folder() / "plans.json"
    known: dict[str, Any] = json_file.kept(place, dict[str, Any]) or {}
    key = _key(classifier, device, settings, total)
    if _choice(known.get(key)) is None:
        best = _best(tried(classifier, device, settings, plan, sample, total))
        known[key] = {"plan": asdict(plan)} if best is None else asdict(best)
        with contextlib.suppress(UserError):  # a folder that can't be written to costs the next run's trials
            json_file.write(place, known)
        if best is not None:
            _tell(best, settings)
    kept = _choice(known[key])
    assert kept is not None
    return kept


def _choice(said: Any) -> tuple[Plan, Trial | None] | None:
    """A choice that was kept; None where there is none that can be read."""
    try:
        if isinstance(said, dict) and "rate" in said:
            trial = msgspec.convert(said, Trial)
            return (trial.plan, trial) if _runs(trial.plan) else None
        plan = msgspec.convert(said, _Untried).plan
        return (plan, None) if _runs(plan) else None
    except msgspec.ValidationError:
        return None


def _runs(plan: Plan) -> bool:
    return plan.backend in BACKENDS and plan.dtype in (*DTYPES, "int8") and 0 < plan.batch_size <= 1 << 20


class _Untried(msgspec.Struct):
    """A plan that nothing was tried for."""

    plan: Plan


def _best(trials: list[Trial]) -> Trial | None:
    if not trials:
        return None
    fastest = max(trial.rate for trial in trials)
    return min((t for t in trials if t.rate >= _AS_FAST * fastest), key=lambda t: t.error)


def _tell(best: Trial, settings: EvaluationConfig) -> None:
    again = ", borderline images recomputed in float32" if settings.exact and best.near else ""
    say(
        f"  evaluating with {best.plan.backend} in {best.plan.dtype}, {best.plan.batch_size} images at a time:"
        f" {best.rate:,.0f} images/s, {100 * best.equal:.1f}% of {best.images} predictions equal to float32{again}"
    )


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
        "measured": list(Trial.__dataclass_fields__),  # a choice written by another version is not read
        "openvino": metadata.version("openvino") if openvino_engine.available() else None,
    }
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
