"""Which classifier on which data set a run folder is of: asked before any work, so that no folder ever holds two."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from withstand import atomic, models
from withstand.config import Config
from withstand.data.imageset import Dataset
from withstand.errors import UserError
from withstand.models import Classifier
from withstand.run import RunFolder

FILE = "run.json"
_OF_A_RUN = (
    *("summary.json", "provenance.json", "training.json", "history.csv", "curves.png", "thumbnails.png"),
    *("robustness_results.csv", "finetune_results.csv", "background_results.csv"),
    *("model_config.yaml", "data_config.yaml", "best_model.pth", "checkpoint.pth"),
    *("finetune", "background"),
)
"""All but the predictions, whose names say what they depend on."""


@dataclass(frozen=True)
class Identity:
    """What a run is of.

    Attributes:
        dataset: what the data set is called; ``code``: what reads it.
        content: ``Dataset.content``, and ``training`` that of its training images; empty where not known.
        weights: digest of the weights in ``file``, which are evaluated as they are; None where they are trained here.
    """

    dataset: str
    code: str
    content: str
    training: str
    weights: str | None = None
    file: str | None = None

    def unlike(self, before: Identity) -> list[str]:
        """How ``before`` is another run, in words; empty where it is the same one."""
        said = []
        if self.code != before.code or _differ(self.content, before.content):
            said.append(f"it is a run on other images, of a data set called {before.dataset}")
        if self.weights is None and before.weights is None and _differ(self.training, before.training):
            said.append("it was trained on other images")
        if self.weights != before.weights:
            what = (
                f"of the weights in {before.file} as they are"
                if before.weights
                else "of a network trained here"
            )
            said.append(f"it is a run {what}")
        return said


def claim(
    config: Config, dataset: Dataset, folder: RunFolder, *, given: bool, evaluated: Classifier | None = None
) -> None:
    """Make sure that the folder is this run's, and write down that it is, where the data set is known.

    Args:
        given: whether a run of ``model.weights`` is of those weights; where they are trained further, it is not.
        evaluated: the classifier, where one is evaluated as it is.

    Raises:
        UserError: the folder is another run's, and ``overwrite`` is false or would cost a trained network.
    """
    file = config.model.weights if given else None
    weights = models.digest(models.read_state(Path(file))) if file else None
    own = Identity(dataset.name, config.dataset.name, dataset.content, dataset.training, weights, file)
    before = _before(folder.path, own)
    said = own.unlike(before) if before else []
    if not said and evaluated:
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
    if own.content:
        atomic.write_json(folder.path / FILE, asdict(own))


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)


def _other_results(folder: RunFolder, classifier: Classifier) -> list[str]:
    """Whether what the folder holds is of another network than ``classifier``, in words."""
    summary, record = folder.summary(), _json(folder.path / "provenance.json")
    if not summary.get("cells") or record.get("weights_digest") in (None, classifier.digest()):
        return []
    hint = " (was its training stopped? Then finish that first)" if folder.best.is_file() else ""
    return [f"its results are of another network{hint}"]


def _before(folder: Path, own: Identity) -> Identity | None:
    """What the folder was made for; from its provenance, where it was made before there was a record."""
    if content := _json(folder / FILE):
        try:
            return Identity(**content)
        except TypeError as error:
            raise UserError(f"{folder / FILE} is damaged ({error}); delete it") from error
    config: dict[str, Any] = _json(folder / "provenance.json").get("config") or {}
    code, file = (
        (config.get(group) or {}).get(key) for group, key in (("dataset", "name"), ("model", "weights"))
    )
    if not code:
        return None
    if (folder / "training.json").is_file() or not file:
        return Identity(code, code, "", "")
    # Whether they are the same weights, `_other_results` says: the record has the network's digest.
    return Identity(code, code, "", "", own.weights or "unknown", file)


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); delete it and give the run's command again") from error
    return content if isinstance(content, dict) else {}


def _clear(folder: Path) -> None:
    for name in _OF_A_RUN:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)
