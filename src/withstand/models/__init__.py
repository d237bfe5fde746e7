"""Classifiers, and where they come from: one source per file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from withstand.base import plugins
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.models.checkpoints import read_state
from withstand.models.classifier import Classifier, digest
from withstand.models.loading import load
from withstand.models.sources.timm import tag_of

__all__ = ["Classifier", "as_it_is", "build", "digest", "restore", "tag_of"]


def build(config: Config) -> Classifier:
    """The classifier that the configuration names, with an output a class, on the CPU, before any training.

    Raises:
        UserError: there is no such thing, its weights cannot be had, or they are of something else.
    """
    count = config.model.num_classes or config.dataset.num_classes
    made = _made(config, count)
    if made.runtime != "torch" or not list(made.network.parameters()):
        raise UserError(
            f"{config.model.origin} cannot be trained; evaluate it as it is with experiment=robustness"
        )
    return made


def as_it_is(config: Config) -> Classifier:
    """The classifier that the configuration names, with its source's own weights, outputs and preprocessing.

    Raises:
        UserError: as ``build``.
    """
    return _made(config, None)


def restore(config: Config, file: Path) -> Classifier:
    """The classifier with the weights that training wrote to ``file``; pretrained weights are not asked for again.

    Raises:
        UserError: the file is missing, damaged, or holds another architecture.
    """
    count = config.model.num_classes or config.dataset.num_classes
    source = plugins.load("sources", config.model.source or "timm")
    if hasattr(source, "restore"):
        found: Classifier = source.restore(config, file, count)
        return found
    made = _made(config, count)
    return replace(made, head=load(made.network, read_state(file), str(file)))


def _made(config: Config, outputs: int | None) -> Classifier:
    source = plugins.load("sources", config.model.source or "timm")
    found: Classifier = source.from_config(config, outputs)
    return found
