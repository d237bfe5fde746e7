"""``withstand.evaluate``: a classifier and images that somebody has at hand, in one line, without a setting."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from withstand import datasets, shifts
from withstand.base.errors import UserError
from withstand.base.lock import one_writer
from withstand.base.names import file_name
from withstand.config.composing import compose, named
from withstand.config.schema import ShiftConfig
from withstand.config.spelling import quoted
from withstand.engines import device as devices
from withstand.engines.predictor import Predictor
from withstand.evaluation import evaluate as evaluation
from withstand.evaluation.evaluate import About
from withstand.images import given
from withstand.images.imageset import Dataset, ImageSet
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier, as_it_is
from withstand.models.objects import of_object
from withstand.models.pipelines import ready
from withstand.models.together import Asked, answering
from withstand.results.folder import RunFolder
from withstand.session import arguments, geometry, identity
from withstand.session.result import Result
from withstand.shifts import Shift

_SILENT = ("onnx:", "exported:")
Named = Mapping[str, Mapping[str, Any]]
Shifts = str | Shift | Named | Sequence[str | Shift | Named]


def evaluate(
    model: Any,
    images: Any,
    labels: Any = None,
    *,
    shifts: Shifts = "corruption",
    classes: Sequence[str] | None = None,
    preprocess: Any = None,
    outputs: Sequence[str] = (),
    class_map: str | Path | None = None,
    among: str = "restricted",
    groups: str = "mean",
    precision: float | None = None,
    device: str = "auto",
    batch_size: int = 0,
    ids: Any = None,
    out: str | Path | None = None,
    name: str | None = None,
    version: str | None = None,
) -> Result:
    """How a classifier does on images, clean and under shifts, with intervals.

    >>> result = withstand.evaluate(model, images, labels)

    Args:
        model: an ``nn.Module``; a function from uint8 N×H×W×3 (NumPy) to N×K scores, which are logits, or
            probabilities where they add up to 1; ``"SOURCE:NAME"``, such as ``"timm:resnet50.a1_in1k"``; or a
            `Classifier`.
        images: uint8 N×H×W×3 or N×3×H×W; a data set of torchvision or Hugging Face; or a folder, a class a folder.
        labels: N whole numbers; None where ``images`` brings its own.
        shifts: a name, name → settings (``{"collection": {"folder": "photos-march"}}``), a shift, or a sequence of
            these; none: ``()``.
        classes: class names, in the order of the labels; by default those of the data set, else the numbers.
        preprocess: how images are made ready: one of ours, torchvision's or timm's transforms, a Hugging Face image
            processor, or a function from uint8 N×H×W×3 to what the module reads. By default the model's own (timm),
            else values between 0 and 1.
        outputs: names of the model's outputs, where they are not the classes in their order.
        class_map, among, groups: a file that says which output is of which class; answers ``restricted`` to the classes
            or ``open`` to all outputs; and what is made of a class's several outputs: ``mean``, ``sum`` or ``max``.
        precision: look at a random part, until the mean under shift is known to this many points.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        batch_size: images at a time; 0: the usual.
        ids: int64 N, of the source images; by default made of their bytes.
        out: a folder to keep what was predicted in: the same call goes on there. By default it goes with the process.
        name: what the classifier is called; by default its class or source name.
        version: tells apart what cannot be seen of a classifier, such as what a function reads from elsewhere.

    Raises:
        UserError: something does not fit, in one line that says what to do.
    """
    arguments.check_model(model, preprocess=preprocess, outputs=outputs, version=version)
    arguments.check_images(images, labels=labels, classes=classes, ids=ids)
    arguments.check_choices(among, groups, precision, batch_size)
    kept = out is not None
    root = Path(out).expanduser() if out is not None else Path(tempfile.mkdtemp(dir=_scratch()))
    where = devices.choose(device)
    with arguments.as_it_was(model):
        if isinstance(model, str):
            classifier, called = _from_source(model, preprocess), name or named(model)
        else:
            classifier = of_object(model, preprocess, outputs=outputs, version=version, kept=kept)
            called = name or str(getattr(model, "__name__", type(model).__name__))
        dataset, classifier = _images(images, labels, classes, ids, classifier, root)
        asked = Asked(str(class_map) if class_map else None, among == "open", groups)
        classifier = answering(classifier, dataset.test, asked)
        found = _shifts(shifts, dataset)
        predictor = Predictor.of(classifier, where, torch.float32, batch_size)
        folder = RunFolder(root if kept else root / file_name(called.strip("<>")))
        with one_writer(folder.path):
            identity.claim_plain(classifier, called, dataset, folder)
            about = About.plain(called, classifier, dataset.test, predictor, dataset.name)
            run = evaluation.evaluate(
                classifier, dataset.test, found, folder, predictor=predictor, about=about, precision=precision
            )
    return Result(run)


def _from_source(model: str, preprocess: Any) -> Classifier:
    """``"SOURCE:NAME"``, with another preprocessing than its own where one is given."""
    words = ["experiment=evaluate", f"model={model}", "dataset=folder"]
    if preprocess is None:
        return as_it_is(compose(words))
    how = ready(preprocess)
    # Files that do not say how images are made ready need not be told twice.
    words += ["model.mean=[0,0,0]", "model.std=[1,1,1]"] if model.startswith(_SILENT) else []
    return replace(as_it_is(compose(words)), preprocessing=how, rewritable=False)


@functools.cache
def _scratch() -> str:
    """A folder that goes with the process: runs refer to their predictions there."""
    folder = tempfile.mkdtemp(prefix="withstand-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _images(
    images: Any, labels: Any, classes: Sequence[str] | None, ids: Any, classifier: Classifier, root: Path
) -> tuple[Dataset, Classifier]:
    """The data set, and the classifier as it sees it: photographs are decoded as it wants them."""
    form = classifier.preprocessing.geometry if isinstance(classifier.preprocessing, Preprocessing) else None
    if isinstance(images, str | os.PathLike):
        return _folder(Path(images).expanduser(), classifier)
    if isinstance(images, ImageSet):
        return _named(images), classifier
    if labels is not None:
        return _named(given.arrays(images, labels, classes, ids)), classifier
    if not (hasattr(images, "__getitem__") and hasattr(images, "__len__")) or hasattr(images, "dtype"):
        raise UserError(
            "labels are missing: give evaluate(model, images, labels), or a data set that brings them"
        )
    found, fits = given.collected(images, classes, ids, form, root)
    return _named(found), classifier.after_geometry if fits else classifier


def _named(images: ImageSet) -> Dataset:
    return Dataset(f"images-{images.digest[:8]}", images.take(slice(0, 0)), images, images.digest)


def _folder(place: Path, classifier: Classifier) -> tuple[Dataset, Classifier]:
    if not place.is_dir():
        raise UserError(f"there is no folder {place}")
    words = ["experiment=evaluate", "model=small_cnn", "dataset=folder", f"dataset.folder={place}"]
    config, fits = geometry.settled(compose(words), classifier.preprocessing)
    return datasets.load(config), classifier.after_geometry if fits else classifier


def _shifts(asked: Shifts, dataset: Dataset) -> list[Shift]:
    """Each by its name, with its settings; made on the fly, and nothing is read that lies about."""
    several: Sequence[str | Shift | Named] = (
        [asked] if isinstance(asked, str | Mapping) or not isinstance(asked, Sequence) else asked
    )
    found: list[Shift] = []
    for one in several:
        if isinstance(one, str):
            found.append(shifts.load(_settings(one, {}), dataset))
        elif isinstance(one, Mapping):
            found += [shifts.load(_settings(name, own), dataset) for name, own in one.items()]
        else:
            found.append(one)
    return found


def _settings(name: str, own: Mapping[str, Any]) -> ShiftConfig:
    words = [f"shift.{key}={_word(value)}" for key, value in own.items()]
    return compose(
        ["experiment=evaluate", f"shift={name}", "dataset=shapes", "model=small_cnn", *words]
    ).shift


def _word(value: Any, within: bool = False) -> str:
    """A value as the command line has it; a text is in quotes where it stands ``within`` a list or mapping."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{key}: {_word(one, True)}' for key, one in value.items())}}}"
    if isinstance(value, list | tuple | np.ndarray):
        return f"[{','.join(_word(one, True) for one in value)}]"
    return quoted(value) if within and isinstance(value, str) else str(value)
