"""What may tell one classifier from another: read from a run's record, never guessed where the record says it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from withstand.config.schema import NOT_OF_THE_WEIGHTS

_TRANSFORMERS = (
    r"vit|deit|beit|swin|cait|xcit|eva|pit|tnt|crossvit|twins|volo|levit|tiny_vit|flexivit|maxvit|coat|hiera"
)
_CNNS = (
    r"resnet|resnext|wide_resnet|resnetv2|seresnet|regnet|densenet|vgg|efficientnet|tf_efficientnet|mobilenet|convnext"
    r"|inception|xception|dla|ghostnet|mnasnet|rexnet|repvgg|hrnet|dpn|nfnet|darknet|cspnet|ese_vovnet"
)
_CORPORA = {
    "in1k": "ImageNet-1k",
    "in12k": "ImageNet-12k",
    "in21k": "ImageNet-21k",
    "in22k": "ImageNet-22k",
    "laion2b": "LAION-2B",
    "laion400m": "LAION-400M",
    "openai": "OpenAI's 400M pairs",
    "lvd142m": "LVD-142M",
    "ig1b": "Instagram-1B",
    "yfcc100m": "YFCC-100M",
}
NONE = "none"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Facts:
    """The facts about a classifier that hypotheses select and compare by.

    Attributes:
        model: the config's name.
        family: "cnn" or "transformer"; "unknown" where neither the config nor the architecture's name says.
        corpus: what it was pretrained on, in order, e.g. "ImageNet-21k + ImageNet-1k"; "none" from scratch.
        pretrained: "yes" or "no".
        image_size: pixels a side that the network sees.
        parameters: how many.
        protocol: how it was trained further, evaluated or split, where the run names it.
        stage: what was done to it, e.g. "finetuned"; "trained" where the run says nothing.
        seed: of its training.
    """

    model: str
    family: str = UNKNOWN
    corpus: str = UNKNOWN
    pretrained: str = UNKNOWN
    image_size: int | None = None
    parameters: int | None = None
    protocol: str = ""
    stage: str = "trained"
    seed: int | None = None

    @classmethod
    def of(cls, summary: Mapping[str, Any], provenance: Mapping[str, Any]) -> Facts:
        """From ``summary.json`` and ``provenance.json``."""
        config = provenance.get("config") or {}
        model = dict(config.get("model") or {})
        if model:
            model["tag"] = model.get("tag") or provenance.get("tag")
        corpus = _corpus(model)
        return cls(
            model=str(summary["model"]),
            family=str(model.get("family") or family_of(str(model.get("name") or ""))),
            corpus=corpus,
            pretrained=UNKNOWN if corpus == UNKNOWN else "no" if corpus == NONE else "yes",
            image_size=provenance.get("image_size"),
            parameters=provenance.get("parameters"),
            protocol=str(summary.get("protocol") or ""),
            stage=str(summary.get("stage") or "trained"),
            seed=provenance.get("seed"),
        )


NAMES = tuple(one.name for one in fields(Facts))


def training_of(provenance: Mapping[str, Any]) -> str:
    """All settings that a training was made with but its seed, as text; empty where the record has none.

    Runs with the same text are trainings of one model. What says nothing of the weights is left out.
    """
    config = provenance.get("config") or {}
    settings = {
        part: {key: value for key, value in (config.get(part) or {}).items() if key not in idle}
        for part, idle in NOT_OF_THE_WEIGHTS.items()
    }
    if provenance.get("trained_in"):  # not as it was set, since auto stands for one or the other
        settings["train"]["dtype"] = provenance["trained_in"]
    return json.dumps(settings, sort_keys=True, default=str) if any(settings.values()) else ""


def family_of(architecture: str) -> str:
    """The family of a timm architecture by its name; "unknown" for one that is neither or both."""
    if re.match(_TRANSFORMERS, architecture):
        return "transformer"
    return "cnn" if re.match(_CNNS, architecture) else UNKNOWN


def _corpus(model: Mapping[str, Any]) -> str:
    """What the weights saw before: as the config says, else by timm's tag, which names the data in order."""
    if model.get("corpus"):
        return str(model["corpus"])
    if not model:
        return UNKNOWN
    if not model.get("pretrained"):
        return UNKNOWN if model.get("weights") else NONE
    found = [_CORPORA[part] for part in str(model.get("tag") or "").split("_") if part in _CORPORA]
    return " + ".join(found) or UNKNOWN
