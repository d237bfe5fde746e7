"""What is here: versions, devices with their measured speed, data and weights with their places, extras."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from withstand.base import limits
from withstand.base.cache import cache_folder
from withstand.config.composing import choices
from withstand.config.schema import Config
from withstand.engines import device as devices
from withstand.engines import openvino_engine

PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow", "pandas", "pyarrow", "scipy", "matplotlib")
EXTRAS = {
    "openvino": ("openvino, nncf", "evaluation on a CPU by OpenVINO, in int8 too"),
    "hf": ("transformers, datasets", "models of Hugging Face Transformers, and data sets of the Hub"),
    "clip": ("open_clip", "zero-shot classifiers: model=clip:NAME"),
    "onnx": ("onnxruntime", "ONNX files: model=onnx:FILE"),
    "grabcut": ("cv2", "objects cut out by their boxes: experiment=make_backgrounds"),
    "wandb": ("wandb", "tracker=wandb"),
    "trackio": ("trackio", "tracker=trackio"),
}
"""Extra → the modules that it brings, and what it adds."""


@dataclass(frozen=True)
class Place:
    """Where data or weights belong."""

    name: str
    path: Path

    @property
    def there(self) -> bool:
        return self.path.exists()


def versions() -> dict[str, str]:
    """Of Python and of what the numbers depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # not as a distribution, as in some images of GPU machines
            found[name] = "unknown"
    return found


def machine() -> str:
    """Cores and memory that this process may use."""
    memory = limits.memory()
    said = f"{limits.cores()} cores"
    return f"{platform.system()}, {said}, {memory / 1e9:.1f} GB" if memory else f"{platform.system()}, {said}"


def speeds() -> Iterator[tuple[str, dict[str, float]]]:
    """Each device in words, with the operations a second of a matrix product in each arithmetic that it has."""
    for device in _devices():
        size = 1024 if device.type == "cpu" else 8192
        kinds = [torch.float32, torch.bfloat16]
        rates = {devices.name(kind): devices.product_rate(device, kind, size, 3) for kind in kinds}
        yield devices.describe(device), rates


def _devices() -> Iterator[torch.device]:
    yield torch.device("cpu")
    for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        yield torch.device("cuda", number)
    if torch.backends.mps.is_available():
        yield torch.device("mps")


def engines() -> list[str]:
    """What a network can be run by."""
    found = ["eager", "compile"]
    return [*found, "openvino"] if openvino_engine.available() else found


def extras() -> dict[str, tuple[bool, str]]:
    """Extra → whether all of it is installed, and what it adds."""
    return {
        name: (all(find_spec(one.strip()) is not None for one in modules.split(",")), adds)
        for name, (modules, adds) in EXTRAS.items()
    }


def data(config: Config) -> list[Place]:
    """Of every data set and shift whose files have a place of their own in ``paths.data``."""
    root, found = Path(config.paths.data), {}
    for group in ("dataset", "shift"):
        for name, settings in choices(group).items():
            paths = [root / one.split("/", 1)[1] for one in _in_data(settings)]
            if not paths and settings.get("download"):
                paths = [root / name]
            for path in paths:
                found[name, path] = Place(name, path)
    found["corruption", root] = Place("corruption of cifar10, as published", root / "CIFAR-10-C")
    return list(found.values())


def _in_data(settings: Mapping[str, Any]) -> Iterator[str]:
    for value in settings.values():
        if isinstance(value, str) and value.startswith("${paths.data}/"):
            yield value


def weights(config: Config) -> list[Place]:
    """Of every shipped model with pretrained weights: where a local copy belongs."""
    root = Path(config.paths.data) / "weights"
    found: dict[Path, list[str]] = {}
    for name, settings in choices("model").items():
        model = settings.get("model", settings)
        if model.get("pretrained"):
            tagged = f"{model.get('name')}.{model['tag']}" if model.get("tag") else str(model.get("name"))
            found.setdefault(root / (model.get("file") or f"{tagged}.safetensors"), []).append(name)
    return [Place(", ".join(names), path) for path, names in found.items()]


def measured() -> Path:
    """Where what was measured of this machine is kept."""
    return cache_folder()
