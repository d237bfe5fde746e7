"""The configuration: what may be said, what each value may be, and a check of it all before work begins."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, cast

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from withstand.errors import UserError, nearest

OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("constant", "cosine")
AUGMENTATIONS = ("crop_flip", "none")
DTYPES = ("auto", "float32", "bfloat16", "float16")
INTERPOLATIONS = ("bilinear", "bicubic")
SOURCES = ("auto", "official", "made")


@dataclass
class Paths:
    data: str = "data"
    checkpoints: str = "checkpoints"
    reports: str = "reports"


@dataclass
class ModelConfig:
    """A timm architecture and where its weights come from."""

    cfg_name: str = MISSING  # the name of the config, and of the run's folder
    title: str = ""
    name: str = MISSING  # the timm architecture
    pretrained: bool = False
    tag: str | None = None  # timm's pretrained tag, in full
    file: str | None = None  # a local copy of those weights in data/weights; default {name}.{tag}.safetensors
    weights: str | None = None  # a file of weights to start from instead
    image_size: int = 32
    num_classes: int = 10
    interpolation: str = "bilinear"
    mean: list[float] | None = None  # default: as pretrained, else the dataset's
    std: list[float] | None = None
    args: dict[str, Any] = field(default_factory=dict)  # passed on to timm.create_model


@dataclass
class DatasetConfig:
    """What every dataset has; a dataset's own settings stand beside these."""

    name: str = MISSING
    title: str = ""
    num_classes: int = 10
    mean: list[float] = MISSING
    std: list[float] = MISSING
    train_limit: int | None = None
    test_limit: int | None = None
    download: bool = True
    n_train: int = 0
    n_test: int = 0
    size: int = 32
    correlation: float = 0.5


@dataclass
class ShiftConfig:
    name: str = "corruption"
    source: str = "auto"
    folder: str = "data/CIFAR-10-C"
    corruptions: Any = "all"
    severities: list[int] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    seed: int = 42


@dataclass
class ExperimentConfig:
    name: str = MISSING
    title: str = ""


@dataclass
class TrackerConfig:
    name: str = "none"
    title: str = ""
    project: str = "withstand"
    tags: list[str] = field(default_factory=list)


@dataclass
class TrainConfig:
    epochs: int = 50
    batch_size: int = 64
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    optimizer: str = "sgd"
    momentum: float = 0.9
    schedule: str = "constant"
    augment: str = "crop_flip"
    validation: float = 0.1
    dtype: str = "auto"
    device: str = "auto"


@dataclass
class EvaluationConfig:
    batch_size: int = 256
    dtype: str = "auto"


@dataclass
class Config:
    """The whole of a run's configuration, typed."""

    seed: int = 42
    device: str = "auto"
    threads: int = 0
    overwrite: bool = False
    paths: Paths = field(default_factory=Paths)
    models: list[str] = field(default_factory=list)
    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    shift: ShiftConfig = field(default_factory=ShiftConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    experiment: ExperimentConfig = field(default_factory=ExperimentConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)

    @property
    def run_name(self) -> str:
        return f"{self.model.cfg_name}_{self.dataset.name}"

    @property
    def run_folder(self) -> Path:
        """Where everything of this model on this dataset goes."""
        return Path(self.paths.checkpoints) / self.run_name


def keys(schema: type = Config, prefix: str = "") -> list[str]:
    """Every key that may be set, dotted, e.g. ``train.epochs``."""
    found: list[str] = []
    for item in fields(schema):
        name = f"{prefix}{item.name}"
        found.append(name)
        factory = item.default_factory
        if isinstance(factory, type) and is_dataclass(factory):
            found += keys(factory, f"{name}.")
    return found


def check_key(key: str) -> None:
    """Refuse a key that the configuration does not have."""
    if key not in keys() and not key.startswith("model.args."):
        raise UserError(f"unknown key '{key}'; {nearest(key, keys())}")


def typed(raw: DictConfig | Config) -> Config:
    """The typed and checked form of a composed configuration.

    Raises:
        UserError: a key is unknown, a value has the wrong type or is out of range.
    """
    if isinstance(raw, Config):
        return raw
    try:
        plain = OmegaConf.create(cast(dict[str, Any], OmegaConf.to_container(raw, resolve=True)))
        for key in _flat(plain):
            check_key(key)
        config = cast(Config, OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), plain)))
    except OmegaConfBaseException as error:
        place = f"{error.full_key}: " if getattr(error, "full_key", None) else ""
        raise UserError(f"configuration: {place}{str(error).splitlines()[0]}") from error
    _check(config)
    return config


def _flat(node: DictConfig, prefix: str = "") -> list[str]:
    found = []
    for name, value in node.items():
        key = f"{prefix}{name!s}"
        if key != "model.args" and isinstance(value, DictConfig):
            found += _flat(value, f"{key}.")
        else:
            found.append(key)
    return found


def _check(c: Config) -> None:
    """Ranges and choices, each named by its key."""
    for key, chosen, options in (
        ("train.optimizer", c.train.optimizer, OPTIMIZERS),
        ("train.schedule", c.train.schedule, SCHEDULES),
        ("train.augment", c.train.augment, AUGMENTATIONS),
        ("train.dtype", c.train.dtype, DTYPES[:3]),  # float16 training would want a gradient scaler
        ("evaluation.dtype", c.evaluation.dtype, DTYPES),
        ("model.interpolation", c.model.interpolation, INTERPOLATIONS),
        ("shift.source", c.shift.source, SOURCES),
    ):
        if chosen not in options:
            raise UserError(f"{key}={chosen} is not known; {nearest(chosen, options)}")
    at_least_one: list[tuple[str, int | None]] = [
        ("train.epochs", c.train.epochs),
        ("train.batch_size", c.train.batch_size),
        ("evaluation.batch_size", c.evaluation.batch_size),
        ("model.image_size", c.model.image_size),
        ("model.num_classes", c.model.num_classes),
        ("dataset.train_limit", c.dataset.train_limit),
        ("dataset.test_limit", c.dataset.test_limit),
    ]
    for key, whole in at_least_one:
        if whole is not None and whole < 1:
            raise UserError(f"{key}={whole} must be 1 or more")
    for key, real, low, high in (
        ("train.learning_rate", c.train.learning_rate, 0.0, math.inf),
        ("train.weight_decay", c.train.weight_decay, 0.0, math.inf),
        ("train.momentum", c.train.momentum, 0.0, 1.0),
        ("dataset.correlation", c.dataset.correlation, 0.0, 1.0),
    ):
        if not low <= real <= high:
            raise UserError(f"{key}={real} must lie between {low:g} and {high:g}")
    if not 0 < c.train.validation < 1:
        raise UserError(f"train.validation={c.train.validation} must lie between 0 and 1")
    if not 0 <= c.seed < 2**63:
        raise UserError(f"seed={c.seed} must be 0 or more")
    if c.threads < 0:
        raise UserError(f"threads={c.threads} must be 0 (every core) or more")
    if any(not 1 <= severity <= 5 for severity in c.shift.severities):
        raise UserError(f"shift.severities={c.shift.severities} must lie between 1 and 5")
    if c.model.num_classes != c.dataset.num_classes:
        raise UserError(
            f"model.num_classes={c.model.num_classes}, but dataset '{c.dataset.name}' has"
            f" {c.dataset.num_classes} classes; leave model.num_classes out"
        )
