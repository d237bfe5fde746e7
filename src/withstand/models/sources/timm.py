"""Classifiers from timm: any of its networks, with weights from wherever they come."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import huggingface_hub
import timm
import torch
from timm.data.config import resolve_model_data_config
from timm.data.imagenet_info import ImageNetInfo, infer_imagenet_subset
from torch import nn

from withstand.base.errors import UserError, nearest, of_the_machine
from withstand.config.known import INTERPOLATIONS
from withstand.config.schema import Config, ModelConfig
from withstand.images.preprocessing import Preprocessing
from withstand.models.checkpoints import read_state
from withstand.models.classifier import FRESH, Classifier
from withstand.models.extras import ask_hub, quiet_hub
from withstand.models.loading import Head, forget_counters, load, outputs_in

ABOUT = "an architecture of timm, with the tag of its weights: timm:vit_tiny_patch16_224.augreg_in21k_ft_in1k"
_OF_IMAGENET = re.compile(r"in(1|12|21|22)k$")


def from_config(config: Config, outputs: int | None) -> Classifier:
    """A network of timm; ``model.name`` may have its tag behind a dot, or be ``hf-hub:…`` or ``local-dir:…``.

    Raises:
        UserError: no such architecture, weights that cannot be had, or a file of another architecture.
    """
    model = _split(config.model)
    if not _elsewhere(model.name) and not timm.is_model(model.name):
        raise UserError(f"model.name: timm has no architecture '{model.name}'; {_suggest(model.name)}")
    torch.manual_seed(config.seed)
    args = _arguments(model)
    if model.weights:
        return _from_file(
            config, model, outputs, args, Path(model.weights), f"file {Path(model.weights).name}"
        )
    if _elsewhere(model.name):
        network = _create(model.name, outputs, args, pretrained=True)
        return _finished(config, model, network, f"timm {model.name}", outputs)
    if not model.pretrained:
        if outputs is None:
            raise UserError(
                f"model={config.model.cfg_name} has no weights; give model.weights=FILE, or train it"
            )
        network = _create(model.name, outputs, args)
        return Classifier(network, _preprocessing(config, model, network), None, FRESH)
    tagged = _tagged(model)
    local = _local(config, model, tagged)
    cached = huggingface_hub.try_to_load_from_cache(f"timm/{tagged}", "model.safetensors")
    if local.is_file():
        return _from_file(config, model, outputs, args, local, f"timm {tagged}, from {local.name}")
    if isinstance(cached, str):
        return _from_file(config, model, outputs, args, Path(cached), f"timm {tagged}")
    network = _download(tagged, outputs, args, local)
    return _finished(config, model, network, f"timm {tagged}", outputs)


def restore(config: Config, file: Path, outputs: int) -> Classifier:
    """The classifier with the weights that training wrote to ``file``; pretrained weights are not asked for again.

    Raises:
        UserError: the file is missing, damaged, or holds another architecture.
    """
    model = _split(config.model)
    network = _create(model.name, outputs, _arguments(model))
    head = load(network, read_state(file), source=str(file))
    origin = f"timm {_tagged(model)}" if model.pretrained else None
    return Classifier(network, _preprocessing(config, model, network), origin, head)


def _from_file(
    config: Config, model: ModelConfig, outputs: int | None, args: Mapping[str, Any], file: Path, origin: str
) -> Classifier:
    """With the weights in a file: of the model's own choice, or the user's."""
    state, name = read_state(file, model.ema), _known(model)
    network = _create(name, outputs, args)
    if outputs is None and (found := outputs_in(network, state)):
        network = _create(name, found, args)
    head = load(network, state, source=str(file))
    if model.weights:
        forget_counters(network)
    if outputs is None and head.fresh:
        raise UserError(
            f"{file} has no classifier layer for {model.name}; give weights with one, or train it"
        )
    return Classifier(network, _preprocessing(config, model, network), origin, head, _names(model, network))


def _finished(
    config: Config, model: ModelConfig, network: nn.Module, origin: str, outputs: int | None
) -> Classifier:
    """With weights that timm has put into it."""
    known = cast(dict[str, Any], getattr(network, "pretrained_cfg", {})).get("num_classes")
    head = Head(fresh=outputs is not None and known != outputs, outputs=known)
    return Classifier(network, _preprocessing(config, model, network), origin, head, _names(model, network))


def _names(model: ModelConfig, network: nn.Module) -> tuple[str, ...]:
    """What the outputs are called, where the weights say so: those of ImageNet's classes, by wnid."""
    known = cast(dict[str, Any], getattr(network, "pretrained_cfg", {}))
    if model.weights:
        return ()
    if known.get("label_names"):
        return tuple(known["label_names"])
    subset = infer_imagenet_subset(network) if _OF_IMAGENET.search(str(known.get("tag") or "")) else None
    return tuple(ImageNetInfo(subset).label_names()) if subset else ()


def tag_of(model: ModelConfig) -> str | None:
    """The pretrained tag in full: the config's, else what timm means by the bare name today."""
    usual = timm.get_pretrained_cfg(model.name)
    return model.tag or (str(usual.tag) if usual is not None and usual.tag else None)


def _split(model: ModelConfig) -> ModelConfig:
    """The architecture and the tag apart, where they are given as one name."""
    if model.tag or _elsewhere(model.name):
        return model
    name, _, tag = model.name.partition(".")
    return replace(model, name=name, tag=tag or None)


def _elsewhere(name: str) -> bool:
    """Whether timm finds the architecture in a folder, or on the Hub."""
    return name.startswith(("hf-hub:", "hf_hub:", "local-dir:"))


def _tagged(model: ModelConfig) -> str:
    tag = tag_of(model)
    return f"{model.name}.{tag}" if tag else model.name


def _known(model: ModelConfig) -> str:
    """The name that timm knows its settings by; a tag of another's is only that of a file."""
    return _tagged(model) if timm.is_model_pretrained(_tagged(model)) else model.name


def _local(config: Config, model: ModelConfig, tagged: str) -> Path:
    """Where a local copy of the pretrained weights goes; one under the bare name is found, too."""
    folder = Path(config.paths.data) / "weights"
    bare = folder / f"{model.name}.safetensors"
    if not model.file and not model.tag and bare.is_file():
        return bare
    return folder / (model.file or f"{tagged}.safetensors")


def _suggest(name: str) -> str:
    return nearest(name, timm.list_models(f"{name[:3]}*") or timm.list_models())


def _arguments(model: ModelConfig) -> dict[str, Any]:
    """What timm is told beside the name; architectures that are built for one image size are told ours."""
    fixed = None if _elsewhere(model.name) else timm.get_pretrained_cfg(model.name)
    if fixed is not None and fixed.fixed_input_size and model.image_size:
        return {"img_size": model.image_size, **model.args}
    return dict(model.args)


def _create(name: str, outputs: int | None, args: Mapping[str, Any], **more: Any) -> nn.Module:
    try:
        with quiet_hub() if name.startswith("hf") else contextlib.nullcontext():
            return timm.create_model(
                name, num_classes=outputs, **args, **more
            )  # None: as the weights have them
    except TypeError as error:
        raise UserError(f"model.args={dict(args)}: timm's '{name}' does not take them: {error}") from error
    except Exception as error:  # what an architecture makes of arguments that it was not made for
        if not isinstance(error, OSError) and of_the_machine(error):
            raise
        said, mend = (
            (f"model.args={dict(args)}", "mend these") if args else (f"model=timm:{name}", "check it")
        )
        if _elsewhere(name):
            mend = "check the name or the folder"
        raise UserError(f"{said}: timm's '{name}' cannot be had ({_line(error)}); {mend}") from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _download(tagged: str, outputs: int | None, args: Mapping[str, Any], local: Path) -> nn.Module:
    """The network with pretrained weights as timm gets them, over the network.

    Raises:
        UserError: they cannot be had; says where to put the file.
    """
    architecture, _, tag = tagged.partition(".")
    tags = [name.partition(".")[2] for name in timm.list_pretrained(f"{architecture}.*")]
    if tag and tag not in tags:
        raise UserError(
            f"model.tag: timm has no weights '{tag}' of {architecture}; {nearest(tag, tags)}, or put your file at"
            f" {local}"
        )
    try:
        ask_hub()  # the hub's client would try for a minute, and say so ten times
        return _create(tagged, outputs, args, pretrained=True)
    except UserError:
        raise
    except Exception as error:  # the hub's client raises a dozen kinds, of several packages
        raise UserError(
            f"pretrained weights of {tagged} cannot be downloaded ({type(error).__name__}); put the file"
            f" model.safetensors of huggingface.co/timm/{tagged} at {local}, or give model.weights=FILE"
        ) from error


def _preprocessing(config: Config, model: ModelConfig, network: nn.Module) -> Preprocessing:
    """As timm evaluates where a classifier is asked for as it is; else resized to the size that the settings say.

    Pretrained weights are normalised for as they were trained; all others, by the data set's own statistics.
    """
    if model.as_it_is:
        return _own(model, network)
    own = timm.get_pretrained_cfg(_known(model)) if model.pretrained else None
    mean = model.mean or (own.mean if own else config.dataset.mean)
    std = model.std or (own.std if own else config.dataset.std)
    assert model.image_size and model.interpolation and model.crop
    return Preprocessing(model.image_size, model.interpolation, tuple(mean), tuple(std), model.crop)


def _own(model: ModelConfig, network: nn.Module) -> Preprocessing:
    """What timm's own pipeline does to an image, but for what the settings say otherwise."""
    known: dict[str, Any] = resolve_model_data_config(network)
    if known["crop_mode"] not in ("center", "squash") or known["interpolation"] not in INTERPOLATIONS:
        raise UserError(
            f"model={model.origin} reads images by crop '{known['crop_mode']}' and '{known['interpolation']}'"
            " interpolation, which withstand has not; set model.interpolation=bicubic model.crop=1 to go without"
        )
    return Preprocessing(
        model.image_size or int(known["input_size"][-1]),
        model.interpolation or str(known["interpolation"]),
        tuple(model.mean or known["mean"]),
        tuple(model.std or known["std"]),
        model.crop or float(known["crop_pct"]),
        squash=known["crop_mode"] == "squash",
    )
