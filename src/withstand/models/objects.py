"""Classifiers out of objects: a module, or any function from images to scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.images.preprocessing import AsBytes, Ready, Scaled
from withstand.models import code
from withstand.models.classifier import Classifier
from withstand.models.logits import Logits, of_transformers
from withstand.models.pipelines import ready


class Scores(nn.Module):
    """A function of the user's from uint8 N×H×W×3 (NumPy) to N scores for each class, behind the face of a network."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, images: Tensor) -> Tensor:
        """float32 N×K, of what the function gave.

        Raises:
            UserError: it gave something else.
        """
        given = self.function(images.cpu().numpy())
        scores = np.asarray(given.detach().cpu() if isinstance(given, Tensor) else given)
        if scores.ndim != 2 or len(scores) != len(images) or scores.dtype.kind not in "fiu":
            raise UserError(
                f"the classifier gave {scores.dtype} {scores.shape} for {len(images)} images, where N×K numbers are"
                " wanted: a score for each class"
            )
        return torch.from_numpy(scores.astype(np.float32)).to(images.device)


def of_object(
    thing: Any,
    preprocess: Any = None,
    *,
    outputs: Sequence[str] = (),
    origin: str | None = None,
    version: str | None = None,
    kept: bool = False,
) -> Classifier:
    """A classifier of what somebody has at hand.

    Args:
        thing: a Classifier, an ``nn.Module`` (one of Hugging Face Transformers, too), or a callable from a uint8 batch
            N×H×W×3 to N×K scores.
        preprocess: how images are made ready; None: as the module says (timm's do), else values between 0 and 1. A
            callable takes images as they are.
        outputs: their names, where known.
        origin: of the weights, in words.
        version: tells what cannot be seen.
        kept: whether results outlive this process, and may be taken for those of another version.

    Raises:
        UserError: it is none of these, or cannot be told from another by what can be seen.
    """
    if isinstance(thing, Classifier):
        return thing
    named = {"version": version} if version else {}
    name = getattr(thing, "__name__", type(thing).__name__)
    if isinstance(thing, nn.Module):
        if code.unseen(type(thing)) and kept and not version:
            raise UserError(
                f"the source of {name} cannot be seen; give version=NAME, another one for each change"
            )
        how = _own(thing) if preprocess is None else ready(preprocess)
        if of_transformers(thing):
            thing = Logits(thing)
            outputs = outputs or thing.outputs
        return Classifier(
            thing,
            how,
            origin,
            outputs=tuple(map(str, outputs)),
            code=code.of_network(thing) | named,
            rewritable=False,
        )
    if not callable(thing):
        raise UserError(
            f"{thing!r} is no classifier; give a torch module, or a function from uint8 images to scores"
        )
    if preprocess is not None:
        raise UserError(
            "a callable takes uint8 images as they are, so leave preprocess out, and do it inside"
        )
    if kept and not version:
        raise UserError(
            f"what {name} computes with cannot be seen; give version=NAME, another one for each change"
        )
    seen = {"source": code.of_text([code.text(thing)])}
    return Classifier(
        Scores(thing),
        AsBytes(),
        origin,
        outputs=tuple(map(str, outputs)),
        code=seen | named,
        runtime="callable",
        rewritable=False,
    )


def _own(network: nn.Module) -> Ready:
    """What a network of timm says of its own preprocessing; for others, values between 0 and 1."""
    if getattr(network, "pretrained_cfg", None):
        from timm.data.config import resolve_model_data_config
        from timm.data.transforms_factory import create_transform

        made: Any = create_transform(**resolve_model_data_config(network), is_training=False)
        return ready(made)
    say(
        f"  {type(network).__name__} is given images of their own size, with values between 0 and 1; preprocess=… gives"
        " it others"
    )
    return Scaled()
