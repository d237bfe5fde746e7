"""What stands in the JSON files of a run: every key that anything reads, with its type.

Files are checked against these as they are read. Keys that are not here are left alone, and all that is missing from a
run of an older version has a default; what another version writes as another type is no such run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

Count = Annotated[int, Meta(ge=0, le=1 << 53)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(ge=0)]
Severity = Annotated[float, Meta(gt=0, le=1e6)]
Name = Annotated[str, Meta(min_length=1)]
CellFile = Annotated[str, Meta(pattern=r"^[^/\\\x00]{1,240}\.parquet$")]
"""The name of a file, never a path: what a foreign record names stays in its folder."""


class CellSaid(Struct):
    """A condition and the file of its predictions."""

    shift: Name
    variant: Name
    severity: Severity | None
    file: CellFile


class SampleSaid(Struct):
    """As ``Sample``."""

    precision: Annotated[float, Meta(gt=0)]
    rounds: Count
    evaluated: Count
    of: Annotated[int, Meta(ge=1)]
    seed: int
    value: Share
    low: Share
    high: Share
    steps: list[Any]
    control: str | None = None


class Tested(Struct):
    """The test at the end of experiment 1."""

    n: Count | None = None
    loss: float | None = None
    top1: Percent | None = None
    top5: Percent | None = None


class Seen(Struct):
    """Shares of the test that training has seen."""

    rows: Share
    images: Share


class TuningSaid(Struct):
    """A fine-tuning."""

    name: Name
    protocol: Name
    trained: list[tuple[str, Severity]]
    start: str
    leak: Seen
    held_out: list[str] = []
    shown: Seen | None = None
    n_source_images: Count | None = None
    n_pairs: Count | None = None
    settings: dict[str, Any] = {}


class Shown(Struct):
    """Shares of the pictures of a variant whose foreground or background training has shown."""

    foreground_trained: Share
    foreground_seen: Share
    background_trained: Share


class BackgroundSaid(Struct):
    """A protocol of experiment 4."""

    classes: list[str]
    files: dict[str, list[CellFile]]
    parts: Count | None = None
    leak: dict[str, Shown] = {}
    source: str | None = None
    notes: list[str] = []
    frozen: bool | None = None
    epochs: Count | None = None
    foregrounds: Count = 0
    correlation: float | None = None


class ShiftSaid(Struct):
    """What a shift leaves on record of itself."""

    kind: str | None = None
    classes: list[str] = []
    of: list[Annotated[int, Meta(ge=-1)]] | None = None
    both: bool = False
    open: bool = False
    paired: bool = False
    groups: list[str] | str | None = None
    members: list[Count] = []
    against: dict[str, str] | None = None

    def __post_init__(self) -> None:
        if self.kind == "groups":
            if not isinstance(self.groups, list) or max(self.members, default=0) >= len(self.groups):
                raise ValueError("its members are of groups that it does not name")
        elif self.kind == "collection" and not isinstance(self.groups, str | None):
            raise ValueError("groups is a list where text belongs")
        if self.of is not None and max(self.of, default=-1) >= len(self.classes):
            raise ValueError("its outputs are of classes that it does not name")


class Summary(Struct):
    """``summary.json``."""

    model: Name
    dataset: Name
    cells: list[CellSaid]
    classes: list[str] | None = None
    protocol: str | None = None
    stage: str | None = None
    best_epoch: Count | None = None
    epochs: Count | None = None
    val_top1: Percent | None = None
    n_train: Count | None = None
    n_val: Count | None = None
    test: Tested | None = None
    corruption_source: str | None = None
    sample: SampleSaid | None = None
    groups: dict[str, dict[str, list[str]]] = {}
    shifts: dict[str, ShiftSaid] = {}
    shift_classes: dict[str, list[str]] = {}
    cue_conflict_source: str | None = None
    sequence_source: str | None = None
    finetune: TuningSaid | None = None
    before: list[CellSaid] = []
    background: dict[str, BackgroundSaid] = {}


class PartOfSummary(Summary):
    """``summary.json`` of a run that goes on: what is not there yet is empty."""

    model: Name = "-"
    dataset: Name = "-"
    cells: list[CellSaid] = []


class ModelSaid(Struct):
    """Of the settings of a model, what is read back."""

    name: str | None = None
    title: str | None = None
    family: str | None = None
    corpus: str | None = None
    pretrained: bool | None = None
    tag: str | None = None
    weights: str | None = None
    args: dict[str, Any] | None = None


class DatasetSaid(Struct):
    """Of the settings of a data set."""

    name: str | None = None
    options: dict[str, Any] | None = None


class SettingsSaid(Struct):
    """The settings of the command that made a run."""

    model: ModelSaid | None = None
    dataset: DatasetSaid | None = None
    train: dict[str, Any] | None = None
    evaluation: dict[str, Any] = {}


class EngineSaid(Struct):
    """How a network was run."""

    backend: str
    dtype: str
    batch_size: Annotated[int, Meta(ge=1, le=1 << 20)]
    exact: bool | None = None
    rate: Positive | None = None
    error: float | None = None
    largest: float | None = None
    equal: float | None = None
    near: float | None = None
    images: Count | None = None

    def __post_init__(self) -> None:
        measured = (self.rate, self.error, self.largest, self.equal, self.near, self.images)
        if self.rate is not None and None in measured:
            raise ValueError("a part of what was measured is missing")


class Provenance(Struct):
    """``provenance.json``."""

    config: SettingsSaid | None = None
    command: str | None = None
    seed: int | None = None
    versions: dict[str, str] | None = None
    git_revision: str | None = None
    made: str | None = None
    device: str | None = None
    precision: str | None = None
    weights_digest: str | None = None
    parameters: Count | None = None
    macs: Count | None = None
    image_size: Count | None = None
    pretrained: str | None = None
    tag: str | None = None
    edition: str | None = None
    trained_in: str | None = None
    classes: list[str] | None = None
    arithmetic: dict[str, str] = {}
    plans: dict[str, EngineSaid] = {}
    engine: EngineSaid | None = None
    seconds: dict[str, Positive] | None = None
    images_per_second: dict[str, Positive] | None = None
    background: dict[str, dict[str, Any]] = {}


class Training(Struct):
    """``training.json``: the settings that weights depend on."""

    train: dict[str, Any]
    model: dict[str, Any] = {}
    dataset: dict[str, Any] = {}


@dataclass(frozen=True)
class IdentitySaid:
    """``run.json``; what each is, ``session.identity.Identity`` says."""

    dataset: str
    code: str
    content: str
    training: str
    file: str | None = None
    weights: str | None = None
    start: str | None = None
    answers: str = ""
    sources: str = ""
    prepared: str = ""


KINDS: dict[str, Any] = {"summary.json": PartOfSummary, "provenance.json": Provenance}
"""The records that commands add to, by name."""
