"""What every experiment that runs a network begins with, checked in the order that fails soonest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from withstand import datasets, models
from withstand.base import atomic, json_file
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.engines import device
from withstand.engines.macs import macs
from withstand.engines.predictor import Predictor
from withstand.images.imageset import Dataset, ImageSet
from withstand.models import Classifier
from withstand.results import provenance, records
from withstand.results.folder import RunFolder
from withstand.session import geometry, identity, trained_on
from withstand.session.begun import Begun


@dataclass(frozen=True)
class Setup:
    """A checked configuration with its device and data."""

    config: Config
    overrides: list[str]
    device: torch.device
    dataset: Dataset
    folder: RunFolder
    notes: dict[str, Any] = field(default_factory=dict)  # more for the record

    @classmethod
    def of(cls, config: Config, overrides: list[str]) -> Setup:
        chosen = device.choose(config.train.device)
        for name in config.evaluation.devices:
            if device.choose(name).type != chosen.type:
                raise UserError(
                    f"evaluation.devices: {name} is of another kind than device={config.train.device};"
                    " what one kind computes is not what another does, in the last bits"
                )
        device.set_threads(config.threads)
        config, _ = geometry.settled(config, None)
        folder = RunFolder(config.run_folder)
        atomic.check_folder(folder.path)
        return cls(config, overrides, chosen, datasets.load(config), folder)

    @property
    def begun(self) -> Begun:
        """What the whole run computes with, of which this may be a part."""
        return Begun(RunFolder(self.config.run_folder), self.device)

    def dtype(self, wanted: str) -> torch.dtype:
        """The arithmetic that a setting names; ``auto`` is what this run began with."""
        return self.begun.dtype() if wanted == "auto" else device.choose_dtype(wanted, self.device)

    def predictor(self, classifier: Classifier, total: int = 0, sample: ImageSet | None = None) -> Predictor:
        """Ready to evaluate ``total`` images, for which it may be worth to try what is fastest; 0: ready at once.

        An evaluation that is started again keeps the engine that it began with.

        Args:
            sample: images like those, where they are not the test images.
        """
        images = self.dataset.test if sample is None else sample
        return self.begun.predictor(classifier, self.config.evaluation, images, total)

    def planned_as(self, predictor: Predictor) -> Setup:
        """The same, but that further predictors run as this one does: what is compared is computed alike."""
        settings = replace(self.config.evaluation, **vars(predictor.plan))
        return replace(self, config=replace(self.config, evaluation=settings))

    @property
    def summary(self) -> dict[str, Any]:
        """What the summary of a run says first."""
        return {
            "model": self.config.model.cfg_name,
            "dataset": self.dataset.name,
            "classes": list(self.dataset.classes),
        }

    def record(self, classifier: Classifier, dtype: str) -> dict[str, Any]:
        """What a result of ``classifier`` computed in ``dtype``, as set or in words, depends on."""
        known = provenance.record(self.config, self.overrides)
        known["config"]["train"] |= self._trained_with()
        return known | {
            "device": device.describe(self.device),
            "precision": device.name(self.dtype(dtype)) if dtype == "auto" else dtype,
            "weights_digest": classifier.digest(),
            "parameters": sum(p.numel() for p in classifier.network.parameters()),
            "macs": macs(classifier),
            "image_size": classifier.preprocessing.image_size or None,
            "pretrained": classifier.origin,
            "tag": models.tag_of(self.config.model) if self.config.model.pretrained else None,
            **({"edition": self.dataset.origin} if self.dataset.origin else {}),
            **self.notes,
        }

    def _trained_with(self) -> dict[str, Any]:
        """The settings that this folder's weights were trained with, which a command that only evaluates has not."""
        record, config = self.folder.path / "training.json", self.config
        trains_elsewhere = config.experiment.name == "background"
        if trains_elsewhere or config.model.weights or not record.is_file():
            return {}
        found: dict[str, Any] = json_file.read(record, records.Training).train
        epochs = self.folder.summary().get("epochs")
        return found | ({"epochs": epochs} if epochs else {})

    @property
    def weights(self) -> Path:
        """Where the weights to evaluate are."""
        given = self.config.model.weights
        return Path(given) if given else self.folder.best

    def trained(self) -> Classifier:
        """The classifier to evaluate: the weights that ``model.weights`` names, else experiment 1's best.

        Raises:
            UserError: there are neither, they have no outputs for these classes or were trained on others, or the run
                folder is another run's.
        """
        trained_on.check(self.weights, self.dataset.classes)
        if not self.config.model.weights and not self.folder.best.is_file():
            words = f"experiment=train model={self.config.model.cfg_name} dataset={self.config.dataset.name}"
            raise UserError(
                f"there is no trained model {self.folder.best}; train it with `python main.py {words}` or give"
                " model.weights=FILE"
            )
        classifier = (
            models.build(self.config)
            if self.config.model.weights
            else models.restore(self.config, self.folder.best)
        )
        trained_on.check_head(classifier.head, self.weights, len(self.dataset.classes))
        identity.claim(self.config, self.dataset, self.folder, given=True, evaluated=classifier)
        return classifier
