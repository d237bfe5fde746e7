"""Which classifier on which data set a run folder is of: asked before any work, so that no folder ever holds two."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from withstand import models
from withstand.base import json_file
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.images.imageset import Dataset
from withstand.models import Classifier
from withstand.models.checkpoints import read_state
from withstand.results import records
from withstand.results.folder import RunFolder

FILE = "run.json"
_OF_A_RUN = (
    *("summary.json", "provenance.json", "training.json", "history.csv", "curves.png", "thumbnails.png"),
    *("model_config.yaml", "data_config.yaml", "best_model.pth", "checkpoint.pth"),
    *("finetune", "background"),
)
"""All but tables of results and the predictions, whose names say what they depend on."""


@dataclass(frozen=True)
class Identity(records.IdentitySaid):
    """What a run is of.

    Attributes:
        dataset: what the data set is called; ``code``: what reads it.
        content: ``Dataset.content``, and ``training`` that of its training images; empty where not known.
        file: of the weights that are evaluated, or started from in every fold, as they are; None where experiment 1's
            are, or those that the model's config names.
        weights: digest of the network with the weights of ``file``, and ``start`` that of what the file holds, which
            say the same where both are known: a network may be saved in several forms. None where not known.
        answers: what makes of the outputs the answers, as JSON; empty where they are the same.
        sources: ``Dataset.sources``.
        prepared: how images are made ready for the network, as JSON; empty where nothing was evaluated yet.
    """

    def unlike(self, before: Identity) -> list[str]:
        """How ``before`` is another run, in words; empty where it is the same one."""
        said = []
        if self.code != before.code or _differ(self.content, before.content):
            said.append(f"it is a run on other images, of a data set called {before.dataset}")
        if self.file is None and before.file is None and _differ(self.training, before.training):
            said.append("it was trained on other images")
        if before.file and (self.file is None or self._of_others(before)):
            said.append(f"it is a run of the weights in {before.file} as they are")
        elif self.file and before.file and self.answers != before.answers:
            said.append("its outputs stand for the classes in another way (classes, class_map)")
        if self.file and before.file is None:
            said.append("it is a run of a network made here")
        if not said and _differ(self.prepared, before.prepared):
            said.append(
                "its images are made ready in another way (model.mean, model.std, model.crop; preprocess=)"
            )
        return said

    def _of_others(self, before: Identity) -> bool:
        if self.weights and before.weights:
            return self.weights != before.weights
        return _differ(self.start, before.start)


def claim(
    config: Config,
    dataset: Dataset,
    folder: RunFolder,
    *,
    given: bool,
    evaluated: Classifier | None = None,
    source: str | None = None,
) -> None:
    """Make sure that the folder is this run's, and write down that it is, where the data set is known.

    Args:
        given: whether a run of ``model.weights`` is of those weights; where they are trained further, it is not.
        evaluated: the classifier, where one is evaluated as it is.
        source: what that is called, where it has its source's own weights.

    Raises:
        UserError: the folder is another run's, and ``overwrite`` is false or would cost a trained network.
    """
    settings = config.model
    file = (settings.weights or source) if given else None
    start = (
        models.digest(read_state(Path(settings.weights), settings.ema))
        if given and settings.weights
        else None
    )
    weights = evaluated.digest() if file and evaluated else None
    own = Identity(
        dataset.name,
        config.dataset.name,
        dataset.content,
        dataset.training,
        file,
        weights,
        start,
        _said(evaluated),
        dataset.sources,
        _prepared(evaluated) if evaluated else "",
    )
    before = _before(folder.path, own)
    said = own.unlike(before) if before else []
    if not said and evaluated and not file:
        said = _other_results(folder, evaluated)
    replaceable = not (given and folder.best.is_file())
    if said and not (config.overwrite and replaceable):
        way = "add overwrite=true to replace it, or" if replaceable else "to keep both,"
        raise UserError(
            f"{folder.path} is another run: {'; '.join(said)}; {way} give this one a name of its own with"
            " model.cfg_name=NAME or dataset.title=NAME, or another folder with paths.checkpoints=FOLDER"
        )
    if said:
        _clear(folder.path)
    if own.content and (said or not before or not before.content):
        json_file.write(folder.path / FILE, asdict(own))
    elif before and before.content and own.prepared and not before.prepared:
        json_file.write(folder.path / FILE, asdict(replace(before, prepared=own.prepared)))


def claim_plain(classifier: Classifier, name: str, dataset: Dataset, folder: RunFolder) -> None:
    """The same for a classifier and images that no settings describe.

    Raises:
        UserError: the folder is another run's.
    """
    answers, weights = _said(classifier), classifier.digest()
    prepared = _prepared(classifier)
    own = Identity(
        dataset.name, "", dataset.content, "", name, weights, None, answers, dataset.sources, prepared
    )
    before = _before(folder.path, own)
    if before and (said := own.unlike(before)):
        raise UserError(
            f"{folder.path} is another run: {'; '.join(said)}; give this one a folder of its own with out=…"
        )
    json_file.write(folder.path / FILE, asdict(own))


def _said(classifier: Classifier | None) -> str:
    """What makes of a classifier's outputs the answers, as text."""
    answers = classifier.answers if classifier else None
    return json.dumps(answers.facts(), sort_keys=True) if answers else ""


def _prepared(classifier: Classifier) -> str:
    """How images are made ready for it, as text."""
    return json.dumps(classifier.preprocessing.facts(), sort_keys=True)


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other and one != other)


def _other_results(folder: RunFolder, best: Classifier) -> list[str]:
    """Whether what the folder holds is of another network than its best one, in words."""
    summary, record = folder.summary(), json_file.record(folder.path / "provenance.json", records.Provenance)
    if not summary.get("cells") or record.get("weights_digest") in (None, best.digest()):
        return []
    return ["its results are of another network (was its training stopped? Then finish that first)"]


def _before(folder: Path, own: Identity) -> Identity | None:
    """What the folder was made for; from its provenance, where it was made before there was a record."""
    if content := json_file.record(folder / FILE, records.IdentitySaid, "delete it"):
        return Identity(**{one.name: content[one.name] for one in fields(Identity) if one.name in content})
    record = json_file.record(folder / "provenance.json", records.Provenance)
    config: dict[str, Any] = record.get("config") or {}
    code, file = (
        (config.get(group) or {}).get(key) for group, key in (("dataset", "name"), ("model", "weights"))
    )
    if not code:
        return None
    if (folder / "training.json").is_file() or not file:
        return Identity(code, code, "", "")
    digest = None if file == own.file else record.get("weights_digest", "unknown")
    return Identity(code, code, "", "", file, digest)


def _clear(folder: Path) -> None:
    for name in (*_OF_A_RUN, *(table.name for table in folder.glob("*_results.csv"))):
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
