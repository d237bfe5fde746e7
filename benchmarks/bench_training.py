"""Training: ResNet-50 at 32×32, batches of 64 with crop and flip, SGD; steps without validation."""

from __future__ import annotations

import copy
from dataclasses import replace

import timm
import torch

from benchmarks import usual
from benchmarks.bench_evaluation import MEAN, STD
from benchmarks.frame import Contest, Options, contest
from benchmarks.inputs import images
from withstand.config.schema import TrainConfig
from withstand.engines import device as devices
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier
from withstand.training.loop import train


def run(options: Options) -> list[Contest]:
    device = devices.choose(options.device)
    devices.set_threads(0)
    n = 64 if options.quick else 45_000 if device.type == "cuda" else 640
    pictures = images(options, n)
    nothing = images(options, 2)
    torch.manual_seed(0)
    network = timm.create_model("resnet50", num_classes=10)
    settings = TrainConfig(epochs=1, batch_size=64, learning_rate=0.01)

    def ours() -> None:
        """An epoch, with a validation set of two images: `train` has no other way to end one."""
        for _ in train(
            Classifier(copy.deepcopy(network), Preprocessing(32, "bilinear", MEAN, STD), None),
            pictures,
            nothing,
            settings,
            seed=0,
            device=device,
            dtype=devices.choose_dtype("auto", device),
            eval_batch_size=2,
            resume=None,
        ):
            pass

    def theirs(tuning: usual.Tuning) -> None:
        ready = usual.prepare(copy.deepcopy(network), tuning, device)
        optimizer = torch.optim.SGD(ready.parameters(), 0.01, momentum=0.9, weight_decay=5e-4)
        usual.train_epoch(ready, loaders[tuning], optimizer, tuning, device)

    plain = usual.Tuning()
    tuned = replace(
        plain,
        workers=8 if device.type == "cuda" else 2,
        channels_last=True,
        dtype=devices.choose_dtype("auto", device),
    )
    dataset = usual.Photographs(
        pictures.images, pictures.labels, usual.transform(32, MEAN, STD, augment=True)
    )
    loaders = {tuning: usual.loader(dataset, tuning, device, shuffle=True) for tuning in (plain, tuned)}
    return [
        contest(
            "resnet50 at 32×32, batch 64, SGD",
            {
                "usual script (float32)": lambda: theirs(plain),
                "usual script, tuned": lambda: theirs(tuned),
                "withstand": ours,
            },
            amount=n,
            turns=1 if options.quick else 3,
        )
    ]
