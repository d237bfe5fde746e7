"""What the tests of the corruptions share: real and drawn images, and the names of what is random."""

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from withstand.corruptions import CORRUPTIONS, frost
from withstand.corruptions.core import function
from withstand.datasets import cifar10, shapes

DETERMINISTIC = (
    "gaussian_blur",
    "defocus_blur",
    "zoom_blur",
    "brightness",
    "contrast",
    "saturate",
    "jpeg_compression",
    "pixelate",
)
RANDOM = tuple(
    name
    for name in CORRUPTIONS
    if name not in DETERMINISTIC
    and inspect.getsource(function(name)).count("draws") > 1  # beside the argument
)


def need_textures(corruption: str) -> None:
    """Skip where frost is meant and the published textures are not here."""
    if corruption == "frost" and frost.drawn():
        pytest.skip(f"needs the frost textures: {frost.COMMAND}")


def drawn(n: int, size: int = 32, first: int = 0) -> np.ndarray:
    """Drawn images, uint8 n×size×size×3; no file is needed."""
    return shapes.draw(np.arange(first, first + n), seed=0, size=size).images


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> dict[str, np.ndarray]:
    """The reference code's own images of the first 24 CIFAR-10 test images: `clean`, and 5×24×32×32×3 by name."""
    with np.load(shared_data / "cifar_c_golden.npz") as file:
        content = {name: file[name] for name in file}
    by_name = dict(zip(content["names"].tolist(), content["corrupted"], strict=True))
    return {"clean": content["clean"]} | by_name


@pytest.fixture(scope="session")
def moments(shared_data: Path) -> dict[str, dict[str, Any]]:
    """Statistics of the reference code's images of the first 1,000 CIFAR-10 test images, by `name/severity`."""
    return json.loads((shared_data / "cifar_c_moments.json").read_text())["cells"]


@pytest.fixture(scope="session")
def thousand(real_data: Path) -> np.ndarray:
    """The first 1,000 CIFAR-10 test images."""
    return cifar10.load(real_data / "cifar10", fetch=False).test.images[:1000]
