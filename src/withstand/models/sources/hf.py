"""A classifier of Hugging Face Transformers: ``hf:NAME`` of the Hub, or a folder, with its image processor."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from withstand.base.errors import UserError
from withstand.config.schema import Config, ModelConfig
from withstand.models.classifier import Classifier
from withstand.models.extras import needed, quiet_hub
from withstand.models.logits import Logits
from withstand.models.pipelines import of_processor

ABOUT = "an image classifier of Hugging Face Transformers, by its name on the Hub or a folder: hf:microsoft/resnet-50"


def from_config(config: Config, outputs: int | None) -> Classifier:
    """The model and its preprocessing as they were saved; ``model.args`` are passed on to ``from_pretrained``.

    Raises:
        UserError: Transformers is not installed, there is no such model, or it is no image classifier.
    """
    transformers = needed("transformers", "hf", "hf")
    model = config.model
    try:
        with contextlib.nullcontext() if Path(model.name).is_dir() else quiet_hub():
            network, loading, processor = _read(transformers, model)
    except Exception as error:  # the Hub's client, JSON, missing classes: any kind
        why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(
            f"model=hf:{model.name} cannot be had ({why}); give a folder written by save_pretrained, with its image"
            " processor, or the name of an image classifier of the Hub"
        ) from error
    absent = sorted(loading["missing_keys"]) + sorted(str(one) for one in loading["mismatched_keys"])
    if absent:
        raise UserError(
            f"model=hf:{model.name} has no weights for {absent[0]} ({len(absent)} in all are absent): what layers"
            " drawn at random say would be measured; train it first"
        )
    how = of_processor(processor)
    if model.mean and model.std:
        how = replace(how, mean=tuple(model.mean), std=tuple(model.std))
    scores = Logits(network)
    return Classifier(scores, how, f"hf {model.name}", outputs=scores.outputs, rewritable=False)


def _read(transformers: Any, model: ModelConfig) -> tuple[Any, Any, Any]:
    """The network, what was absent from its weights, and its image processor."""
    network, loading = transformers.AutoModelForImageClassification.from_pretrained(
        model.name, torch_dtype=torch.float32, output_loading_info=True, **model.args
    )
    return network, loading, transformers.AutoImageProcessor.from_pretrained(model.name)
