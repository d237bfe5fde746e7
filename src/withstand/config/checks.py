"""From a composed configuration to a typed one that is known to be right, before any work begins."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, cast, get_args, get_origin

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from withstand.base import plugins
from withstand.base.errors import UserError, nearest
from withstand.base.names import names_a_folder
from withstand.config import ranges
from withstand.config.schema import Config, DatasetConfig, ShiftConfig, keys
from withstand.corruptions.constants import FIELDS
from withstand.corruptions.names import chosen as corruptions_in
from withstand.corruptions.severities import own as constants_in
from withstand.corruptions.severities import whole as as_written

_OPEN = {"dataset": DatasetConfig, "shift": ShiftConfig}
"""The groups whose YAML may set more than the schema has: what the code of one name alone reads."""
_OPTIONS = tuple(f"{group}.options" for group in _OPEN)
_FREE = ("model.args", "shift.constants", "gate.margins", *_OPTIONS)
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
        raise _refused(error) from error
    for group in (item.name for item in fields(Config) if is_dataclass(item.default_factory)):
        if not isinstance(content.get(group, {}), dict):
            raise UserError(f"{group}={content[group]} is a group of settings; give {group}.KEY=VALUE")
    for group, schema in _OPEN.items():
        settings = content[group]
        if not isinstance(settings.get("options", {}), dict):
            raise UserError(f"{group}.options={settings['options']} must be settings by name; leave it out")
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
    settings = _merged(schema, values, f"{group}.")
    ranges.check(settings, f"{group}.")
    return settings


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
        raise _refused(error, prefix) from error


def _refused(error: OmegaConfBaseException, prefix: str = "") -> UserError:
    """What the reader of settings says, in a line."""
    place = f"{prefix}{error.full_key}: " if getattr(error, "full_key", None) else ""
    said = (str(error).splitlines() or [type(error).__name__])[0]
    return UserError(f"configuration: {place}{said}; set it as the README and `--help` say")


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
    ranges.check(c)
    if c.dataset.name not in (known := plugins.names("datasets")):
        raise UserError(
            f"dataset.name={c.dataset.name} is no data set (to call one by a name of your own, set dataset.title);"
            f" {nearest(c.dataset.name, known)}"
        )
    if not (c.model.ema is None or isinstance(c.model.ema, bool)):
        raise UserError(f"model.ema={c.model.ema} must be auto, true or false")
    _check_lists(c)
    _check_together(c)


def _check_lists(c: Config) -> None:
    for key, names in (
        ("shift.corruptions", c.shift.corruptions),
        ("shift.severities", c.shift.severities),
        ("background.variants", c.background.variants),
    ):
        if not isinstance(names, str | list) or not names:
            raise UserError(f"{key}={names} is empty; give one or more")
        if isinstance(names, list) and not all(isinstance(one, str | float | int) for one in names):
            raise UserError(f"{key}={names} must be a name or a list of names")
        if len(set(map(str, names))) < len(names) and not isinstance(names, str):
            raise UserError(f"{key}={names} has a name twice")
    for key, name in (
        ("model.cfg_name", c.model.cfg_name),
        ("dataset.title", c.dataset.label),
        ("finetune.name", c.finetune.name),
        ("suffix", c.suffix or None),
    ):
        if name is not None and not names_a_folder(name):
            raise UserError(
                f"{key}={name!r} cannot name a folder; give one line without /, of at most 200 bytes"
            )
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
    if c.model.num_classes not in (None, c.dataset.num_classes):
        raise UserError(
            f"model.num_classes={c.model.num_classes}, but dataset '{c.dataset.name}' has"
            f" {c.dataset.num_classes} classes; leave model.num_classes out"
        )
