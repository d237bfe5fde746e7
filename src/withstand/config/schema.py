"""The configuration: every setting with its type. What each may be is checked in ``checks``."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from omegaconf import MISSING

from withstand.base import json_file, plugins
from withstand.config.known import (
    AMONG,
    AUGMENTATIONS,
    BACKENDS,
    BACKGROUND_PROTOCOLS,
    DTYPES,
    EXPORTS,
    FINETUNE_PROTOCOLS,
    FORMATS,
    FREEZES,
    GATE_PARTS,
    GATE_TESTS,
    GROUPINGS,
    INTERPOLATIONS,
    LAYOUTS,
    OPTIMIZERS,
    SCHEDULES,
    SOURCES,
)
from withstand.config.ranges import one_of, ranged, three
from withstand.corruptions.constants import PRESETS

SIDE = 16_384
"""Pixels of the side of a square, at most."""
MOST = 2**63 - 1

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
    title: str = ""  # what people call it
    source: str | None = one_of(None, lambda: plugins.names("sources"), about="null: timm")
    name: str = MISSING  # what the source is asked for: for timm, the architecture
    family: str = ""  # cnn or transformer; empty: by the architecture's name
    corpus: str = ""  # what it was pretrained on; empty: by the tag
    pretrained: bool = False  # begin with the source's pretrained weights
    tag: str | None = None  # timm's pretrained tag, in full
    file: str | None = None  # a local copy of those weights in data/weights; default {name}.{tag}.safetensors
    weights: str | None = None  # a file of weights to start from instead
    ema: Any = (
        None  # of those: averaged weights (true), plain ones (false); null or auto: averaged where they are
    )
    image_size: int | None = ranged(
        None, 1, SIDE, about="null: 32; of a classifier as it is, the source's own"
    )
    num_classes: int | None = ranged(10, 0, 10_000_000, about="null: as many as its weights have")
    interpolation: str | None = one_of(None, INTERPOLATIONS, about="null: bilinear, or the source's own")
    crop: float | None = ranged(
        None, 0.1, 1.0, about="share of the resized side that is shown, the middle; null: all"
    )
    mean: list[float] | None = three(None, about="default: as pretrained, else the dataset's")
    std: list[float] | None = three(None, 0, between=True, about="likewise")
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
    num_classes: int = ranged(
        10, 0, 10_000_000, about="0: as many as are found, filled in when the images are loaded"
    )
    mean: list[float] = three(MISSING, about="of red, green and blue over the training images, 0 to 1")
    std: list[float] = three(MISSING, 0, between=True, about="their standard deviation")
    train_limit: int | None = ranged(None, 1)
    test_limit: int | None = ranged(None, 1)
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

    name: str = one_of("corruption", lambda: plugins.names("shifts"), about="of the code that makes it")
    title: str = ""  # for the help page
    source: str = one_of("auto", SOURCES)
    folder: str = "data/CIFAR-10-C"
    written: str = ""  # empty: {data set}-corrupted in paths.data
    preset: str = one_of("auto", ("auto", *PRESETS))
    corruptions: Any = "all"
    severities: list[float] = field(default_factory=lambda: [1, 2, 3, 4, 5])
    constants: dict[str, Any] = field(default_factory=dict)  # in place of the preset's, by corruption
    seed: int = ranged(42, 0, MOST)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class ExperimentConfig:
    name: str = one_of(MISSING, lambda: plugins.names("experiments"))
    title: str = ""


@dataclass
class TrackerConfig:
    name: str = one_of("none", lambda: plugins.names("trackers"), about="who is told of a training")
    title: str = ""
    project: str = "withstand"  # what the tracker files runs under
    tags: list[str] = field(default_factory=list)  # of the run, for the tracker


@dataclass
class TrainConfig:
    epochs: int = ranged(50, 1, 1_000_000)
    batch_size: int = ranged(64, 1, 1_000_000)
    learning_rate: float = ranged(0.1, 0.0, 1e6)
    weight_decay: float = ranged(5e-4, 0.0, 1e6)
    optimizer: str = one_of("sgd", OPTIMIZERS)
    momentum: float = ranged(0.9, 0.0, 1.0)
    schedule: str = one_of("constant", SCHEDULES)
    augment: str = one_of("crop_flip", AUGMENTATIONS)
    validation: float = ranged(0.1, 0, 1, between=True)
    freeze: str = one_of("none", FREEZES)
    dtype: str = one_of("auto", DTYPES[:3])
    device: str = "auto"


@dataclass
class BackgroundConfig:
    """Experiment 4: what is trained on which foregrounds, and tested in which variants."""

    protocol: str = one_of("grouped", BACKGROUND_PROTOCOLS)
    folds: int = ranged(5, 1, 1_000_000)
    variants: Any = "all"
    map: str = "data/ImageNet9/in_to_in9.json"


@dataclass
class MakeBackgroundsConfig:
    """A backgrounds challenge from one's own images: where they are, how they are cut out, where it goes."""

    images: str = ""
    boxes: str | None = None
    masks: str | None = None
    to: str = ""
    size: int = ranged(224, 1, SIDE)
    limit: int | None = ranged(None, 1)
    min_object: float = ranged(0.02, 0.0, 1.0)
    max_object: float = ranged(0.9, 0.0, 1.0)
    min_strip: float = ranged(0.05, 0.0, 0.5)
    quality: int = ranged(95, 1, 100)


@dataclass
class CorruptConfig:
    """How corrupted images are written."""

    layout: str = one_of("npy", LAYOUTS)
    format: str = one_of("png", FORMATS)
    quality: int = ranged(85, 1, 100)


@dataclass
class ReportConfig:
    """What a report measures by."""

    baseline: str | None = None


@dataclass
class FinetuneConfig:
    """Experiment 3: which images it is shown and tested on."""

    protocol: str = one_of("grouped", FINETUNE_PROTOCOLS)
    held_out: list[str] = field(default_factory=list)  # corruptions or families left out of training
    test: float = ranged(0.1, 0, 1, between=True, about="share of the test images that is kept to test with")
    images_per_epoch: int = ranged(769_500, 1, 1_000_000_000)
    name: str | None = None  # of the folder; default: the protocol, and what is held out


@dataclass
class ReproductionConfig:
    """Which parts of the whole study are run, and how."""

    only: list[str] = field(default_factory=list)
    jobs: int = ranged(1, 1, 1024)
    small: bool = False
    check: bool = False


@dataclass
class CleanConfig:
    """Whether it asks before what can be made again is removed."""

    ask: bool = True


@dataclass
class GateConfig:
    """What a new classifier must show beside ``baseline``, the old one, and in which parts of what both saw."""

    margin: float = ranged(1.0, 0, 99.9, about="points")
    test: str = one_of("non-inferiority", GATE_TESTS)
    by: str = one_of("shift", GATE_PARTS)
    margins: dict[str, float] = field(default_factory=dict)  # of parts by name, in place of margin
    metric: str = one_of("top1", ("top1", "top5"))
    alpha: float = ranged(0.05, 0, 0.5, between=True, about="the chance of a wrong verdict")
    clusters: str | None = None  # a shift of groups whose groups' images are alike
    baseline_weights: str | None = None  # a file of the old one's weights
    runs: list[str] = field(default_factory=list)  # two run folders, new and old: nothing is evaluated


@dataclass
class PlanConfig:
    """How many images: which difference is to be shown, and with which chance."""

    difference: float = ranged(1.0, 0, 100, between=True, about="points")
    images: int | None = ranged(None, 2, 10**12, about="null: as many as the pilot has")
    power: float = ranged(0.8, 0, 1, between=True)
    alpha: float = ranged(0.05, 0, 1, between=True)
    disagreement: float | None = ranged(None, 0, 1, between=True, about="a rate to assume, without a pilot")
    conditions: int = ranged(1, 1, 1_000_000)
    alike: float = ranged(1.0, 0, 1)
    clusters: str | None = None  # a shift of groups whose groups' images are alike
    runs: list[str] = field(default_factory=list)  # two run folders; empty: those of model and baseline


@dataclass
class LeaderboardConfig:
    """Which runs are ranked, and by what."""

    runs: list[str] = field(default_factory=list)  # folders of runs, run folders, JSON of leaderboards
    by: str | None = None  # the shift that is ranked by, or clean
    metric: str = one_of("top1", ("top1", "top5"))


@dataclass
class ExportConfig:
    """Which runs are written in other people's forms, and in which."""

    runs: list[str] = field(default_factory=list)  # run folders
    to: list[str] = field(default_factory=lambda: [*EXPORTS])  # timm, robustbench, model_index


@dataclass
class EvaluationConfig:
    batch_size: int = ranged(0, 0, 1_000_000)
    dtype: str = one_of("auto", (*DTYPES, "int8"))
    backend: str = one_of("auto", ("auto", *BACKENDS))
    exact: bool = False
    devices: list[str] = field(default_factory=list)
    precision: float | None = ranged(None, 0, 50, between=True, about="points that the mean is known to")


@dataclass
class ClusterConfig:
    """Who does the work: this process, or workers on the cores, devices and machines of a Ray cluster."""

    name: str = one_of("none", ("none", "ray"), about="who does the work: this process, or workers")
    title: str = ""  # for the help page
    address: str = ""  # of a cluster that runs; empty: one is started on this machine
    cpus: int = ranged(0, 0, 1024, about="0: threads, else 1")
    gpus_per_piece: float | None = ranged(None, 0, 64, about="null: 1 where the device is a GPU")
    workers: int | None = ranged(None, 1, 100_000)
    images_per_piece: int = ranged(2048, 1, 100_000_000)
    data: str = ""  # where paths.data lies on the nodes; empty: at the same path


@dataclass
class Config:
    """The whole of a run's configuration, typed."""

    seed: int = ranged(42, 0, MOST)
    image_seed: int = ranged(42, 0, MOST)
    device: str = "auto"
    threads: int = ranged(0, 0, 1024)
    overwrite: bool = False
    lock: str = one_of("wait", ("wait", "fail"))
    paths: Paths = field(default_factory=Paths)
    suffix: str = ""
    models: list[str] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    shifts: list[str] = field(default_factory=list)
    suite: str | None = None
    baseline: str | None = None
    classes: str = one_of("restricted", AMONG)
    class_map: str | None = None
    class_groups: str = one_of("mean", GROUPINGS)
    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    shift: ShiftConfig = field(default_factory=ShiftConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    experiment: ExperimentConfig = field(default_factory=ExperimentConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    background: BackgroundConfig = field(default_factory=BackgroundConfig)
    make_backgrounds: MakeBackgroundsConfig = field(default_factory=MakeBackgroundsConfig)
    corrupt: CorruptConfig = field(default_factory=CorruptConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    clean: CleanConfig = field(default_factory=CleanConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    plan: PlanConfig = field(default_factory=PlanConfig)
    leaderboard: LeaderboardConfig = field(default_factory=LeaderboardConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    reproduction: ReproductionConfig = field(default_factory=ReproductionConfig)

    @property
    def run_name(self) -> str:
        return f"{self.model.cfg_name}_{self.dataset.label}"

    @property
    def run_folder(self) -> Path:
        """Where everything of this model on this dataset goes."""
        root = Path(self.paths.checkpoints)
        own = root / f"{self.run_name}{self.suffix}"
        before = root / f"{self.model.cfg_name}_{self.dataset.name}{self.suffix}"
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
