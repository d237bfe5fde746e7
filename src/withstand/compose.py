"""Find the configs, put one together from the command line's words, and refuse what is misspelt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import OverrideType
from hydra.errors import HydraException
from omegaconf import DictConfig

from withstand.checks import check_key, typed
from withstand.config import Config
from withstand.errors import UserError, nearest

GROUPS = ("dataset", "model", "shift", "experiment", "tracker")


def config_folder() -> Path:
    """The shipped configs: inside the wheel, or at the root of the checkout."""
    package = Path(__file__).parent
    inside = package / "configs"
    return inside if inside.is_dir() else package.parents[1] / "configs"


def config_folders() -> list[Path]:
    """The shipped configs, and the user's own ``./configs`` where there is one."""
    own = Path.cwd() / "configs"
    shipped = config_folder()
    return [shipped, own] if own.is_dir() and own.resolve() != shipped.resolve() else [shipped]


def choices(group: str) -> dict[str, dict[str, Any]]:
    """The configs of a group by name, as written."""
    files = [file for folder in config_folders() for file in sorted((folder / group).glob("*.yaml"))]
    return {file.stem: yaml.safe_load(file.read_text()) or {} for file in files}


def compose(overrides: Sequence[str]) -> Config:
    """The typed configuration that the overrides ask for.

    Raises:
        UserError: a word is not KEY=VALUE, or names an unknown key or choice.
    """
    return typed(compose_raw([_checked(word) for word in overrides]))


def compose_raw(overrides: Sequence[str]) -> DictConfig:
    """Hydra's composition, with the user's own configs on the search path."""
    shipped, *own = config_folders()
    search = [f"hydra.searchpath=[{','.join(f'file://{folder}' for folder in own)}]"] if own else []
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base=None, config_dir=str(shipped.resolve())):
        try:
            return hydra_compose("config", [*overrides, *search])
        except HydraException as error:
            raise UserError(f"configuration: {str(error).splitlines()[0]}") from error


def _checked(word: str) -> str:
    """The override, once its key and choice are known to be right; ``++`` sets a key that no YAML file mentions."""
    try:
        override = OverridesParser.create().parse_override(word)
    except HydraException as error:
        raise UserError(
            f"cannot read '{word}'; settings are written KEY=VALUE, see `python main.py --help`"
        ) from error
    key = override.key_or_group
    if key in GROUPS:
        if override.value() not in choices(key):
            raise UserError(
                f"unknown {key} '{override.value()}'; {nearest(str(override.value()), choices(key))}"
            )
        return word
    check_key(key, [f"dataset.{own}" for config in choices("dataset").values() for own in config])
    return f"++{word}" if override.type == OverrideType.CHANGE else word
