"""A zero-shot classifier of open_clip: ``clip:ARCHITECTURE/PRETRAINED``, whose classes are put in words.

The text features are the classifier layer: made once of the class names and the templates, and part of the key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from withstand.base import files
from withstand.base.errors import UserError, nearest
from withstand.config.schema import Config
from withstand.images.preprocessing import Preprocessing
from withstand.models import imagenet
from withstand.models.classifier import Classifier
from withstand.models.extras import needed, quiet_hub

ABOUT = "a zero-shot classifier of open_clip, its prompts made of the class names: clip:ViT-B-32/laion2b_s34b_b79k"


class ZeroShot(nn.Module):
    """Similarity of an image's features to those of each class's prompts, scaled as in training: float32 N×C."""

    classes: Tensor
    scale: Tensor

    def __init__(self, model: Any, classes: Tensor) -> None:
        super().__init__()
        self.visual = model.visual
        self.register_buffer("classes", classes)
        self.register_buffer("scale", model.logit_scale.detach().exp())

    def forward(self, images: Tensor) -> Tensor:
        features = normalize(self.visual(images), dim=-1)
        return self.scale * features @ self.classes.T


def from_config(config: Config, outputs: int | None) -> Classifier:
    """Of the architecture and weights that are named; ``model.weights`` is a file of weights instead.

    ``model.args.templates`` is a file of prompts, a line each, with ``{}`` for the class; by default, open_clip's 80 of
    ImageNet.

    Raises:
        UserError: open_clip is not installed, there is no such model, or its weights cannot be had.
    """
    open_clip = needed("open_clip", "clip", "clip")
    name, _, tag = (
        config.model.name.partition("/") if ":" not in config.model.name else (config.model.name, "", "")
    )
    _check(open_clip, name, tag, config.model.weights)
    torch.manual_seed(config.seed)
    try:
        with quiet_hub():
            model = open_clip.create_model(name, pretrained=config.model.weights or tag or None)
            tokenizer = open_clip.get_tokenizer(name)
    except Exception as error:  # the Hub's client raises a dozen kinds
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(
            f"model=clip:{config.model.name} cannot be had ({why}); give model.weights=FILE"
        ) from error
    how = _preprocessing(open_clip.get_model_preprocess_cfg(model))
    templates = _templates(open_clip, config.model.args.get("templates"))
    origin = (
        f"file {Path(config.model.weights).name}"
        if config.model.weights
        else f"open_clip {config.model.name}"
    )
    named = partial(_of_classes, open_clip, model.eval(), tokenizer, templates)
    blank = ZeroShot(model, torch.zeros(1, 1))
    unnamed = Classifier(blank, how, origin, rewritable=False)

    def of(classes: Sequence[str]) -> Classifier:
        return replace(unnamed, network=named(classes), for_classes=of)

    return replace(unnamed, for_classes=of)


def _of_classes(
    open_clip: Any, model: Any, tokenizer: Any, templates: Sequence[str], classes: Sequence[str]
) -> ZeroShot:
    """The features of each class are the mean of its prompts', as open_clip makes them (Radford et al., 2021)."""
    if imagenet.are_classes(classes):  # no prompt says a wnid
        at = {wnid: row for row, wnid in enumerate(imagenet.wnids())}
        words = [open_clip.IMAGENET_CLASSNAMES[at[wnid]] for wnid in classes]
    else:
        words = [name.replace("_", " ") for name in classes]
    features = []
    with torch.inference_mode():
        for word in words:
            texts = tokenizer([template.format(word) for template in templates])
            each = normalize(model.encode_text(texts), dim=-1)
            features.append(normalize(each.mean(dim=0), dim=-1))
    return ZeroShot(model, torch.stack(features).clone()).eval()


def _templates(open_clip: Any, file: str | None) -> list[str]:
    if file is None:
        return [template("{}") for template in open_clip.OPENAI_IMAGENET_TEMPLATES]
    try:
        lines = [line.strip() for line in files.text(Path(file)).splitlines() if line.strip()]
    except files.BAD as error:
        raise UserError(
            f"model.args.templates={file} cannot be read ({files.why(error)}); write a prompt a line, in UTF-8"
        ) from error
    if not lines or any("{}" not in line for line in lines):
        raise UserError(
            f"model.args.templates={file} must have a prompt a line, with {{}} where the class's name goes"
        )
    return lines


def _check(open_clip: Any, name: str, tag: str, weights: str | None) -> None:
    if name.startswith(("hf-hub:", "local-dir:")):
        return
    known = open_clip.list_models()
    if name not in known:
        raise UserError(f"open_clip has no architecture '{name}'; {nearest(name, known)}")
    tags = open_clip.list_pretrained_tags_by_model(name)
    if not weights and tag not in tags:
        raise UserError(f"model=clip:{name}/{tag}: open_clip has no such weights; {nearest(tag, tags)}")


def _preprocessing(said: dict[str, Any]) -> Preprocessing:
    """As open_clip prepares images for inference: the short side resized, the middle kept, or both sides resized."""
    size = said["size"] if isinstance(said["size"], int) else said["size"][0]
    mode = said.get("resize_mode") or "shortest"
    if mode not in ("shortest", "squash"):
        raise UserError(f"open_clip's resize mode '{mode}' is not known here")
    way = said.get("interpolation") or "bicubic"
    return Preprocessing(
        int(size),
        str(way),
        tuple(said["mean"]),
        tuple(said["std"]),
        resize=int(size),
        squash=mode == "squash",
    )
