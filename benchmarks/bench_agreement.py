"""Agreement: what faster arithmetic changes in the predictions of trained networks, and what `exact` costs.

ViT-Ti/16 with its ImageNet weights on 1,000 photographs, where both lie in ``--data``; and ResNet-50 trained for two
short epochs on drawn shapes, tested on shapes it has not seen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import load_file

from benchmarks.frame import Contest, Options, contest
from withstand import data, models
from withstand import device as devices
from withstand.compose import compose
from withstand.config import EvaluationConfig
from withstand.data.imageset import ImageSet
from withstand.engines import has_openvino
from withstand.models import Classifier
from withstand.predict import Predictor
from withstand.preprocess import Preprocessing
from withstand.statistics import mcnemar
from withstand.train import train


def run(options: Options) -> list[Contest]:
    device = devices.choose(options.device)
    devices.set_threads(0)
    found = [_resnet(options, device)]
    photographs = options.data / "imagenet-1k-samples"
    if photographs.is_dir() and (options.data / "weights").is_dir():
        found.append(_transformer(options, device))
    else:
        print(f"  the Transformer is left out: {photographs} or its weights are not there")
    return found


def _settings(device: torch.device) -> dict[str, EvaluationConfig]:
    if device.type == "cuda":
        return {d: EvaluationConfig(dtype=d, backend="eager") for d in ("bfloat16", "float16")}
    found = {"bfloat16": EvaluationConfig(dtype="bfloat16", backend="eager")}
    if has_openvino():
        for dtype in ("float32", "bfloat16", "int8"):
            found[f"{dtype} (openvino)"] = EvaluationConfig(dtype=dtype, backend="openvino")
        found["int8 (openvino), exact"] = EvaluationConfig(dtype="int8", backend="openvino", exact=True)
    return found


def _compare(work: str, classifier: Classifier, test: ImageSet, device: torch.device, turns: int) -> Contest:
    plain = Predictor.of(classifier, device, torch.float32, 0)
    fast = {
        name: Predictor.planned(classifier, device, settings, test, 0)
        for name, settings in _settings(device).items()
    }
    expected = plain(test)
    hits = expected.logits.argmax(1) == test.labels
    notes: dict[str, Any] = {
        "float32_top1": float(100 * hits.mean()),
        "spread_of_logits": float(expected.logits.std()),
    }
    for name, predictor in fast.items():
        logits = predictor(test).logits
        ours = logits.argmax(1) == test.labels
        difference = mcnemar(ours, hits).difference.times(100)
        notes[name] = {
            "equal_predictions": float((logits.argmax(1) == expected.logits.argmax(1)).mean()),
            "largest_difference_of_logits": float(np.abs(logits - expected.logits).max()),
            "top1_difference_points": [difference.value, difference.low, difference.high],
        }
    contenders = {"float32": lambda: plain(test).logits} | {
        name: lambda predictor=predictor: predictor(test).logits for name, predictor in fast.items()
    }
    return contest(work, contenders, amount=len(test), ours="float32", turns=turns, **notes)


def _resnet(options: Options, device: torch.device) -> Contest:
    n = 64 if options.quick else 3000
    shapes = data.load(
        compose(["dataset=shapes", f"dataset.n_train={n}", f"dataset.n_test={n}", "model=resnet50"])
    )
    config = compose(["dataset=shapes", "model=resnet50", "train.epochs=2", "train.learning_rate=0.02"])
    classifier = models.build(config)
    train(
        classifier,
        shapes.train,
        shapes.test.take(slice(0, 64)),
        config.train,
        seed=0,
        device=device,
        dtype=torch.float32,
        eval_batch_size=64,
        resume=None,
        after_epoch=lambda state: None,
    )
    return _compare(
        "resnet50 at 32×32, trained on shapes", classifier, shapes.test, device, 1 if options.quick else 3
    )


def _transformer(options: Options, device: torch.device) -> Contest:
    files = sorted((options.data / "imagenet-1k-samples").glob("*.JPEG"))
    network = timm.create_model("vit_tiny_patch16_224")
    state = load_file(options.data / "weights" / "vit_tiny_patch16_224_imagenet1k.safetensors")
    network.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    half = (0.5, 0.5, 0.5)
    classifier = Classifier(network.eval(), Preprocessing(224, "bicubic", half, half), None)
    if options.quick:
        files = files[:16]
    labels = np.arange(len(files), dtype=np.int64)  # one photograph a class, in the classes' order
    test = ImageSet(np.stack([_square(file) for file in files]), labels, labels, tuple(f.stem for f in files))
    return _compare("ViT-Ti/16 at 224×224, ImageNet weights", classifier, test, device, 1)


def _square(file: Any) -> Any:
    """The middle, as timm evaluates this network: short side to 248, then 224 pixels of it."""
    with Image.open(file) as opened:
        picture = opened.convert("RGB")
    width, height = picture.size
    scale = 248 / min(width, height)
    picture = picture.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    return np.asarray(picture.crop((left, top, left + 224, top + 224)))
