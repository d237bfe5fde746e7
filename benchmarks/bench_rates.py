"""The rates that the project aims at on one GPU, ours alone: evaluation, training, corruptions made on the device.

No peer: what the usual scripts take is in the other benchmarks. A few seconds a line, so that it costs little of a
GPU; on a CPU it counts few images.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import timm
import torch

from benchmarks.bench_evaluation import GMAC, MEAN, STD
from benchmarks.frame import Contest, Options
from benchmarks.inputs import images
from withstand.config.schema import EvaluationConfig, TrainConfig
from withstand.corruptions import CORRUPTIONS, SEVERITIES, corrupt, frost
from withstand.engines import device as devices
from withstand.engines.predictor import Predictor
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier
from withstand.training.loop import train

AIMS = {
    "evaluate vit_small": 30_000,
    "train vit_small": 8_000,
    "train resnet50": 20_000,
    "evaluate resnet50": 25_000,
}
NAMES = {"vit_small": ("vit_small_patch16_224", 224), "resnet50": ("resnet50", 32)}
TOTAL = 960_000  # images that a plan is chosen for: experiment 2's, clean ones and 95 times the corrupted


def run(options: Options) -> list[Contest]:
    device = devices.choose(options.device)
    devices.set_threads(0)
    some, found = images(options, 64 if options.quick else 10_000 if device.type == "cuda" else 256), []
    for model in NAMES:
        found += [_training(options, device, model, some), _evaluation(options, device, model, some)]
    return [*found, _corruptions(device, some)]


def _often(some: ImageSet, device: torch.device, many: int) -> ImageSet:
    """``many`` images on a GPU, each several times; on a CPU the few that there are."""
    return some.take(np.arange(many) % len(some)) if device.type == "cuda" and len(some) > 64 else some


def _timed(work: str, amount: int, go: Callable[[], object], **notes: Any) -> Contest:
    """Once for warmth, then twice."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        go()
        seconds.append(time.perf_counter() - started)
    return Contest(work, "images", amount, "withstand", {"withstand": seconds[1:]}, notes)


def _classifier(model: str) -> Classifier:
    name, size = NAMES[model]
    torch.manual_seed(0)
    return Classifier(
        timm.create_model(name, num_classes=10), Preprocessing(size, "bilinear", MEAN, STD), None
    )


def _evaluation(options: Options, device: torch.device, model: str, some: ImageSet) -> Contest:
    test = _often(some, device, {"vit_small": 50_000, "resnet50": 200_000}[model])
    classifier, n = _classifier(model), len(test)
    started = time.perf_counter()
    ready = Predictor.planned(classifier, device, EvaluationConfig(), test, 0 if options.quick else TOTAL)
    planned = time.perf_counter() - started
    done = _timed(
        f"evaluate {model}", n, lambda: ready(test), plan=ready.precision, batch_size=ready.batch_size
    )
    peak = devices.product_rate(device, ready.dtype, 8192 if device.type == "cuda" else 1024, 5)
    share = 2e9 * GMAC[NAMES[model][0]] * done.rate("withstand") / peak
    done.notes.update(seconds_of_planning=planned, peak_gflops=peak / 1e9, share_of_peak=share)
    return _with_aim(done)


def _training(options: Options, device: torch.device, model: str, some: ImageSet) -> Contest:
    pictures = _often(some, device, {"vit_small": 12_800, "resnet50": 45_000}[model])
    kind, n = "adamw" if model == "vit_small" else "sgd", len(pictures)
    settings = TrainConfig(epochs=4, batch_size=64, learning_rate=1e-3, optimizer=kind)
    dtype, seconds = devices.choose_dtype("auto", device), list[float]()
    for state in train(
        _classifier(model),
        pictures,
        some.take(slice(0, 2)),
        settings,
        seed=0,
        device=device,
        dtype=dtype,
        eval_batch_size=2,
        resume=None,
    ):
        seconds.append(state.history[-1]["seconds"])
    done = Contest(
        f"train {model}",
        "images",
        n,
        "withstand",
        {"withstand": seconds[1:]},
        {"batch_size": 64, "dtype": str(dtype)},
    )
    return _with_aim(done)


def _with_aim(done: Contest) -> Contest:
    done.notes["aim"] = AIMS[done.work]
    return done


def _corruptions(device: torch.device, test: ImageSet) -> Contest:
    """Every corruption at every severity, of images on the device."""
    names = [name for name in CORRUPTIONS if name != "frost" or frost.textures_available()]
    pictures, each = torch.from_numpy(np.array(test.images)).to(device), dict[str, float]()

    def all_of_them() -> None:
        for name in names:
            started = time.perf_counter()
            for severity in SEVERITIES:
                corrupt(pictures, name, severity)
            devices.synchronize(device)
            each[name] = time.perf_counter() - started

    amount = len(test) * len(names) * len(SEVERITIES)
    done = _timed("make every corruption", amount, all_of_them, device=devices.describe(device))
    done.notes["seconds_each"] = {name: round(value, 3) for name, value in each.items()}
    return done
