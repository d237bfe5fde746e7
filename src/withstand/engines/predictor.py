"""The only place where a trained network meets images: image set in, predictions out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from withstand.base.ahead import ahead
from withstand.base.errors import UserError
from withstand.config.schema import EvaluationConfig
from withstand.engines import device as devices
from withstand.engines import openvino_engine, planning
from withstand.engines.engine import Engine, Plan, as_written, build
from withstand.engines.exactness import recompute_borderline
from withstand.engines.trials import Trial
from withstand.images.blocks import Blocks, gather
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Ready
from withstand.models import Classifier
from withstand.results.answering import Answering
from withstand.results.store import Predictions

_CHUNK = {"cpu": 2**24, "cuda": 2**28}
"""Bytes of images that are read at a time; on a GPU the next ones may be there, too. On a CPU nothing is carried
anywhere, and more would only take memory."""


@dataclass(frozen=True)
class Predictor:
    """A classifier made ready for evaluation: an engine with its arithmetic and batch size, on a device.

    Attributes:
        classifier: whose own network it is; the engine has a copy, so that training may go on with it.
        dtype: of the arithmetic; float32 where it is int8 in part.
        plan: backend, arithmetic and batch size, in words.
        trial: what was measured where the plan was chosen by trying.
        plain: where set, this float32 engine recomputes borderline images.
        calibration: the images that int8 has learnt its ranges from, at random from all: uint8 N×H×W×3.
    """

    classifier: Classifier
    device: torch.device
    dtype: torch.dtype
    batch_size: int
    plan: Plan
    engine: Engine
    trial: Trial | None = None
    plain: Engine | None = None
    calibration: Tensor | None = None

    @classmethod
    def of(
        cls, classifier: Classifier, device: torch.device, dtype: torch.dtype, batch_size: int
    ) -> Predictor:
        """Eager torch, ready at once; ``batch_size`` 0 takes the usual one of the device."""
        settings = EvaluationConfig(batch_size=batch_size, dtype=devices.name(dtype), backend="eager")
        return cls.planned(classifier, device, settings, None, 0)

    @classmethod
    def planned(
        cls,
        classifier: Classifier,
        device: torch.device,
        settings: EvaluationConfig,
        sample: ImageSet | None,
        total: int,
    ) -> Predictor:
        """As the settings say; what they leave open is chosen for an evaluation of ``total`` images like ``sample``.

        Raises:
            UserError: the settings ask for what is not installed or does not run on this device.
        """
        if not classifier.rewritable:
            return cls._as_written(classifier, device, settings)
        images = torch.empty((0, 1, 1, 3), dtype=torch.uint8, device=device)
        if sample is not None and (total or settings.dtype == "int8"):
            images = gather(sample.images, planning.spread(len(sample)), device)
        plan, trial = planning.choose(classifier, device, settings, images, total)
        learns = plan.dtype == "int8" and openvino_engine.learns_ranges(classifier.network)
        made = cls._built(classifier, device, plan, settings.exact, images if learns else None)
        return replace(made, trial=trial)

    @classmethod
    def _built(
        cls, classifier: Classifier, device: torch.device, plan: Plan, exact: bool, calibration: Tensor | None
    ) -> Predictor:
        """By a plan, whose int8 learns its ranges from ``calibration``."""
        size, network = classifier.preprocessing.image_size, classifier.network
        shown = None if calibration is None else classifier.preprocessing(calibration)
        fast = (plan.backend, plan.dtype) != ("eager", "float32")
        plain = Plan("eager", "float32", plan.batch_size)
        return cls(
            classifier,
            device,
            devices.choose_dtype(plan.dtype, device),
            plan.batch_size,
            plan,
            build(network, plan, device, size, shown),
            plain=build(network, plain, device, size) if exact and fast else None,
            calibration=calibration,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Engines are no data: sent to another process, it is made ready anew there, by the same plan."""
        classifier, images = self.classifier, self.calibration
        if self.device.type != "cpu":
            own = copy.deepcopy(classifier.network).to("cpu")
            classifier = replace(classifier, network=own)
            images = None if images is None else images.cpu()
        return _again, (classifier, self.device.type, self.plan, self.plain is not None, images)

    def like(self, classifier: Classifier) -> Predictor:
        """The same engine with another classifier's answers; another engine where it has another network."""
        if classifier.network is self.network:
            return replace(self, classifier=classifier)
        settings = EvaluationConfig(**vars(self.plan), exact=self.plain is not None)
        return Predictor.planned(classifier, self.device, settings, None, 0)

    @classmethod
    def _as_written(
        cls, classifier: Classifier, device: torch.device, settings: EvaluationConfig
    ) -> Predictor:
        """A network that is not ours to rewrite: as it is, unless another engine is asked for by name."""
        size, plan = classifier.preprocessing.image_size, planning.as_written(classifier, device, settings)
        own = plan.backend in ("eager", classifier.runtime)
        make = as_written if own else build
        plain = Plan("eager", "float32", plan.batch_size)
        return cls(
            classifier,
            device,
            devices.choose_dtype(plan.dtype, device),
            plan.batch_size,
            plan,
            make(classifier.network, plan, device, size),
            plain=as_written(classifier.network, plain, device, size)
            if settings.exact and (not own or plan.dtype != "float32")
            else None,
        )

    @property
    def overlaps(self) -> bool:
        """Whether images are read while others are predicted, and predictions written while more are made.

        Where a device predicts, the processor has time for that; on a CPU both would want the same cores.
        """
        return self.device.type != "cpu"

    @property
    def network(self) -> nn.Module:
        return self.classifier.network

    @property
    def preprocessing(self) -> Ready:
        return self.classifier.preprocessing

    @property
    def answers(self) -> Answering | None:
        """From the network's outputs to the classes, where these are others."""
        return self.classifier.answers

    @property
    def precision(self) -> str:
        """In words, for keys and records: ``float32``, ``bfloat16 (openvino)``, ``int8 (openvino), exact``."""
        backend = "" if self.plan.backend == "eager" else f" ({self.plan.backend})"
        ranges = "" if self.calibration is None else f", ranges of {len(self.calibration)} images"
        return f"{self.plan.dtype}{backend}{ranges}{', exact' if self.plain else ''}"

    def facts(self) -> dict[str, Any]:
        """For the record: the plan, and what was measured where it was chosen by trying."""
        measured = {} if self.trial is None else {k: v for k, v in vars(self.trial).items() if k != "plan"}
        return {**vars(self.plan), "exact": self.plain is not None, **measured}

    @torch.inference_mode()
    def logits(self, images: Tensor) -> Tensor:
        """float32 N×K for uint8 N×H×W×3 on the device, as many as one batch holds."""
        return self.engine(self.preprocessing(images))

    def __call__(self, images: ImageSet | Blocks) -> Predictions:
        """Predictions of all the images, in their order.

        Raises:
            UserError: an output is NaN or infinite, or the outputs are not a row an image.
        """
        blocks = Blocks.of(images) if isinstance(images, ImageSet) else images
        if not len(blocks):
            logits = np.empty((0, len(blocks.classes)), np.float32)
        else:
            logits = self._logits(blocks, self.engine)
            plain = self.plain
            if plain is not None:
                logits, _ = recompute_borderline(logits, lambda rows: self._logits(blocks.take(rows), plain))
        self._check_numbers(logits)
        if self.answers is not None and len(blocks):
            logits = self.answers(logits)
        return Predictions(blocks.ids, blocks.labels, logits, blocks.background)

    def _check_numbers(self, logits: NDArray[np.float32]) -> None:
        """Refuse what would be scored as wrong without a word; an output that is masked with −∞ is a number here."""
        lost = np.isnan(logits).any(axis=1) | (logits == np.inf).any(axis=1)
        if lost.any():
            raise UserError(
                f"the network's outputs are not finite (NaN or infinite) for {lost.sum():,} of {len(logits):,} images"
                f" in {self.precision}; try evaluation.dtype=float32, or weights of an earlier epoch"
            )

    @torch.inference_mode()
    def _logits(self, images: Blocks, engine: Engine) -> NDArray[np.float32]:
        """Batch by batch; every buffer is used again, so memory does not grow with the images."""
        whole: NDArray[np.float32] | None = None
        side, n = self.preprocessing.image_size, self.batch_size
        most = n if self.plan.fixed_shape else min(n, len(images))
        buffer = torch.empty(most, side, side, 3, device=self.device)
        chunks = self._chunks(images)
        # While a compiled network is recorded as a CUDA graph, no other thread may use the device.
        with (
            ahead(chunks) if self.overlaps and self.plan.backend == "eager" else nullcontext(chunks) as given
        ):
            for start, chunk in given:
                rows = [self._padded(batch) for batch in chunk.split(n)]
                parts = [
                    _outputs(engine(self.preprocessing(batch, out=buffer)), len(batch)) for batch in rows
                ]
                logits = torch.cat(parts)[: len(chunk)].cpu().numpy()
                whole = np.empty((len(images), logits.shape[1]), np.float32) if whole is None else whole
                whole[start : start + len(chunk)] = logits
        assert whole is not None
        return whole

    def _chunks(self, images: Blocks) -> Iterator[tuple[int, Tensor]]:
        """As many images as are on the device in one piece, in whole batches."""
        size = _CHUNK.get(self.device.type, _CHUNK["cuda"])
        each = max(1, size // max(1, images.nbytes) // self.batch_size) * self.batch_size
        for start in range(0, len(images), each):
            yield start, images.read(np.arange(start, min(start + each, len(images))), self.device)

    def _padded(self, batch: Tensor) -> Tensor:
        """A short last batch, filled up where another shape would have to be compiled."""
        short = self.batch_size - len(batch)
        if not (short and self.plan.fixed_shape):
            return batch
        return torch.cat([batch, batch[-1:].expand(short, *batch.shape[1:])])


def _outputs(given: Tensor, images: int) -> Tensor:
    """What a network gave, n×classes: another shape could be spread over the images without a word."""
    if given.ndim != 2 or len(given) != images:
        raise UserError(
            f"the network gave outputs of shape {tuple(given.shape)} for {images} images; what is read is a row of"
            f" scores an image: ({images}, classes)"
        )
    return given


def _again(
    classifier: Classifier, device: str, plan: Plan, exact: bool, calibration: Tensor | None
) -> Predictor:
    """The predictor that another process has."""
    here = torch.device(device)
    if not classifier.rewritable:
        settings = EvaluationConfig(plan.batch_size, plan.dtype, plan.backend, exact)
        return Predictor._as_written(classifier, here, settings)
    images = None if calibration is None else calibration.to(here)
    return Predictor._built(classifier, here, plan, exact, images)
