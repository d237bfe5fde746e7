"""Possible confounders: every recorded setting that differs between two classifiers, by key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_FIRST = (
    "corpus",
    "protocol",
    "parameters",
    "image_size",
    "train.epochs",
    "dataset.train_limit",
    "train.augment",
    "train.optimizer",
    "train.learning_rate",
    "train.schedule",
    "train.weight_decay",
    "train.batch_size",
    "train.freeze",
)
"""The most telling first; the rest follow by name."""

_SILENT = frozenset(
    {"model.cfg_name", "model.title", "model.num_classes", "dataset.title", "dataset.download"}
)
"""Say nothing of what was computed."""

_CORPUS = ("corpus", "model.pretrained", "model.tag", "model.corpus", "model.file", "model.weights")
_FORM = ("architecture", "model.name", "model.family", "model.args")
_CLAIMED = {
    "pretrained": _CORPUS,
    "corpus": (*_CORPUS, "pretrained"),
    "family": _FORM,
    "architecture": _FORM,
    "model": (*_CORPUS, *_FORM),
}
"""What a claim about a fact is itself about, with all the settings below a key."""


@dataclass(frozen=True)
class Confounder:
    """A possible confounder: a setting in which the two sides differ, with its values in each pair."""

    fact: str
    more: tuple[str, ...]
    less: tuple[str, ...]


def settings(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Every setting of a run's record that its numbers may depend on, by dotted key; empty without a record."""
    config = provenance.get("config") or {}
    parts = ("model", "dataset", "train", "finetune", "background")
    found = {
        key: str(value)
        for part in parts
        for key, value in _flat(part, config.get(part) or {})
        if key not in _SILENT
    }
    if not found:
        return {}
    for key in ("parameters", "image_size", "precision", "device"):
        if provenance.get(key) is not None:
            found[key] = str(provenance[key])
    versions = provenance.get("versions") or {}
    return found | {f"version of {name}": str(versions[name]) for name in ("torch",) if name in versions}


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    else:
        yield name, value


def confounders(
    pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], claimed: Collection[str]
) -> tuple[Confounder, ...]:
    """What differs within a pair and is neither what the claim is about nor held equal.

    Args:
        pairs: facts and settings of the two sides of each pair, by key.
        claimed: the facts that the claim names.
    """
    silent = {*claimed, *(key for fact in claimed for key in _CLAIMED.get(fact, ()))}
    keys = {key for pair in pairs for side in pair for key in side if not _among(silent, key)}
    found = []
    for key in sorted(keys, key=lambda key: (_FIRST.index(key) if key in _FIRST else len(_FIRST), key)):
        values = [tuple(str(side.get(key)) for side in pair) for pair in pairs]
        if any(a != b for a, b in values):
            found.append(Confounder(key, tuple(a for a, _ in values), tuple(b for _, b in values)))
    return tuple(found)


def _among(those: Collection[str], key: str) -> bool:
    """Whether the key, or one that it is below, is among those."""
    return key in those or any(key.startswith(f"{one}.") for one in those)
