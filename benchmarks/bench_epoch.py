"""One epoch of experiment 1, as users get it: train, validate, keep the best weights and a checkpoint to go on from.

ResNet-50 at 32×32. Ours is the loop of `python main.py experiment=train` with all that it writes. The usual script
trains and validates on the same images from the same weights, and saves the same two files.
"""

from __future__ import annotations

import copy
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from benchmarks import usual
from benchmarks.bench_evaluation import PLAIN
from benchmarks.frame import Contest, Options, contest
from benchmarks.inputs import images
from withstand import datasets, models
from withstand.config.composing import compose
from withstand.engines import device as devices
from withstand.images.imageset import Dataset
from withstand.models import Classifier
from withstand.results.folder import RunFolder
from withstand.session.fitting import fit
from withstand.session.setup import Setup
from withstand.trackers.none import Nothing
from withstand.training.progress import Progress

MODEL = "resnet50"
RATE, DECAY, MOMENTUM = 0.01, 5e-4, 0.9
SETTINGS = (
    "train.optimizer=sgd",
    f"train.learning_rate={RATE}",
    f"train.weight_decay={DECAY}",
    f"train.momentum={MOMENTUM}",
)


def run(options: Options) -> list[Contest]:
    device = devices.choose(options.device)
    devices.set_threads(0)
    n = 64 if options.quick else 50_000 if device.type == "cuda" else 1600
    words = ["experiment=train", f"model={MODEL}", "dataset=cifar10", "train.epochs=1", *SETTINGS]
    config = compose([*words, "overwrite=true", f"device={device}"])
    train_set, val_set = datasets.split(images(options, n), config.train.validation, config.seed)
    dataset = Dataset("cifar10", train_set, val_set)
    classifier = models.build(config)
    ready, seen = classifier.preprocessing, {}

    def ours() -> None:
        with tempfile.TemporaryDirectory(prefix="withstand-epoch-") as folder:
            setup = Setup(config, words, device, dataset, RunFolder(Path(folder)))
            one = Classifier(copy.deepcopy(classifier.network), ready, None)
            fit(setup, one, train_set, val_set, Nothing(), "an epoch")
            seen["withstand"] = Progress.load(setup.folder).history[-1]["val_top1"]

    def theirs(name: str, tuning: usual.Tuning) -> None:
        with tempfile.TemporaryDirectory(prefix="withstand-epoch-") as folder:
            seen[name] = _usual(
                copy.deepcopy(classifier.network), loaders[tuning], tuning, device, Path(folder)
            )

    tuned = usual.Tuning(
        64,
        8 if device.type == "cuda" else min(2, devices.cores()),
        devices.choose_dtype("auto", device),
        True,
    )
    plain = replace(tuned, workers=0, **PLAIN)
    loaders = {}
    for tuning in (plain, tuned):
        shown, held = (
            usual.Photographs(s.images, s.labels, usual.transform(32, ready.mean, ready.std, augment))
            for s, augment in ((train_set, True), (val_set, False))
        )
        loaders[tuning] = [usual.loader(d, tuning, device, shuffle=d is shown) for d in (shown, held)]
    result = contest(
        f"an epoch of experiment 1: {MODEL} at 32×32, batch 64",
        {
            "usual script (float32)": lambda: theirs("usual script (float32)", plain),
            "usual script, tuned": lambda: theirs("usual script, tuned", tuned),
            "withstand": ours,
        },
        amount=n,
        turns=1 if options.quick else 3,
        n_train=len(train_set),
        n_val=len(val_set),
    )
    result.notes["val_top1"] = seen
    return [result]


def _usual(
    network: nn.Module, loaders: list, tuning: usual.Tuning, device: torch.device, folder: Path
) -> float:
    """Train, validate, save what is best and where to go on; gives the validation top-1 in percent."""
    ready = usual.prepare(network, tuning, device)
    optimizer = torch.optim.SGD(ready.parameters(), RATE, momentum=MOMENTUM, weight_decay=DECAY)
    usual.train_epoch(ready, loaders[0], optimizer, tuning, device)
    logits = usual.evaluate(ready, loaders[1], tuning, device)
    top1 = 100 * float((logits.argmax(1) == loaders[1].dataset.labels).mean())
    torch.save(ready.state_dict(), folder / "best.pth")
    state = {"epoch": 1, "network": ready.state_dict(), "optimizer": optimizer.state_dict(), "val_top1": top1}
    torch.save(state, folder / "checkpoint.pth")
    return top1
