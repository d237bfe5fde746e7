"""What the site's commands speak of and a reader has: photographs, a network, weights of two trainings. All drawn."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from withstand.datasets.shapes import CLASSES, draw
from withstand.images.imageset import ImageSet

NETWORK = """
from torch import nn
from withstand import Preprocessing


def build():
    network = nn.Sequential(
        nn.Conv2d(3, 32, 5, 2, 2), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(64, 64, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 10),
    )
    return network, Preprocessing(32, "bilinear", (0, 0, 0), (1, 1, 1))
"""
SORTED = np.argsort(np.argsort(CLASSES))  # the label of each class among folders, which are sorted by name


def lay_out(folder: Path) -> None:
    """Everything, into an empty folder."""
    (folder / "net.py").write_text(NETWORK, encoding="utf-8")
    _weights(folder)
    february = _photographs(folder / "photos", 50_000, 40)
    _photographs(folder / "photos-march", 60_000, 40, correlation=0.0)
    _photographs(folder / "other-things", 70_000, 20)
    with open(folder / "cameras.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "camera"])
        table.writerows((path, "old" if at % 3 else "new") for at, path in enumerate(february))


def _photographs(folder: Path, first: int, n: int, correlation: float = 0.5) -> list[str]:
    drawn = draw(np.arange(first, first + n), seed=0, size=48, correlation=correlation)
    paths = []
    for image, label, name in zip(drawn.images, drawn.labels, drawn.ids, strict=True):
        path = folder / CLASSES[label] / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        paths.append(path.relative_to(folder).as_posix())
    return paths


def _weights(folder: Path) -> None:
    """``old.pth`` is trained on fewer images than ``new.pth``."""
    made: dict[str, object] = {}
    exec(NETWORK, made)
    drawn = draw(np.arange(1500), seed=0)
    for name, images in (("old", drawn.take(slice(0, 700))), ("new", drawn)):
        torch.manual_seed(0)
        network = made["build"]()[0]  # type: ignore[operator]
        _train(network, images)
        torch.save(network.state_dict(), folder / f"{name}.pth")


def _train(network: nn.Module, drawn: ImageSet, epochs: int = 12) -> None:
    images = torch.from_numpy(drawn.images).permute(0, 3, 1, 2).float() / 255
    labels = torch.from_numpy(SORTED[drawn.labels])
    step = torch.optim.AdamW(network.parameters(), lr=2e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(images)).split(50):
            step.zero_grad()
            nn.functional.cross_entropy(network(images[rows]), labels[rows]).backward()
            step.step()
