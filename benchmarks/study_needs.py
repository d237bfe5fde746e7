"""What the whole study takes, counted from its own configurations: images to train on and evaluate, minutes, disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from withstand.config.schema import Config
from withstand.corruptions import CORRUPTIONS

TRAIN, TEST = 50_000, 10_000  # images of CIFAR-10
BYTES = 32 * 32 * 3

# Images a second that the project aims at on one H100, to train on and to evaluate (results/rates.*.json has what was
# measured). The smaller Transformer and the small CNN are counted as the larger Transformer.
AIMS = {32: (20_000, 25_000), 224: (8_000, 30_000)}

# Gigabytes of a training's folder: best weights, a checkpoint with the optimiser's state, and all predictions, for the
# largest of the models.
FOLDER = 0.4


@dataclass(frozen=True)
class Work:
    """Images of one part."""

    trained: int
    evaluated: int

    def seconds(self, image_size: int) -> float:
        train, evaluate = AIMS[image_size]
        return self.trained / train + self.evaluated / evaluate


def work(config: Config) -> Work:
    """What one part of the full study does."""
    conditions = 1 + len(CORRUPTIONS) * len(config.shift.severities)
    validation, epochs = config.train.validation, config.train.epochs
    if config.dataset.name != "cifar10":
        return Work(0, 0)  # thousands of images, where the others have millions
    if config.experiment.name == "train":
        val = round(TRAIN * validation)
        return Work(epochs * (TRAIN - val), epochs * val + TEST)
    if config.experiment.name == "robustness":
        return Work(0, (conditions - 1) * TEST)
    if config.experiment.name == "finetune":
        shown, share = config.finetune.images_per_epoch, config.finetune.test
        val = round(shown * validation / (1 - validation))
        return Work(epochs * shown, epochs * val + 2 * conditions * round(TEST * share))
    return Work(0, 0)


def needs(parts: Mapping[str, Config]) -> list[str]:
    """Lines for people."""
    counted = {name: (work(config), config.model.image_size) for name, config in parts.items()}
    counted = {name: both for name, both in counted.items() if both[0].evaluated}
    total = sum(one.seconds(size) for one, size in counted.values())
    files = len(CORRUPTIONS) * 5 * TEST * BYTES / 1e9
    folders = sum(one.trained > 0 for one, _ in counted.values())
    lines = ["in full it takes:"]
    for name, (one, size) in counted.items():
        lines.append(
            f"  {name}: {one.trained:,} images to train on, {one.evaluated:,} to evaluate, at {size}×{size}:"
            f" {one.seconds(size) / 60:.1f} min at the rates aimed at"
        )
    lines += [
        f"  {total / 60:.0f} minutes in all on one H100 if these rates are reached, and the time to write the corrupted"
        " images: counts and aims, not measurements",
        f"  a GPU; {files:.1f} GB of disk for the corrupted images, up to {FOLDER * folders:.1f} GB for checkpoints and"
        " predictions",
        "  FOLDER/cifar10 (CIFAR-10), FOLDER/weights (of the pretrained models), and what benchmarks.study_data makes",
    ]
    return lines
