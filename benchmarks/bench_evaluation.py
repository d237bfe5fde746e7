"""Evaluation: ViT-S/16 at 224 and ResNet-50 at 32, images in host memory to logits in host memory.

All contenders have the same images and weights. The weights are random but for BatchNorm's statistics, which are those
of the images: speed does not depend on them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks import timm_loop, usual
from benchmarks.frame import Contest, Options, contest
from benchmarks.inputs import images
from withstand.config.schema import EvaluationConfig
from withstand.engines import device as devices
from withstand.engines import openvino_engine
from withstand.engines.predictor import Predictor
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
WORK = 1e9  # images that a plan is chosen for: a run long enough to be worth every trial
PLAIN: dict[str, Any] = {"dtype": torch.float32, "channels_last": False}
GMAC = {"vit_small_patch16_224": 4.60, "resnet50": 0.083}


def run(options: Options) -> list[Contest]:
    device = devices.choose(options.device)
    devices.set_threads(0)
    few = {"vit_small_patch16_224": 64, "resnet50": 1024}
    many = {"vit_small_patch16_224": 20_000, "resnet50": 200_000}
    amounts = many if device.type == "cuda" else few
    return [
        _model(options, device, name, size, 8 if options.quick else amounts[name])
        for name, size in (("resnet50", 32), ("vit_small_patch16_224", 224))
    ]


def _model(options: Options, device: torch.device, name: str, size: int, n: int) -> Contest:
    test = images(options, n)
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=10)
    classifier = Classifier(network, Preprocessing(size, "bilinear", MEAN, STD), None)
    with torch.no_grad():
        network.train()(classifier.preprocessing(torch.from_numpy(np.array(test.images[:64]))))
    network.eval()
    contenders: dict[str, Callable[[], NDArray[np.float32]]] = {
        "usual script (float32, batch 64)": _usual(network, test, size, usual.Tuning(), device),
        "usual script, tuned": _usual(network, test, size, _tuned(device), device),
        "timm's validation loop": _timm(network, test, size, replace(_tuned(device), **PLAIN), device),
        "timm's validation loop, tuned": _timm(network, test, size, _tuned(device), device),
    }
    total = 0 if options.quick else int(WORK)
    ours = Predictor.planned(classifier, device, EvaluationConfig(), test, total)
    contenders["withstand"] = lambda: ours(test).logits
    notes: dict[str, Any] = {"plan": ours.precision, "batch_size": ours.batch_size}
    if openvino_engine.available() and device.type == "cpu" and not options.quick:
        eight = Predictor.planned(classifier, device, EvaluationConfig(dtype="int8"), test, 0)
        contenders["withstand, evaluation.dtype=int8"] = lambda: eight(test).logits
    result = contest(
        f"{name} at {size}×{size}", contenders, amount=n, turns=1 if options.quick else 3, **notes
    )
    expected = contenders["usual script (float32, batch 64)"]()
    result.notes["largest_difference"] = float(np.abs(contenders["withstand"]() - expected).max())
    theirs = float(np.abs(contenders["timm's validation loop"]() - expected).max())
    assert theirs < 0.01 * max(1.0, float(np.abs(expected).max())), f"timm's loop does other work: {theirs}"
    result.notes["largest_difference_of_timms"] = theirs
    result.notes["spread_of_logits"] = float(expected.std())
    result.notes.update(_share(result, device, ours.plan.dtype, GMAC[name]))
    return result


def _share(result: Contest, device: torch.device, dtype: str, gmac: float) -> dict[str, Any]:
    """Operations done over those of a large matrix product in the same arithmetic, here and now."""
    arithmetic = getattr(torch, dtype)
    size, repeats = (8192, 20) if device.type == "cuda" else (2048, 5)
    peak = devices.product_rate(device, arithmetic, size, repeats)
    done = 2e9 * gmac * result.rate("withstand")
    return {"peak_gflops": peak / 1e9, "share_of_peak": done / peak, "arithmetic": dtype}


def _tuned(device: torch.device) -> usual.Tuning:
    """What a careful user would set: the arithmetic that is faster here, workers, channels_last."""
    if device.type == "cuda":
        return usual.Tuning(512, workers=8, dtype=torch.bfloat16, channels_last=True)
    return usual.Tuning(64, 2, devices.choose_dtype("auto", device), channels_last=True)


def _usual(
    network: nn.Module, test: ImageSet, size: int, tuning: usual.Tuning, device: torch.device
) -> Callable[[], NDArray[np.float32]]:
    pictures = usual.Photographs(test.images, test.labels, usual.transform(size, MEAN, STD))
    batches = usual.loader(pictures, tuning, device)
    ready = usual.prepare(copy.deepcopy(network), tuning, device)
    return lambda: usual.evaluate(ready, batches, tuning, device)


def _timm(
    network: nn.Module, test: ImageSet, size: int, tuning: usual.Tuning, device: torch.device
) -> Callable[[], NDArray[np.float32]]:
    pictures = usual.Photographs(test.images, test.labels, None)
    batches = timm_loop.loader(pictures, size, MEAN, STD, tuning, device)
    ready = usual.prepare(copy.deepcopy(network), tuning, device)
    return lambda: timm_loop.validate(ready, batches, tuning, device)
