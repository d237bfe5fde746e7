"""Agreement: what faster engines change in the predictions of trained networks, and what `evaluation.exact` costs.

Each engine beside plain float32, which is the network as it was trained: nothing folded, nothing rewritten. ResNet-50
and small_cnn, trained here for two epochs, see test images of CIFAR-10, clean and corrupted; ``--checkpoint`` has
better weights of the first.
ViT-Ti/16 with its ImageNet weights sees photographs, clean and corrupted, where both lie in ``--data``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from benchmarks.frame import Contest, Options, contest
from benchmarks.inputs import training_and_test
from withstand import models
from withstand.config.composing import compose
from withstand.config.schema import EvaluationConfig
from withstand.corruptions import corrupt
from withstand.corruptions.constants import nearest_preset
from withstand.engines import device as devices
from withstand.engines import openvino_engine
from withstand.engines.convolution import as_convolution
from withstand.engines.engine import Engine
from withstand.engines.predictor import Predictor
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier
from withstand.models.checkpoints import read_state
from withstand.models.loading import load
from withstand.statistics import Estimate, mcnemar, paired_difference
from withstand.training.loop import train

PLAIN = "plain float32"
SOON = (
    "train.optimizer=adamw",
    "train.learning_rate=0.001",
    "train.weight_decay=0.05",
    "train.schedule=cosine",
)
SHOWN = (("gaussian_noise", 3), ("fog", 3), ("motion_blur", 3), ("jpeg_compression", 3))


def run(options: Options) -> list[Contest]:
    device = devices.choose(options.device)
    devices.set_threads(0)
    found = [
        _trained(options, device, "resnet50", 8000, *SOON),
        _trained(options, device, "small_cnn", 24_000),
    ]
    photographs = options.data / "imagenet-1k-samples"
    if photographs.is_dir() and (options.data / "weights").is_dir():
        found.append(_transformer(options, device))
    else:
        print(f"  the Transformer is left out: {photographs} or its weights are not there")
    return found


def _compare(work: str, classifier: Classifier, clean: ImageSet, device: torch.device, turns: int) -> Contest:
    """Every engine over the same images, clean first, then under each of ``SHOWN``."""
    network = as_convolution(copy.deepcopy(classifier.network)).to(device).eval()
    plain = replace(Predictor.of(classifier, device, torch.float32, 0), engine=lambda images: network(images))
    engines = {PLAIN: plain} | _engines(classifier, clean, device)
    again = {name: one.plain for name, one in engines.items() if isinstance(one.plain, Counting)}
    preset = nearest_preset(*clean.images.shape[1:3])
    changed = [corrupt(clean.images, *one, ids=clean.ids, preset=preset) for one in SHOWN]
    conditions = [clean, *(replace(clean, images=images) for images in changed)]
    logits: dict[str, NDArray[np.float32]] = {}

    def predict(name: str) -> None:  # condition by condition, as experiment 2 does
        logits[name] = np.concatenate([engines[name](one).logits for one in conditions])

    contenders = {name: lambda name=name: predict(name) for name in engines}
    n = len(clean) * len(conditions)
    result = contest(work, contenders, amount=n, ours="eager float32", turns=turns)
    result.notes.update(_agreement(logits, clean.labels))
    for name, counted in again.items():
        result.notes[name]["share_computed_again"] = counted.images / (1 + turns) / n
    return result


class Counting:
    """The engine that computes again what is too near to call, and how many images that was."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.images = engine, 0

    def __call__(self, images: Tensor) -> Tensor:
        self.images += len(images)
        return self.engine(images)


def _engines(classifier: Classifier, sample: ImageSet, device: torch.device) -> dict[str, Predictor]:
    wanted = [("eager", "float32"), ("eager", "bfloat16")]
    if device.type == "cuda":
        wanted.append(("eager", "float16"))
    elif openvino_engine.available():
        wanted += [("openvino", dtype) for dtype in ("float32", "int8")]
    found = {}
    for backend, dtype in wanted:
        settings = EvaluationConfig(backend=backend, dtype=dtype)
        found[f"{backend} {dtype}"] = one = Predictor.planned(classifier, device, settings, sample, 0)
    exact = Counting(found["eager float32"].engine)
    found[f"{backend} {dtype}, exact"] = replace(one, plain=exact)  # of the fastest, which is the last
    return found


def _agreement(logits: Mapping[str, NDArray[np.float32]], labels: NDArray[np.int64]) -> dict[str, Any]:
    """For each engine how near it is to plain float32; accuracies in percent, differences in points."""
    expected = logits[PLAIN]
    right = {name: (one.argmax(1).reshape(-1, len(labels)) == labels).T for name, one in logits.items()}
    notes: dict[str, Any] = {
        "images": len(labels),
        "conditions": ["clean", *(f"{name} {severity}" for name, severity in SHOWN)],
        "top1_of_plain_float32": {
            "clean": float(100 * right[PLAIN][:, 0].mean()),
            "corrupted": float(100 * right[PLAIN][:, 1:].mean()),
        },
        "spread_of_logits": float(expected.std()),
    }
    for name in logits:
        if name == PLAIN:
            continue
        clean = mcnemar(right[name][:, 0], right[PLAIN][:, 0]).difference
        corrupted = paired_difference(*(right[one][:, 1:].astype(np.float64) for one in (name, PLAIN)))
        notes[name] = {
            "equal_predictions": float((logits[name].argmax(1) == expected.argmax(1)).mean()),
            "largest_difference_of_logits": float(np.abs(logits[name] - expected).max()),
            "top1_difference_clean": _points(clean),
            "top1_difference_corrupted": _points(corrupted),
        }
    return notes


def _points(one: Estimate) -> dict[str, float]:
    return {key: round(100 * getattr(one, key), 4) for key in ("value", "low", "high")}


def _trained(options: Options, device: torch.device, model: str, n: int, *settings: str) -> Contest:
    """A network trained here on the first ``n`` training images for two epochs, or resnet50 from its checkpoint."""
    n_train, n_test, turns = (64, 16, 1) if options.quick else (n, 4000, 2)
    shown, test = training_and_test(options, n_train + 64, n_test)
    config = compose(["dataset=cifar10", f"model={model}", "train.epochs=2", *settings])
    classifier = models.build(config)
    if options.checkpoint and model == "resnet50":
        load(classifier.network, read_state(options.checkpoint), str(options.checkpoint))
        return _compare(f"{model} at 32×32, weights given", classifier, test, device, turns)
    for _ in train(
        classifier,
        shown.take(slice(0, n_train)),
        shown.take(slice(n_train, n_train + 64)),
        config.train,
        seed=0,
        device=device,
        dtype=torch.float32,
        eval_batch_size=64,
        resume=None,
    ):
        pass
    return _compare(f"{model} at 32×32, 2 epochs on {n_train:,} images", classifier, test, device, turns)


def _transformer(options: Options, device: torch.device) -> Contest:
    files = sorted((options.data / "imagenet-1k-samples").glob("*.JPEG"))
    network = timm.create_model("vit_tiny_patch16_224")
    state = load_file(options.data / "weights" / "vit_tiny_patch16_224_imagenet1k.safetensors")
    network.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    half = (0.5, 0.5, 0.5)
    classifier = Classifier(network.eval(), Preprocessing(224, "bicubic", half, half), None)
    every = len(files) // (2 if options.quick else 1000)
    labels = np.arange(len(files), dtype=np.int64)[::every]  # one photograph a class, in the classes' order
    images = np.stack([_square(files[label]) for label in labels])
    test = ImageSet(images, labels, labels, tuple(file.stem for file in files))
    return _compare("ViT-Ti/16 at 224×224, ImageNet weights", classifier, test, device, 1)


def _square(file: Any) -> NDArray[np.uint8]:
    """The middle, as timm evaluates this network: short side to 248, then 224 pixels of it."""
    with Image.open(file) as opened:
        picture = opened.convert("RGB")
    width, height = picture.size
    scale = 248 / min(width, height)
    picture = picture.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    return np.asarray(picture.crop((left, top, left + 224, top + 224)))
