"""Classifiers from timm: any of its networks, with weights from wherever they come."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import huggingface_hub
import timm
import torch
from torch import nn

from withstand.base.errors import UserError, nearest
from withstand.config.schema import Config, ModelConfig
from withstand.images.preprocessing import Preprocessing
from withstand.models.checkpoints import read_state
from withstand.models.classifier import FRESH, Classifier
from withstand.models.loading import Head, forget_counters, load


def build(config: Config) -> Classifier:
    """The classifier that the configuration names, on the CPU, before any training.

    Raises:
        UserError: no such architecture, weights that cannot be had, or a file of another architecture.
    """
    model = config.model
    if not timm.is_model(model.name):
        raise UserError(f"model.name: timm has no architecture '{model.name}'; {_suggest(model.name)}")
    torch.manual_seed(config.seed)
    tagged = _tagged(model)
    local = _local(config, tagged)
    cached = huggingface_hub.try_to_load_from_cache(f"timm/{tagged}", "model.safetensors")
    args = _arguments(model)
    network = _create(model.name, model.num_classes, args)
    if model.weights:
        origin, file = f"file {Path(model.weights).name}", Path(model.weights)
    elif not model.pretrained:
        return Classifier(network, _preprocessing(config), None, FRESH)
    elif local.is_file():
        origin, file = f"timm {tagged}, from {local.name}", local
    elif isinstance(cached, str):
        origin, file = f"timm {tagged}", Path(cached)
    else:
        network = _download(tagged, model.num_classes, args, local)
        known = cast(dict[str, Any], getattr(network, "pretrained_cfg", {})).get("num_classes")
        head = Head(fresh=known != model.num_classes, outputs=known)
        return Classifier(network, _preprocessing(config), f"timm {tagged}", head)
    head = load(network, read_state(file, model.ema), source=str(file))
    if model.weights:
        forget_counters(network)
    return Classifier(network, _preprocessing(config), origin, head)


def restore(config: Config, file: Path) -> Classifier:
    """The classifier with the weights that training wrote to ``file``; pretrained weights are not asked for again.

    Raises:
        UserError: the file is missing, damaged, or holds another architecture.
    """
    model = config.model
    network = _create(model.name, model.num_classes, _arguments(model))
    head = load(network, read_state(file), source=str(file))
    origin = f"timm {_tagged(model)}" if model.pretrained else None
    return Classifier(network, _preprocessing(config), origin, head)


def tag_of(model: ModelConfig) -> str | None:
    """The pretrained tag in full: the config's, else what timm means by the bare name today."""
    usual = timm.get_pretrained_cfg(model.name)
    return model.tag or (str(usual.tag) if usual is not None and usual.tag else None)


def _tagged(model: ModelConfig) -> str:
    tag = tag_of(model)
    return f"{model.name}.{tag}" if tag else model.name


def _local(config: Config, tagged: str) -> Path:
    """Where a local copy of the pretrained weights goes; one under the bare name is found, too."""
    folder, model = Path(config.paths.data) / "weights", config.model
    bare = folder / f"{model.name}.safetensors"
    if not model.file and not model.tag and bare.is_file():
        return bare
    return folder / (model.file or f"{tagged}.safetensors")


def _suggest(name: str) -> str:
    return nearest(name, timm.list_models(f"{name[:3]}*") or timm.list_models())


def _arguments(model: ModelConfig) -> dict[str, Any]:
    """What timm is told beside the name; architectures that are built for one image size are told ours."""
    fixed = timm.get_pretrained_cfg(model.name)
    if fixed is not None and fixed.fixed_input_size:
        return {"img_size": model.image_size, **model.args}
    return dict(model.args)


def _create(name: str, num_classes: int, args: Mapping[str, Any], **more: Any) -> nn.Module:
    try:
        return timm.create_model(name, num_classes=num_classes, **args, **more)
    except TypeError as error:
        raise UserError(f"model.args={dict(args)}: timm's '{name}' does not take them: {error}") from error


def _download(tagged: str, num_classes: int, args: Mapping[str, Any], local: Path) -> nn.Module:
    """The network with pretrained weights as timm gets them, over the network.

    Raises:
        UserError: they cannot be had; says where to put the file.
    """
    architecture, _, tag = tagged.partition(".")
    tags = [name.partition(".")[2] for name in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise UserError(f"model.tag: timm has no weights '{tag}' of {architecture}; {nearest(tag, tags)}")
    try:
        _ask_hub()  # the hub's client would try for a minute, and say so ten times
        return _create(tagged, num_classes, args, pretrained=True)
    except UserError:
        raise
    except Exception as error:  # the hub's client raises a dozen kinds, of several packages
        raise UserError(
            f"pretrained weights of {tagged} cannot be downloaded ({type(error).__name__}); put the file"
            f" model.safetensors of huggingface.co/timm/{tagged} at {local}, or give model.weights=FILE"
        ) from error


def _ask_hub() -> None:
    """One look, by way of any proxy, at whether the Hugging Face Hub answers at all; OSError where it does not."""
    try:
        request = urllib.request.Request(huggingface_hub.constants.ENDPOINT, method="HEAD")
        urllib.request.urlopen(request, timeout=10).close()
    except urllib.error.HTTPError:
        return  # an answer, if not a kind one


def _preprocessing(config: Config) -> Preprocessing:
    """Normalise as the pretrained weights were trained; all others, by the dataset's own statistics."""
    model, dataset = config.model, config.dataset
    own = timm.get_pretrained_cfg(_tagged(model)) if model.pretrained else None
    mean = model.mean or (own.mean if own else dataset.mean)
    std = model.std or (own.std if own else dataset.std)
    return Preprocessing(model.image_size, model.interpolation, tuple(mean), tuple(std), model.crop)
