"""A classifier and the classes of a data set brought together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from withstand.base.console import say
from withstand.base.errors import UserError, few
from withstand.images.blocks import gather
from withstand.images.imageset import ImageSet
from withstand.models.answers import bring_together
from withstand.models.classifier import Classifier
from withstand.results.answering import Answering, Logarithms

_SOME = 8  # images that are looked at where the first one's outputs add up to 1
_NEAR = 1e-3  # what a sum of float16 may be off by


@dataclass(frozen=True)
class Asked:
    """What is said of outputs and classes.

    Attributes:
        file: says which output is of which class; None: their names do.
        open: answers may be outputs that stand for none of the classes.
        groups: what is made of the probabilities of a class's several outputs.
    """

    file: str | None = None
    open: bool = False
    groups: str = "mean"


def answering(classifier: Classifier, images: ImageSet, asked: Asked) -> Classifier:
    """The classifier with an answer for each class of the images, and a line that says how it comes to it.

    Raises:
        UserError: a class has no output, or the names do not say which; or the classifier cannot read the images.
    """
    if not len(images):
        raise UserError("there are no images to evaluate on")
    if classifier.for_classes is not None:
        if asked.file or asked.open:
            raise UserError(
                "a zero-shot classifier's outputs are the classes; leave class_map and classes out"
            )
        return classifier.for_classes(images.classes)
    scores = _tried(classifier, images, 1)
    count = scores.shape[1]
    answers: Answering | None
    answers = together = bring_together(classifier.outputs, count, images.classes, vars(asked))
    if answers is not None:
        say(f"  {answers}")
    elif not classifier.outputs:
        say(f"  its {count:,} outputs are taken for the classes in their order: {few(images.classes)}")
    if isinstance(classifier.answers, Logarithms) or _gives_probabilities(classifier, images, scores):
        say("  its outputs are probabilities, which add up to 1: their logarithms are kept as its logits")
        answers = Logarithms(together)
    return replace(classifier, answers=answers)


def _gives_probabilities(classifier: Classifier, images: ImageSet, first: NDArray[np.float32]) -> bool:
    """Whether outputs are shares of 1, and not all of them 1 and 0, which may be votes."""
    if not _are_shares(first):
        return False
    more = _tried(classifier, images, _SOME)
    return _are_shares(more) and bool((more.max(axis=1) < 1).any())


def _are_shares(scores: NDArray[np.float32]) -> bool:
    adds_up = np.abs(scores.sum(axis=1) - 1) < _NEAR
    return scores.shape[1] > 1 and bool((scores >= 0).all() and adds_up.all())


def _tried(classifier: Classifier, images: ImageSet, most: int) -> NDArray[np.float32]:
    """Its outputs for the first images: how many there are is sure by this for whatever it is made of."""
    try:
        place: Any = next(classifier.network.parameters(), None)
        where = torch.device("cpu") if place is None else place.device
        rows = np.arange(min(most, len(images)))
        scores = replace(classifier, answers=None).logits(gather(images.images, rows, where))
    except UserError:
        raise
    except Exception as error:  # a network of anybody's may fail in any way
        why = " ".join(f"{type(error).__name__}: {error}".split())[:240]
        shape = "×".join(map(str, images.images.shape[1:]))
        raise UserError(
            f"the classifier fails on an image of {shape} as it is made ready ({why}); its preprocessing may be another"
        ) from error
    if scores.ndim != 2:
        raise UserError(
            f"the classifier gives {tuple(scores.shape)} for one image, where 1×K scores are wanted"
        )
    found: NDArray[np.float32] = scores.cpu().numpy()
    return found
