"""A classifier of torchvision: ``torchvision:ResNet50_Weights.IMAGENET1K_V2``, or ``torchvision:resnet50``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision import models as theirs

from withstand.base.errors import UserError, nearest
from withstand.config.schema import Config
from withstand.images.preprocessing import Preprocessing
from withstand.models.checkpoints import read_state
from withstand.models.classifier import Classifier
from withstand.models.loading import forget_counters, load
from withstand.models.pipelines import of_preset

ABOUT = "an architecture of torchvision or one of its weights: torchvision:ResNet50_Weights.IMAGENET1K_V2"


def from_config(config: Config, outputs: int | None) -> Classifier:
    """A network with its weights: those named, the architecture's newest, or those of ``model.weights``.

    Raises:
        UserError: there is no such architecture or weights, or they cannot be had or do not fit.
    """
    model = config.model
    name, weights = _named(model.name)
    torch.manual_seed(config.seed)
    if model.weights:
        state = read_state(Path(model.weights), model.ema)
        network = theirs.get_model(name, weights=None, **_heads(state), **dict(model.args))
        head = load(network, state, model.weights)
        forget_counters(network)
        return Classifier(network, _preprocessing(config, weights), f"file {Path(model.weights).name}", head)
    network = _downloaded(name, weights, Path(config.paths.data) / "weights", dict(model.args))
    return Classifier(
        network,
        _preprocessing(config, weights),
        f"torchvision {type(weights).__name__}.{weights.name}",
        outputs=tuple(weights.meta["categories"]),
    )


def _named(name: str) -> tuple[str, Any]:
    """The architecture, and the weights that are asked for: by their own name, or the architecture's newest."""
    known = theirs.list_models(module=theirs)
    if name in known:
        return name, theirs.get_model_weights(name).DEFAULT
    kind, _, member = name.partition(".")
    families = {theirs.get_model_weights(one).__name__: one for one in known}
    if kind not in families:
        raise UserError(f"torchvision has no '{name}'; {nearest(kind, [*known, *families])}")
    weights: Any = theirs.get_model_weights(families[kind])
    if member not in weights.__members__:
        raise UserError(f"torchvision has no weights '{name}'; {nearest(member, [*weights.__members__])}")
    return families[kind], weights[member]


def _heads(state: Any) -> dict[str, int]:
    """How many outputs a file's last layer has: it is the last in torchvision's networks, too."""
    last = next((t for name, t in reversed(list(state.items())) if name.endswith("bias")), None)
    return {} if last is None else {"num_classes": len(last)}


def _downloaded(name: str, weights: Any, folder: Path, args: dict[str, Any]) -> nn.Module:
    """The network with weights from ``folder``, else as torchvision gets them, over the network."""
    file = folder / Path(weights.url).name
    try:
        if file.is_file():
            network: nn.Module = theirs.get_model(
                name, weights=None, num_classes=len(weights.meta["categories"]), **args
            )
            load(network, read_state(file), str(file))
            return network
        return theirs.get_model(name, weights=weights, **args)
    except UserError:
        raise
    except TypeError as error:
        raise UserError(f"model.args={args}: torchvision's '{name}' does not take them: {error}") from error
    except Exception as error:  # urllib's, or a digest that is not right
        raise UserError(
            f"weights {type(weights).__name__}.{weights.name} cannot be downloaded ({type(error).__name__}); put"
            f" {weights.url} at {file}, or give model.weights=FILE"
        ) from error


def _preprocessing(config: Config, weights: Any) -> Preprocessing:
    """That of the weights, but for what the settings say otherwise."""
    model, own = config.model, of_preset(weights.transforms())
    size = model.image_size or own.image_size
    return Preprocessing(
        size,
        model.interpolation or own.interpolation,
        tuple(model.mean or own.mean),
        tuple(model.std or own.std),
        model.crop or 1.0,
        own.resize if model.crop is None and size == own.image_size else None,
    )
