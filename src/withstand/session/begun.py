"""What a run began to compute with and keeps, whatever a new start would choose; it is in the run's record."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from withstand.base import json_file
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.schema import EvaluationConfig
from withstand.engines import device
from withstand.engines.engine import Plan
from withstand.engines.predictor import Predictor
from withstand.engines.trials import Trial
from withstand.images.imageset import ImageSet
from withstand.models import Classifier
from withstand.results import records
from withstand.results.folder import RunFolder

_FILE = "provenance.json"


@dataclass(frozen=True)
class Begun:
    """The arithmetic and the engines of a run on a device.

    Attributes:
        folder: of the whole run, whose parts (folds, fine-tunings) compute alike.
    """

    folder: RunFolder
    device: torch.device

    def dtype(self) -> torch.dtype:
        """What ``auto`` stands for in this run; from the first time on, the same."""
        fresh = device.name(device.choose_dtype("auto", self.device))
        record = _read(self.folder)
        known = record.get("arithmetic", {}).get(self.device.type)
        kept = known or _before(record, self.device) or fresh
        if known is None:
            self.folder.update(_FILE, {"arithmetic": {self.device.type: kept}})
        if kept != fresh:
            _tell(str(self.folder.path), kept, fresh)
        return device.choose_dtype(kept, self.device)

    def predictor(
        self, classifier: Classifier, asked: EvaluationConfig, images: ImageSet, total: int
    ) -> Predictor:
        """Ready to evaluate ``total`` images like ``images`` as ``asked``, with the engine of an earlier start.

        Raises:
            UserError: the engine does not run here.
        """
        if not classifier.rewritable:
            return Predictor.planned(classifier, self.device, asked, images, total)
        settings = asked
        if asked.dtype == "auto":
            auto = self.dtype()
            if not total or auto != device.choose_dtype("auto", self.device):
                settings = replace(asked, dtype=device.name(auto))
        if not total or "auto" not in (asked.dtype, asked.backend):
            return Predictor.planned(classifier, self.device, settings, images, total)
        key = self._key(classifier, asked, images)
        kept = self._engine(key, classifier, asked)
        if kept is None:
            made = Predictor.planned(classifier, self.device, settings, images, total)
            # Now, and not with the results: a start that is killed has made cells, too.
            self.folder.update(_FILE, {"plans": {key: made.facts()}})
            return made
        plan = Plan(**{name: kept[name] for name in Plan.__dataclass_fields__})
        try:
            made = Predictor.planned(classifier, self.device, replace(asked, **asdict(plan)), images, total)
        except UserError as error:
            raise UserError(
                f"{self.folder.path} was evaluated with {plan.backend} in {plan.dtype}, which does not run here"
                f" ({error}); make it run, or add evaluation.backend=eager, which recomputes every cell"
            ) from error
        measured = {name: kept[name] for name in Trial.__dataclass_fields__ if name in kept}
        return replace(made, trial=Trial(plan=plan, **measured)) if "rate" in kept else made

    def _engine(self, key: str, classifier: Classifier, asked: EvaluationConfig) -> dict[str, Any] | None:
        """The facts of the engine of an earlier start."""
        record = _read(self.folder)
        kept: dict[str, Any] | None = record.get("plans", {}).get(key)
        if kept is None and "plans" not in record and _alike(record, classifier, asked, self.device):
            kept = record["engine"]
        return kept

    def _key(self, classifier: Classifier, asked: EvaluationConfig, images: ImageSet) -> str:
        """The same settings, weights, images and kind of device: the cells of one evaluation."""
        sha = hashlib.sha256(f"{_open(asdict(asked))} {self.device.type} {classifier.digest()}".encode())
        sha.update(images.ids.tobytes() + images.labels.tobytes())
        return sha.hexdigest()[:16]


@functools.cache  # once for each run and process, however often it is asked
def _tell(folder: str, kept: str, fresh: str) -> None:
    say(f"  {folder} continues in {kept}, as it began; this machine would now choose {fresh}")


def _read(folder: RunFolder) -> dict[str, Any]:
    return json_file.record(folder.path / _FILE, records.Provenance)


def _before(record: dict[str, Any], where: torch.device) -> str | None:
    """What ``auto`` stood for in a record that does not say so, as far as it can be told."""
    config = record.get("config", {})
    autos = all(config.get(part, {}).get("dtype") == "auto" for part in ("train", "evaluation"))
    said = record.get("precision")
    here = str(record.get("device", "")).startswith(where.type)
    return said if autos and here and said in ("float32", "bfloat16") else None


def _alike(
    record: dict[str, Any], classifier: Classifier, asked: EvaluationConfig, where: torch.device
) -> bool:
    """Whether a record from before plans were kept is of these settings, weights and kind of device."""
    return (
        "engine" in record
        and record.get("weights_digest") == classifier.digest()
        and _open(record.get("config", {}).get("evaluation", {})) == _open(asdict(asked))
        and str(record.get("device", "")).startswith(where.type)
    )


def _open(asked: dict[str, Any]) -> list[Any]:
    """What of the settings of evaluation the choice of an engine depends on."""
    return [asked.get(name) for name in ("dtype", "backend", "batch_size", "exact")]
