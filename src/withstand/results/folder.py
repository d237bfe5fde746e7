"""A run folder while it is being made: its files, what is done already, and what each file is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from withstand.base import atomic, csv_file, json_file
from withstand.base.errors import UserError
from withstand.config.schema import NOT_OF_THE_WEIGHTS, Config
from withstand.results import records
from withstand.results.store import Store


@dataclass(frozen=True)
class RunFolder:
    """``checkpoints/{model}_{dataset}/`` and the names of what is in it."""

    path: Path

    @property
    def best(self) -> Path:
        return self.path / "best_model.pth"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.pth"

    @property
    def store(self) -> Store:
        return Store(self.path / "predictions")

    def summary(self) -> dict[str, Any]:
        """``summary.json`` as far as it is written; empty where it is not there yet."""
        return json_file.record(self.path / "summary.json", records.PartOfSummary)

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a JSON file of the run anew."""
        json_file.write(self.path / name, content)

    def update(self, name: str, values: Mapping[str, Any]) -> None:
        """Add ``values`` to a JSON file of the run; what it holds in groups, such as times, is added to the groups."""
        json_file.update(self.path / name, values, records.KINDS.get(name, json_file.Record))

    def open(self, config: Config, more: Mapping[str, Any] | None = None) -> None:
        """Write down what this run is; refuse a folder that holds another one.

        Args:
            more: what the weights depend on beside the settings of every training (JSON values).

        Raises:
            UserError: the folder was made with other settings and ``overwrite`` is false.
        """
        settings = training_settings(config) | dict(more or {})
        record = self.path / "training.json"
        if record.is_file() and self.checkpoint.is_file():
            changed = _changes(json_file.record(record, records.Training), settings)
            if changed and not config.overwrite:
                raise UserError(
                    f"{self.path} holds a run with other settings ({'; '.join(changed[:3])}); add overwrite=true to"
                    " replace it, or paths.checkpoints=FOLDER to keep both"
                )
            if changed:  # the checkpoint last: while it is there, this is asked again
                self.best.unlink(missing_ok=True)
                self.checkpoint.unlink()
        json_file.write(record, settings)
        atomic.write_text(
            self.path / "model_config.yaml", yaml.safe_dump(asdict(config.model), sort_keys=False)
        )
        atomic.write_text(
            self.path / "data_config.yaml", yaml.safe_dump(config.dataset.flat(), sort_keys=False)
        )

    def write_csv(self, name: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
        """A CSV file, whole or not at all."""
        atomic.write_text(self.path / name, csv_file.content(columns, rows))


def training_settings(config: Config) -> dict[str, Any]:
    """Everything that the trained weights depend on. More epochs at a constant rate only continue it."""
    groups = {"model": asdict(config.model), "dataset": config.dataset.flat(), "train": asdict(config.train)}
    found: dict[str, Any] = {
        group: {key: value for key, value in settings.items() if key not in NOT_OF_THE_WEIGHTS[group]}
        for group, settings in groups.items()
    }
    if config.train.schedule == "constant":
        del found["train"]["epochs"]
    return {"seed": config.seed} | found


def _changes(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key in sorted(old.keys() | new.keys()):
        before, now = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            found += _changes(before, now, f"{prefix}{key}.")
        elif before != now:
            found.append(f"{prefix}{key} was {before}, now {now}")
    return found
