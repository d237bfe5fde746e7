"""The study's data put in their places, as links: `python -m benchmarks.study_data --data FOLDER --to FOLDER`.

From CIFAR-10, weights, photographs of ImageNet (`imagenet-1k-samples/WNID_NAME.JPEG`) and objects with boxes
(`tiny-imagenet-9`), whatever of them there is, it makes what `experiment=reproduction` looks for.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from withstand.images.listing import listed
from withstand.session.reproduction import UNFOLDED

FOLDED = "mobilenetv2_100_imagenet1k.safetensors"
_SHOWN, _AT_ONCE = 256, 32  # photographs that statistics are taken of


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m benchmarks.study_data")
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--to", type=Path, required=True)
    chosen = words.parse_args()
    data, to = chosen.data.resolve(), chosen.to.resolve()
    for name in ("cifar10", "weights"):
        for file in [one for one in sorted((data / name).rglob("*")) if one.is_file()]:
            _link(file, to / file.relative_to(data))
    for file in sorted((data / "imagenet-1k-samples").glob("*.JPEG")):
        _link(file, to / "photographs" / file.name.partition("_")[0] / file.name)
    if (data / "tiny-imagenet-9").is_dir():
        _objects(data / "tiny-imagenet-9", to / "objects")
    if (data / "in_to_in9.json").is_file():
        _link(data / "in_to_in9.json", to / "in_to_in9.json")
    made = (to / "weights" / UNFOLDED).is_file()
    if (to / "weights" / FOLDED).is_file() and (to / "photographs").is_dir() and not made:
        unfold(to)
    return 0


def _link(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.symlink_to(file)


def _objects(source: Path, to: Path) -> None:
    """Links to the pictures, and the boxes as `experiment=make_backgrounds` reads them, with the class by its name."""
    boxes = pd.read_csv(source / "boxes.tsv", sep="\t")
    classes = pd.read_csv(source / "superclass.tsv", sep="\t").set_index("wnid")["name"]
    boxes["class"] = boxes["wnid"].map(classes)
    boxes["file"] = boxes["split"] + "/" + boxes["wnid"] + "/" + boxes["file"]
    for split in ("train", "val"):
        _link(source / split, to / split)
    boxes[["file", "class", "x0", "y0", "x1", "y1"]].to_csv(to / "boxes.tsv", sep="\t", index=False)


def unfold(data: Path) -> None:
    """Weights with BatchNorm folded into them, made into such as can be trained on.

    Folded layers pass on what they are given. Training normalises by each batch, and the network would be another at
    its first step. So each layer is given the mean and variance of what it sees on photographs, and a scale and shift
    that undo them: evaluated, the network is the same; trained, it starts from nearly the same.
    """
    network = timm.create_model("mobilenetv2_100", pad_type="same").eval()
    network.load_state_dict(load_file(data / "weights" / FOLDED))
    files = np.random.default_rng(0).permutation(np.array(listed(data / "photographs")))[:_SHOWN]
    pictures = [np.asarray(Image.open(file).convert("RGB").resize((224, 224))) for file in files]
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    seen = {layer: torch.zeros(2, layer.num_features, dtype=torch.float64) for layer in layers}
    hooks = [layer.register_forward_pre_hook(partial(_sum_up, seen)) for layer in layers]
    with torch.inference_mode():
        before = torch.cat([network(part) for part in images.split(_AT_ONCE)])
    for layer, hook in zip(layers, hooks, strict=True):
        hook.remove()
        _normalise_and_undo(layer, *(seen[layer] / (len(images) / _AT_ONCE)))
    with torch.inference_mode():
        worst = float((network(images[:_AT_ONCE]) - before[:_AT_ONCE]).abs().max() / before.std())
    assert worst < 1e-3, f"not the same network: {worst}"
    save_file(network.state_dict(), data / "weights" / UNFOLDED)


def _sum_up(seen: dict[nn.Module, Tensor], layer: nn.Module, given: tuple[Tensor]) -> None:
    """Mean and mean square of each channel, added to those of the batches before."""
    images = given[0].double()
    seen[layer] += torch.stack([images.mean((0, 2, 3)), images.square().mean((0, 2, 3))])


def _normalise_and_undo(layer: nn.BatchNorm2d, mean: Tensor, square: Tensor) -> None:
    """Statistics ``mean`` and those of the mean ``square``; the layer computes what it did."""
    assert layer.running_mean is not None and layer.running_var is not None
    variance = (square - mean.square()).clamp_min(0)
    scale = layer.weight.double() / (layer.running_var.double() + layer.eps).sqrt()
    shift = layer.bias.double() + (mean - layer.running_mean.double()) * scale
    with torch.no_grad():
        layer.weight.copy_(scale * (variance + layer.eps).sqrt())
        layer.bias.copy_(shift)
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)


if __name__ == "__main__":
    raise SystemExit(main())
