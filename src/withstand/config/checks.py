"""From a composed configuration to a typed one that is known to be right, before any work begins."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from withstand.base import plugins
from withstand.base.errors import UserError, nearest
from withstand.base.names import names_a_folder
from withstand.config.schema import Config, DatasetConfig, ShiftConfig, keys
from withstand.corruptions.constants import FIELDS, PRESETS
from withstand.corruptions.names import chosen as corruptions_in
from withstand.corruptions.severities import own as constants_in
from withstand.corruptions.severities import whole as as_written

OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("constant", "cosine")
AUGMENTATIONS = ("crop_flip", "none")
DTYPES = ("auto", "float32", "bfloat16", "float16")
BACKENDS = ("eager", "compile", "openvino")
INTERPOLATIONS = ("bilinear", "bicubic")
SOURCES = ("auto", "official", "tree", "written", "made")
LAYOUTS = ("npy", "tree")
FORMATS = ("png", "webp", "jpeg")
FREEZES = ("none", "backbone")
AMONG = ("restricted", "open")
GROUPINGS = ("mean", "sum", "max")
BACKGROUND_PROTOCOLS = ("grouped", "published", "trained", "zero_shot")
FINETUNE_PROTOCOLS = ("grouped", "published", "train_images", "held_out")

_OPEN = {"dataset": DatasetConfig, "shift": ShiftConfig}
"""The groups whose YAML may set more than the schema has: what the code of one name alone reads."""
_OPTIONS = tuple(f"{group}.options" for group in _OPEN)
_FREE = ("model.args", "shift.constants", *_OPTIONS)
"""What holds keys of its own."""

Settings = TypeVar("Settings")


def typed(raw: DictConfig | Config) -> Config:
    """The typed and checked form of a composed configuration.

    Raises:
        UserError: a key is unknown, a value has the wrong type or is out of range.
    """
    if isinstance(raw, Config):
        return raw
    try:
        content = cast(dict[str, Any], OmegaConf.to_container(raw, resolve=True))
    except OmegaConfBaseException as error:
        raise UserError(f"configuration: {error.full_key}: {str(error).splitlines()[0]}") from error
    for group, schema in _OPEN.items():
        settings = content[group]
        own = {key: settings.pop(key) for key in list(settings) if key not in _names(schema)}
        settings["options"] = own | settings.get("options", {})
    for key in _flat(content):
        check_key(key)
    _listed(content)
    config = _merged(Config, content, "")
    _check(config)
    config.model.settle()
    config.shift.severities = [as_written(severity) for severity in config.shift.severities]
    if config.shift.name == "corruption" and not config.shift.folder:
        config.shift.folder = str(Path(config.paths.data) / config.dataset.corrupted)
    if not config.shift.written:
        config.shift.written = str(Path(config.paths.data) / f"{config.dataset.label}-corrupted")
    return config


def own_settings(schema: type[Settings], group: str, values: dict[str, Any]) -> Settings:
    """What a group's YAML sets for the code of that name alone, typed as ``schema``, a dataclass.

    Raises:
        UserError: ``schema`` has no such key, or the value has the wrong type.
    """
    for key in values:
        if key not in _names(schema):
            raise UserError(f"unknown key '{group}.{key}'; {nearest(key, _names(schema))}")
    return _merged(schema, values, f"{group}.")


def check_key(key: str, also: Iterable[str] = ()) -> None:
    """Refuse a key that neither the configuration has nor is one of ``also``."""
    if key in also or key.startswith(("model.args.", "shift.constants.", *_OPTIONS)):
        return
    if key not in keys():
        raise UserError(f"unknown key '{key}'; {nearest(key, [*keys(), *also])}")


def _names(schema: type) -> list[str]:
    return [item.name for item in fields(schema)]


def _merged(schema: type[Settings], values: dict[str, Any], prefix: str) -> Settings:
    try:
        merged = OmegaConf.merge(OmegaConf.structured(schema), OmegaConf.create(values))
        return cast(Settings, OmegaConf.to_object(merged))
    except OmegaConfBaseException as error:
        place = f"{prefix}{error.full_key}: " if getattr(error, "full_key", None) else ""
        raise UserError(f"configuration: {place}{str(error).splitlines()[0]}") from error


def _listed(content: dict[str, Any]) -> None:
    """One value where a list is asked for is a list of one."""
    for key, kind in keys().items():
        group, _, name = key.rpartition(".")
        holder = content.get(group, {}) if group else content
        lists = [one for one in (kind, *get_args(kind)) if get_origin(one) is list]
        if lists and isinstance(holder.get(name), str | int | float):
            holder[name] = [holder[name]]


def _flat(node: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name, value in node.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and key not in _FREE:
            found += _flat(value, f"{key}.")
        else:
            found.append(key)
    return found


def _check(c: Config) -> None:
    """Choices, ranges and lists, each named by its key; then what must fit together."""
    _check_choices(c)
    _check_numbers(c)
    _check_lists(c)
    _check_together(c)


def _check_choices(c: Config) -> None:
    for key, chosen, options in (
        ("train.optimizer", c.train.optimizer, OPTIMIZERS),
        ("train.schedule", c.train.schedule, SCHEDULES),
        ("train.augment", c.train.augment, AUGMENTATIONS),
        ("train.dtype", c.train.dtype, DTYPES[:3]),  # float16 training would want a gradient scaler
        ("evaluation.dtype", c.evaluation.dtype, (*DTYPES, "int8")),
        ("evaluation.backend", c.evaluation.backend, ("auto", *BACKENDS)),
        ("model.interpolation", c.model.interpolation or INTERPOLATIONS[0], INTERPOLATIONS),
        ("model.source", c.model.source or "timm", plugins.names("sources")),
        ("classes", c.classes, AMONG),
        ("class_groups", c.class_groups, GROUPINGS),
        ("shift.name", c.shift.name, plugins.names("shifts")),
        ("shift.source", c.shift.source, SOURCES),
        ("shift.preset", c.shift.preset, ("auto", *PRESETS)),
        ("corrupt.layout", c.corrupt.layout, LAYOUTS),
        ("corrupt.format", c.corrupt.format, FORMATS),
        ("train.freeze", c.train.freeze, FREEZES),
        ("background.protocol", c.background.protocol, BACKGROUND_PROTOCOLS),
        ("finetune.protocol", c.finetune.protocol, FINETUNE_PROTOCOLS),
    ):
        if chosen not in options:
            raise UserError(f"{key}={chosen} is not known; {nearest(chosen, options)}")
    if c.dataset.name not in (known := plugins.names("datasets")):
        raise UserError(
            f"dataset.name={c.dataset.name} is no data set (to call one by a name of your own, set dataset.title);"
            f" {nearest(c.dataset.name, known)}"
        )
    if not (c.model.ema is None or isinstance(c.model.ema, bool)):
        raise UserError(f"model.ema={c.model.ema} must be auto, true or false")


def _check_numbers(c: Config) -> None:
    at_least_one: list[tuple[str, int | None]] = [
        ("train.epochs", c.train.epochs),
        ("train.batch_size", c.train.batch_size),
        ("model.image_size", c.model.image_size),
        ("model.num_classes", c.model.num_classes if c.dataset.num_classes else None),
        ("dataset.train_limit", c.dataset.train_limit),
        ("dataset.test_limit", c.dataset.test_limit),
        ("background.folds", c.background.folds),
        ("make_backgrounds.size", c.make_backgrounds.size),
        ("make_backgrounds.limit", c.make_backgrounds.limit),
        ("finetune.images_per_epoch", c.finetune.images_per_epoch),
        ("reproduction.jobs", c.reproduction.jobs),
    ]
    for key, whole in at_least_one:
        if whole is not None and whole < 1:
            raise UserError(f"{key}={whole} must be 1 or more")
    for key, real, low, high in (
        ("train.learning_rate", c.train.learning_rate, 0.0, math.inf),
        ("train.weight_decay", c.train.weight_decay, 0.0, math.inf),
        ("train.momentum", c.train.momentum, 0.0, 1.0),
        ("model.crop", 1.0 if c.model.crop is None else c.model.crop, 0.1, 1.0),
        ("make_backgrounds.min_object", c.make_backgrounds.min_object, 0.0, 1.0),
        ("make_backgrounds.max_object", c.make_backgrounds.max_object, 0.0, 1.0),
        ("make_backgrounds.min_strip", c.make_backgrounds.min_strip, 0.0, 0.5),
        ("make_backgrounds.quality", c.make_backgrounds.quality, 1, 100),
        ("corrupt.quality", c.corrupt.quality, 1, 100),
    ):
        if not low <= real <= high:
            raise UserError(f"{key}={real} must lie between {low:g} and {high:g}")
    for key, share in (("train.validation", c.train.validation), ("finetune.test", c.finetune.test)):
        if not 0 < share < 1:
            raise UserError(f"{key}={share} must lie between 0 and 1")
    if not 0 <= c.seed < 2**63:
        raise UserError(f"seed={c.seed} must be 0 or more")
    if c.evaluation.precision is not None and not 0 < c.evaluation.precision <= 50:
        raise UserError(f"evaluation.precision={c.evaluation.precision} must lie between 0 and 50 points")
    if c.threads < 0:
        raise UserError(f"threads={c.threads} must be 0 (every core) or more")
    if c.evaluation.batch_size < 0:
        raise UserError(f"evaluation.batch_size={c.evaluation.batch_size} must be 0 (chosen) or more")


def _check_lists(c: Config) -> None:
    for key, names in (
        ("shift.corruptions", c.shift.corruptions),
        ("shift.severities", c.shift.severities),
        ("background.variants", c.background.variants),
    ):
        if not isinstance(names, str | list) or not names:
            raise UserError(f"{key}={names} is empty; give one or more")
        if len(set(map(str, names))) < len(names) and not isinstance(names, str):
            raise UserError(f"{key}={names} has a name twice")
    for key, name in (
        ("model.cfg_name", c.model.cfg_name),
        ("dataset.title", c.dataset.label),
        ("finetune.name", c.finetune.name),
    ):
        if name is not None and not names_a_folder(name):
            raise UserError(
                f"{key}={name!r} cannot name a folder; give one line without /, of at most 200 bytes"
            )
    for key, three in (
        ("model.mean", c.model.mean),
        ("model.std", c.model.std),
        ("dataset.mean", c.dataset.mean),
        ("dataset.std", c.dataset.std),
    ):
        if three is not None and len(three) != 3:
            raise UserError(f"{key}={three} must have three values, one for each of red, green and blue")
    _check_corruptions(c.shift)


def _check_corruptions(shift: ShiftConfig) -> None:
    """What there is depends on no file, but in a tree of them, where names and severities are found."""
    if not all(0 < severity < math.inf for severity in shift.severities):
        raise UserError(f"shift.severities={shift.severities} must be above 0")
    constants_in(shift.constants, FIELDS)
    if shift.source == "tree":
        return
    corruptions_in(shift.corruptions)
    most = max([5, *map(len, shift.constants.values())])
    if shift.source != "auto" and any(severity > most for severity in shift.severities):
        raise UserError(f"shift.severities={shift.severities} must lie above 0 and go up to {most}")


def _check_together(c: Config) -> None:
    if c.train.freeze == "backbone" and c.train.augment != "none":
        raise UserError(
            "train.freeze=backbone computes the features of every image once, so it cannot augment them; add"
            " train.augment=none"
        )
    if c.evaluation.devices:
        _check_devices(c)
    if c.model.num_classes not in (None, c.dataset.num_classes):
        raise UserError(
            f"model.num_classes={c.model.num_classes}, but dataset '{c.dataset.name}' has"
            f" {c.dataset.num_classes} classes; leave model.num_classes out"
        )


def _check_devices(c: Config) -> None:
    """Several devices share the whole conditions of experiment 2, and nothing else."""
    if c.evaluation.precision is not None:
        raise UserError(
            "evaluation.devices shares whole conditions among devices, and evaluation.precision evaluates parts of"
            " them; leave one of the two out"
        )
    if c.experiment.name in ("finetune", "background"):
        raise UserError(
            f"evaluation.devices shares the conditions of experiment 2; experiment={c.experiment.name} runs on one"
            " device, so choose that with device=…"
        )
