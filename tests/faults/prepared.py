"""A small tree of all that withstand reads: finished runs, data, weights, settings. Made once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from tests.faults import forks
from torch import nn

CLASSES = ("cat", "dog", "owl")
SHAPES = [
    *("dataset=shapes", "dataset.size=16", "dataset.n_train=60", "dataset.n_test=40"),
    *("threads=1", "device=cpu"),
]
MODEL = ["model=small_cnn", "model.image_size=16", "model.args.channels=[8,8,16,16]"]
ASKED = ["shift.corruptions=[fog,shot_noise]", "shift.severities=[3,5]"]
STUDY = [*SHAPES, *MODEL, *ASKED, "train.epochs=2"]
LONGER = ["experiment=train", *SHAPES, *MODEL, "train.epochs=3"]
TUNE = [
    *("experiment=finetune", "train.epochs=1", "finetune.images_per_epoch=40", "finetune.test=0.4"),
    *SHAPES,
    *MODEL,
    *ASKED,
]
BACKGROUND = ["experiment=background", "background.protocol=trained", *SHAPES, *MODEL]
OTHER = [
    *SHAPES,
    *MODEL[:2],
    "model.args.channels=[8,8,16,32]",
    *ASKED,
    "train.epochs=2",
    "model.cfg_name=other",
]
CORRUPT = [
    *("experiment=corrupt", "dataset=shapes", "dataset.size=16", "dataset.n_train=60", "dataset.n_test=40"),
    "shift.corruptions=[fog]",
    "shift.severities=[3]",
]
NET = [
    "model=python:net.py:net",
    "model.image_size=16",
    "model.mean=[0.5,0.5,0.5]",
    "model.std=[0.25,0.25,0.25]",
]
EVALUATE = ["experiment=evaluate", *NET, "threads=1", "device=cpu"]
MAKE = [
    *("experiment=make_backgrounds", "make_backgrounds.images=photos", "make_backgrounds.to=made"),
    *("make_backgrounds.size=32", "make_backgrounds.min_strip=0.02"),
]
MASKS = [*MAKE, "make_backgrounds.masks=masks"]
BOXES = [*MAKE[:2], "make_backgrounds.to=boxed", *MAKE[3:], "make_backgrounds.boxes=boxes.tsv"]
ON_MADE = [
    *(
        "experiment=background",
        "background.folds=2",
        "train.epochs=1",
        "dataset=imagenet9",
        "dataset.folder=made",
    ),
    *("dataset.num_classes=3", "dataset.size=16", *MODEL, "threads=1", "device=cpu"),
]
_NET = """
import torch
from torch import nn


def net(outputs: int = 3):
    torch.manual_seed(3)
    body = [nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(196, outputs)]
    return nn.Sequential(*body)


def net12():
    return net(12)
"""
_OWN = {
    "configs/model/own.yaml": (
        "# @package _global_\nmodel:\n  cfg_name: own\n  title: mine\n  name: resnet10t\n  family: cnn\n"
        "  pretrained: false\n  image_size: 16\n  num_classes: ${dataset.num_classes}\n"
        "  args: {channels: [8, 8, 16, 16]}\ntrain:\n  epochs: 1\n  optimizer: adamw\n  learning_rate: 0.002\n"
    ),
    "configs/hypothesis/own.yaml": (
        "claim: The other withstands more\nmeasure: {of: corruption, metric: top1, over: corrupted}\n"
        "more: {model: other}\nless: {model: small_cnn}\nequal: [family]\n"
    ),
    "configs/suite/own.yaml": "title: mine\nshifts: [corruption]\n",
    "configs/dataset/own.yaml": (
        "name: folder\ntitle: own\nabout: mine\nnum_classes: 0\nmean: [0.5, 0.5, 0.5]\nstd: [0.25, 0.25, 0.25]\n"
        "train_limit: null\ntest_limit: null\ndownload: false\nfolder: photos\nsize: 16\n"
    ),
    "configs/shift/own.yaml": (
        "name: corruption\ntitle: mine\nsource: made\nfolder: ''\nwritten: ''\npreset: auto\ncorruptions: [fog]\n"
        "severities: [3]\nconstants: {}\nseed: 1\n"
    ),
}


def make(folder: Path, *, whole: bool = True) -> None:
    """Make the tree; every command that made it has to have ended well.

    Args:
        whole: with what takes longer, such as a fine-tuning and sets of backgrounds.
    """
    for name, text in _OWN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "net.py").write_text(_NET, encoding="utf-8")
    _data(folder)
    _weights(folder)
    _told(STUDY, folder)
    if not whole:
        return
    _told(OTHER, folder)
    _told(TUNE, folder)
    _told(BACKGROUND, folder)
    _told(CORRUPT, folder)
    _told(MASKS, folder)
    _told([*EVALUATE, "dataset=folder", "dataset.folder=photos", "dataset.size=16"], folder)


def _told(words: list[str], folder: Path) -> None:
    done = forks.run(words, folder)
    assert done.code == 0, (words, done.said)


def _data(folder: Path) -> None:
    draw = np.random.default_rng(5)
    lines, boxes = ["path,label"], ["file\tclass\tx0\ty0\tx1\ty1"]
    for label, name in enumerate(CLASSES):
        (folder / "photos" / name).mkdir(parents=True)
        (folder / "masks" / name).mkdir(parents=True)
        for at in range(4):
            image = _drawn(draw, label)
            suffix = ("png", "jpg", "webp", "bmp")[at]
            Image.fromarray(image).save(folder / "photos" / name / f"{name}{at}.{suffix}")
            mask = np.zeros((40, 40), np.uint8)
            mask[12:30, 4:20] = 255
            if at % 2:
                Image.fromarray(mask).save(folder / "masks" / name / f"{name}{at}.png")
            else:
                np.save(folder / "masks" / name / f"{name}{at}.npy", mask)
            lines.append(f"photos/{name}/{name}{at}.{suffix},{name}")
            boxes.append(f"{name}/{name}{at}.{suffix}\t{name}\t1\t9\t23\t33")
    (folder / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "boxes.tsv").write_text("\n".join(boxes) + "\n", encoding="utf-8")
    images, labels = draw.integers(0, 256, (12, 16, 16, 3), np.uint8), np.repeat(np.arange(3), 4)
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", labels)
    np.savez(folder / "both.npz", images=images.transpose(0, 3, 1, 2), labels=labels)
    (folder / "names.json").write_text(json.dumps(CLASSES), encoding="utf-8")
    (folder / "maps").mkdir()
    (folder / "maps" / "map.json").write_text(
        json.dumps({str(i): CLASSES[i // 4] for i in range(12)}), "utf-8"
    )
    rows = "".join(f"{i},{CLASSES[i // 4]}\n" for i in range(12))
    (folder / "maps" / "map.csv").write_text(f"output,class\n{rows}", "utf-8")


def _drawn(draw: np.random.Generator, label: int) -> np.ndarray:
    image = draw.integers(0, 90, (40, 40, 3)).astype(np.uint8)
    image[12:30, 4:20] = draw.integers(150, 255, 3)
    image[:, :, label] //= 2
    return image


def _weights(folder: Path) -> None:
    torch.manual_seed(9)
    (folder / "weights").mkdir()
    body = [nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(196, 3)]
    state = nn.Sequential(*body).state_dict()
    torch.save(state, folder / "weights" / "w.pth")
    torch.save({"state_dict": state, "epoch": 3}, folder / "weights" / "wrapped.pth")
    save_file(state, folder / "weights" / "w.safetensors")


def copied(prepared: Path, to: Path) -> Path:
    """A copy to damage; times stay, by which what was hashed is trusted."""
    return shutil.copytree(prepared, to, symlinks=True)
