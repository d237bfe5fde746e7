"""A small backgrounds challenge in the release's layout: drawn shapes as the user's own images, with exact masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from withstand.backgrounds.make import build, sources
from withstand.config.schema import MakeBackgroundsConfig
from withstand.datasets import shapes

CLASSES = ("dog", "wheeled vehicle", "fish")
PER_CLASS = 8
SIZE = 32


def write_images(root: Path, per_class: int = PER_CLASS) -> None:
    """``images/{class}/{name}.png`` and ``masks/{class}/{name}.npy``: shapes on backgrounds of their kind."""
    labels = np.repeat(np.arange(len(CLASSES)), per_class)
    drawn = shapes.render(np.arange(len(labels)), labels, labels, seed=1, size=SIZE)
    assert drawn.masks is not None
    for number, label in enumerate(labels):
        for kind in ("images", "masks"):
            (root / kind / CLASSES[label]).mkdir(parents=True, exist_ok=True)
        name = f"n{label:08d}_{number}"
        Image.fromarray(drawn.images[number]).save(root / "images" / CLASSES[label] / f"{name}.png")
        np.save(root / "masks" / CLASSES[label] / f"{name}.npy", drawn.masks[number])


def settings(root: Path, **more: object) -> MakeBackgroundsConfig:
    """To make a set of what ``write_images`` wrote under ``root``."""
    own = {
        "images": str(root / "images"),
        "masks": str(root / "masks"),
        "to": str(root / "set"),
        "size": SIZE,
    }
    return MakeBackgroundsConfig(**{**own, **more})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("challenge")
    write_images(root)
    own = settings(root)
    build.build(own, sources.read(own), seed=3, overwrite=False)
    return root / "set"


@pytest.fixture
def challenge(_made: Path, tmp_path: Path) -> Path:
    """A copy of the set that a test may damage."""
    import shutil

    return Path(shutil.copytree(_made, tmp_path / "bg_challenge"))
