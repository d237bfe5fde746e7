"""A classifier: a network, how images are made ready for it, what its outputs mean, and where its weights came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from withstand.base.errors import UserError
from withstand.images.preprocessing import Preprocessing, Ready
from withstand.models.checkpoints import State
from withstand.models.loading import Head
from withstand.results.answering import Answering

WHOLE = Head(fresh=False, outputs=None)
FRESH = Head(fresh=True, outputs=None)


@dataclass
class Classifier:
    """Anything that turns images into logits.

    Attributes:
        network: from what ``preprocessing`` gives to scores, N×K.
        origin: the pretrained weights in words; None: from scratch.
        head: what became of the classifier layer of those weights.
        outputs: the names of its K outputs; empty where they are not known.
        answers: from the outputs to the classes of a data set; None: they are the same.
        code: what it computes with beside its weights, such as digests of files and of source text, by name.
        runtime: what runs the network: ``torch``, or something that no engine can take its place of.
        rewritable: whether engines may run it in another way than as it is written.
        for_classes: where a classifier of any classes can be made: gives the one of these.
    """

    network: nn.Module
    preprocessing: Ready
    origin: str | None
    head: Head = WHOLE
    outputs: tuple[str, ...] = ()
    answers: Answering | None = None
    code: Mapping[str, str] = field(default_factory=dict)
    runtime: str = "torch"
    rewritable: bool = True
    for_classes: Callable[[Sequence[str]], Classifier] | None = None

    @torch.inference_mode()
    def logits(self, images: Tensor) -> Tensor:
        """float32 N×C for uint8 N×H×W×3, in evaluation mode: the plain way, which every engine agrees with.

        Raises:
            UserError: the network gives something else than a tensor.
        """
        given = self.network.eval()(self.preprocessing(images))
        if not isinstance(given, Tensor):
            raise UserError(
                f"the network gives a {type(given).__name__}, where a tensor of scores is wanted; wrap it in a module"
                " that returns that alone"
            )
        scores = given.float()
        return scores if self.answers is None else torch.from_numpy(self.answers(scores.cpu().numpy()))

    def facts(self) -> dict[str, Any]:
        """All that its answers depend on beside the images and the arithmetic, as JSON values."""
        found: dict[str, Any] = {"weights": self.digest(), "preprocessing": self.preprocessing.facts()}
        if self.code:
            found["code"] = dict(self.code)
        if self.answers is not None:
            found["answers"] = self.answers.facts()
        return found

    @property
    def fresh_head(self) -> bool:
        """Whether the classifier layer was left as it was drawn."""
        return self.head.fresh

    def digest(self) -> str:
        """SHA-256 of every weight and buffer, by name; of all that it computes with, where there is more."""
        weights = digest(self.network.state_dict())
        if not self.code:
            return weights
        return hashlib.sha256(json.dumps([weights, dict(self.code)], sort_keys=True).encode()).hexdigest()

    @property
    def after_geometry(self) -> Classifier:
        """The same for images that were decoded to the size and crop it asks for."""
        if not isinstance(self.preprocessing, Preprocessing):
            return self
        return replace(self, preprocessing=self.preprocessing.after_geometry)


def digest(state: State) -> str:
    """SHA-256 of a state dict's names, types, shapes and bytes; the same on every device."""
    sha = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        plain = tensor.detach().cpu().contiguous()
        sha.update(f"{name} {plain.dtype} {tuple(plain.shape)}".encode())
        sha.update(plain.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()
