"""The configuration: every setting with its type. What each may be is checked in ``checks``."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from omegaconf import MISSING

from withstand.base import json_file

NOT_OF_THE_WEIGHTS = {
    "model": frozenset({"title", "family", "corpus"}),
    "dataset": frozenset({"title", "about", "download", "test_limit", "n_test"}),
    "train": frozenset({"device"}),
}
"""The settings by group that trained weights do not depend on."""

_CALLED_BY = {"folder": "folder", "imagenet": "folder", "csv": "file", "npy": "images", "hf": "repo"}
"""The data sets that are the user's own, each with the setting that says where it is, by which it is called."""
_FILES = ("csv", "npy")


@dataclass
class Paths:
    data: str = "data"
    checkpoints: str = "checkpoints"
    reports: str = "reports"


@dataclass
class ModelConfig:
    """A classifier: where it comes from, and what is made of it."""

    cfg_name: str = MISSING  # the name of the config, and of the run's folder
    title: str = ""
    source: str | None = None  # null: timm
    name: str = MISSING  # what the source is asked for: for timm, the architecture
    family: str = ""  # cnn or transformer; empty: by the architecture's name
    corpus: str = ""  # what it was pretrained on; empty: by the tag
    pretrained: bool = False
    tag: str | None = None  # timm's pretrained tag, in full
    file: str | None = None  # a local copy of those weights in data/weights; default {name}.{tag}.safetensors
    weights: str | None = None  # a file of weights to start from instead
    ema: Any = (
        None  # of those: averaged weights (true), plain ones (false); null or auto: averaged where they are
    )
    image_size: int | None = None  # null: 32; of a classifier as it is, the source's own
    num_classes: int | None = 10  # null: a classifier as it is, with the outputs that its weights have
    interpolation: str | None = None  # null: bilinear; of a classifier as it is, the source's own
    crop: float | None = (
        None  # share of the resized image's side that the network is shown, the middle; null: all
    )
    mean: list[float] | None = None  # default: as pretrained, else the dataset's
    std: list[float] | None = None
    args: dict[str, Any] = field(default_factory=dict)  # passed on to the source
    version: str | None = None  # tells two classifiers apart whose difference nothing else shows

    def __post_init__(self) -> None:
        self.ema = None if self.ema == "auto" else self.ema  # one value for one meaning, in every record

    def settle(self) -> None:
        """Say what is left open of a classifier that is made for the data set."""
        if not self.as_it_is:
            self.image_size = self.image_size or 32
            self.interpolation = self.interpolation or "bilinear"
            self.crop = 1.0 if self.crop is None else self.crop

    @property
    def as_it_is(self) -> bool:
        """Whether it is asked for with the outputs and the preprocessing of its source."""
        return self.num_classes is None

    @property
    def origin(self) -> str:
        """The source and what it is asked for, in words."""
        return f"{self.source or 'timm'}:{self.name}"


_PUBLISHED = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet": "ImageNet"}


@dataclass
class DatasetConfig:
    """What every dataset has. Whatever else its YAML sets is its own, and is found in ``options``."""

    name: str = MISSING  # of the code that reads it
    title: str = (
        ""  # what the data set is called; empty: by its folder or file, where it is the user's, else ``name``
    )
    about: str = ""  # for the help page
    num_classes: int = 10  # 0: as many as are found, filled in when the images are loaded
    mean: list[float] = MISSING
    std: list[float] = MISSING
    train_limit: int | None = None
    test_limit: int | None = None
    download: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the data set is called: in the names of runs and reports, and in their records."""
        if self.title or self.name not in _CALLED_BY:
            return self.title or self.name
        place = self.options.get(_CALLED_BY[self.name]) or self.name
        return Path(folder_label(str(place))).stem if self.name in _FILES else folder_label(str(place))

    @property
    def corrupted(self) -> str:
        """What the data set under corruption is called, where somebody published it so: the name of its folder."""
        return f"{_PUBLISHED.get(self.name, self.label)}-C"

    def flat(self) -> dict[str, Any]:
        """All of it as the YAML has it, its own settings beside the common ones."""
        return {k: v for k, v in vars(self).items() if k != "options"} | self.options


@dataclass
class ShiftConfig:
    """The shift and its settings; whatever a plug-in's YAML sets beside these is its own, and is in ``options``."""

    name: str = "corruption"
    title: str = ""  # for the help page
    source: str = "auto"
    folder: str = "data/CIFAR-10-C"
    written: str = ""  # empty: {data set}-corrupted in paths.data
    preset: str = "auto"
    corruptions: Any = "all"
    severities: list[float] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    constants: dict[str, Any] = field(default_factory=dict)  # in place of the preset's, by corruption
    seed: int = 42
    options: dict[str, Any] = field(default_factory=dict)


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
    freeze: str = "none"
    dtype: str = "auto"
    device: str = "auto"


@dataclass
class BackgroundConfig:
    """Experiment 4: what is trained on which foregrounds, and tested in which variants."""

    protocol: str = "grouped"
    folds: int = 5
    variants: Any = "all"
    map: str = "data/ImageNet9/in_to_in9.json"


@dataclass
class MakeBackgroundsConfig:
    """A backgrounds challenge from one's own images: where they are, how they are cut out, where it goes."""

    images: str = ""
    boxes: str | None = None
    masks: str | None = None
    to: str = ""
    size: int = 224
    limit: int | None = None
    min_object: float = 0.02
    max_object: float = 0.9
    min_strip: float = 0.05
    quality: int = 95


@dataclass
class CorruptConfig:
    """How corrupted images are written."""

    layout: str = "npy"
    format: str = "png"
    quality: int = 85


@dataclass
class ReportConfig:
    """What a report measures by."""

    baseline: str | None = None


@dataclass
class FinetuneConfig:
    """Experiment 3: which images it is shown and tested on."""

    protocol: str = "grouped"
    held_out: list[str] = field(default_factory=list)  # corruptions or families left out of training
    test: float = 0.1  # share of the test images that is kept to test with
    images_per_epoch: int = 769_500
    name: str | None = None  # of the folder; default: the protocol, and what is held out


@dataclass
class ReproductionConfig:
    """Which parts of the whole study are run, and how."""

    only: list[str] = field(default_factory=list)
    jobs: int = 1
    small: bool = False
    check: bool = False


@dataclass
class EvaluationConfig:
    batch_size: int = 0
    dtype: str = "auto"
    backend: str = "auto"
    exact: bool = False
    devices: list[str] = field(default_factory=list)
    precision: float | None = None  # stop when the mean is known to this many points; None: everything


@dataclass
class Config:
    """The whole of a run's configuration, typed."""

    seed: int = 42
    device: str = "auto"
    threads: int = 0
    overwrite: bool = False
    paths: Paths = field(default_factory=Paths)
    models: list[str] = field(default_factory=list)
    shifts: list[str] = field(default_factory=list)
    suite: str | None = None
    classes: str = "restricted"
    class_map: str | None = None
    class_groups: str = "mean"
    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    shift: ShiftConfig = field(default_factory=ShiftConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    experiment: ExperimentConfig = field(default_factory=ExperimentConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    background: BackgroundConfig = field(default_factory=BackgroundConfig)
    make_backgrounds: MakeBackgroundsConfig = field(default_factory=MakeBackgroundsConfig)
    corrupt: CorruptConfig = field(default_factory=CorruptConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    reproduction: ReproductionConfig = field(default_factory=ReproductionConfig)

    @property
    def run_name(self) -> str:
        return f"{self.model.cfg_name}_{self.dataset.label}"

    @property
    def run_folder(self) -> Path:
        """Where everything of this model on this dataset goes."""
        root = Path(self.paths.checkpoints)
        own, before = root / self.run_name, root / f"{self.model.cfg_name}_{self.dataset.name}"
        if self.dataset.name == "folder" and not own.exists() and _shows(before, self.dataset):
            return before
        return own


def folder_label(folder: str) -> str:
    """The name of a folder's data set where none is given: that of the folder."""
    return os.path.basename(os.path.abspath(folder))


def _shows(run: Path, dataset: DatasetConfig) -> bool:
    """Whether a run of the days when all folders were one data set, ``folder``, is on the images of this one."""
    try:
        record = json_file.kept(run / "provenance.json", dict[str, Any]) or {}
        folder = str(record["config"]["dataset"]["options"]["folder"])
    except (KeyError, TypeError):
        return False
    return os.path.abspath(folder) == os.path.abspath(str(dataset.options.get("folder")))


@functools.cache
def _types(schema: type) -> dict[str, Any]:
    return get_type_hints(schema)


def keys(schema: type = Config, prefix: str = "") -> dict[str, Any]:
    """Every key that may be set, dotted, e.g. ``train.epochs``, with its type."""
    types, found = _types(schema), {}
    for item in fields(schema):
        name = f"{prefix}{item.name}"
        found[name] = types[item.name]
        if is_dataclass(types[item.name]):
            found |= keys(types[item.name], f"{name}.")
    return found
