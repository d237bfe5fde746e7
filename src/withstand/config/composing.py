"""Find the configs, and put one together from the command line's words."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from withstand.base import files, plugins, yaml_file
from withstand.base.console import errors
from withstand.base.errors import UserError, nearest
from withstand.base.names import printed
from withstand.config import spelling
from withstand.config.checks import typed
from withstand.config.schema import Config

GROUPS = ("dataset", "model", "shift", "experiment", "tracker", "cluster")
_FILES = (".py", ".onnx", ".pt2", ".pt", ".pth", ".safetensors")
QUICKSTART = "experiment=quickstart"


def with_default(overrides: Sequence[str]) -> list[str]:
    """The words of a command; those that choose no experiment, model or data set are the quickstart's."""
    chosen = {word.partition("=")[0].strip() for word in overrides}
    return [*overrides] if chosen & {"experiment", "model", "dataset"} else [QUICKSTART, *overrides]


def as_settings(words: Sequence[str]) -> list[str]:
    """The words of a command; a first one that is no setting names an experiment: ``withstand doctor``.

    Raises:
        UserError: there is no such experiment.
    """
    if not words or "=" in words[0] or words[0].startswith(("-", "+", "~")):
        return [*words]
    if words[0] not in (known := choices("experiment")):
        raise UserError(
            f"'{words[0]}' is no experiment, and settings are written KEY=VALUE; {nearest(words[0], known)}"
        )
    return [f"experiment={words[0]}", *words[1:]]


def config_folder() -> Path:
    """The shipped configs: inside the wheel, or at the root of the checkout."""
    package = Path(__file__).parents[1]
    inside = package / "configs"
    return inside if inside.is_dir() else package.parents[1] / "configs"


def config_folders() -> list[Path]:
    """The shipped configs, those of plug-ins, and the user's own ``./configs`` where there is one."""
    own = Path.cwd() / "configs"
    found = [config_folder(), *plugins.config_folders()]
    return [*found, own] if own.is_dir() and own.resolve() not in {one.resolve() for one in found} else found


class Configs(dict[str, dict[str, Any]]):
    """The configs of a group by name, as written; ``broken`` says what is wrong with those that cannot be used."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[str, str] = {}


def choices(group: str) -> Configs:
    """The configs of a group by name, as written.

    One that cannot be used is named in a line, and refused where it is asked for; all others stay of use.
    """
    found = Configs()
    for file in (file for folder in config_folders() for file in sorted((folder / group).glob("*.yaml"))):
        found.pop(file.stem, None)
        found.broken.pop(file.stem, None)
        try:
            found[file.stem] = _fitting(group, file, _read(file))
        except UserError as error:
            found.broken[file.stem] = str(error)
            _tell(str(error))
    return found


def _fitting(group: str, file: Path, content: dict[str, Any]) -> dict[str, Any]:
    """The content of a config, once what is read of it before it is composed is known to be there."""
    own = content.get(group)
    if group == "model" and isinstance(own, dict):
        said = own.get("cfg_name", file.stem)
        if said != file.stem:  # its runs would go to the folder of another model
            raise UserError(f"{file} says cfg_name: {said}; write cfg_name: {file.stem}, the file's name")
    if group in ("model", "experiment") and not isinstance(own, dict | None):
        raise files.damaged(file, f"{group} is no group of keys", "fix it, or remove it")
    names = content.get("shifts")
    if group == "suite" and not (
        isinstance(names, list) and names and all(isinstance(n, str) for n in names)
    ):
        raise files.damaged(file, "shifts is no list of names", "write shifts: [NAME, NAME]")
    return content


@functools.cache  # once, however often the configs are looked through
def _tell(said: str) -> None:
    errors.print(f"left out: {printed(said)}", markup=False)


def compose(overrides: Sequence[str]) -> Config:
    """The typed configuration that the overrides ask for.

    Raises:
        UserError: a word is not KEY=VALUE, or names an unknown key or choice, or one that two distributions have.
    """
    asked = spelling.read([*overrides], {group: choices(group) for group in GROUPS})
    for group, name in asked.choices.items():
        _refuse_two(group, name)
    try:
        raw = compose_raw(asked.overrides)
        if asked.model:
            said = _as_it_is(*asked.model, asked.texts.get("model.weights")) | dict(raw.get("model") or {})
            OmegaConf.update(raw, "model", said, force_add=True)
        for key, text in asked.texts.items():
            _update(raw, key, text)
        return typed(raw)
    except UserError as error:
        own = [str(file) for file in _own_files(asked.choices)]
        raise UserError(
            f"{error} (set in {' or '.join(own)}, or in the command)" if own else str(error)
        ) from error


def _update(raw: DictConfig, key: str, text: Any) -> None:
    try:
        OmegaConf.update(raw, key, text, force_add=True)
    except OmegaConfBaseException as error:  # ${ is the beginning of a reference to another setting
        raise UserError(
            f"cannot read '{key}={text}' ({str(error).splitlines()[0]}); mend the value"
        ) from error


def _own_files(chosen: Mapping[str, str]) -> list[Path]:
    """The user's own files among the configs that are chosen."""
    places = [
        folder / group / f"{name}.yaml" for folder in config_folders()[1:] for group, name in chosen.items()
    ]
    return [place for place in places if place.is_file()]


def named(model: str, weights: str | None = None) -> str:
    """What the runs of a model are called, by what is said after ``model=``."""
    source, sign, name = model.partition(":")
    if not sign or source not in plugins.names("sources"):
        return model
    parts = [
        *([] if source == "timm" else [source]),
        *(Path(part).stem if "/" in part or part.endswith(_FILES) else part for part in name.split(":")),
    ]
    parts += [Path(weights).stem] if weights else []
    return re.sub(r"[^\w.+@-]+", "-", "-".join(parts)).strip(".-") or source


def _as_it_is(source: str, name: str, weights: Any) -> dict[str, Any]:
    """The settings of a model that is named by its source: with its own weights, outputs and preprocessing."""
    return {
        "cfg_name": named(f"{source}:{name}", weights),
        "source": source,
        "name": name,
        "pretrained": True,
        "num_classes": None,
    }


def compose_raw(overrides: Sequence[str]) -> DictConfig:
    """Hydra's composition, with the configs of plug-ins and the user's own on the search path."""
    shipped, *others = config_folders()
    places = ",".join(spelling.quoted(f"file://{folder}") for folder in others)
    search = [f"hydra.searchpath=[{places}]"] if others else []
    GlobalHydra.instance().clear()
    with initialize_config_dir(version_base=None, config_dir=str(shipped.resolve())):
        try:
            return hydra_compose("config", [*overrides, *search])
        except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
            said = str(error) or str(error.__cause__ or error.__context__) or type(error).__name__
            raise UserError(f"configuration: {said.strip().splitlines()[0]}") from error


def _refuse_two(group: str, name: str) -> None:
    """A plug-in's config may not go by the name of one of ours, or of another plug-in's."""
    places = [
        folder / group / f"{name.strip(chr(39))}.yaml"
        for folder in (config_folder(), *plugins.config_folders())
    ]
    there = [str(place) for place in places if place.is_file()]
    if len(there) > 1:
        raise UserError(f"{group}={name} is two: {' and '.join(there)}; uninstall the plug-in that has one")


def _read(file: Path) -> dict[str, Any]:
    """A config as written; read once while it stays as it is."""
    try:
        stat = file.stat()
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}; fix it") from error
    return _parsed(file, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=1024)
def _parsed(file: Path, changed: int, size: int) -> dict[str, Any]:
    return yaml_file.mapping(file, "fix it, or remove it")
