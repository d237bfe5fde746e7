"""The one training loop: (classifier, image sets) in, a better classifier out.

Every random choice is drawn from (seed, epoch), never from a state carried along, so a run that was killed and started
again makes the same weights, bit for bit, as one that was left alone.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from withstand.base.console import Bar, progress
from withstand.base.crew import Job, Piece
from withstand.base.errors import UserError, of_the_machine
from withstand.config.schema import TrainConfig
from withstand.engines import device as devices
from withstand.engines.convolution import as_matmul
from withstand.engines.predictor import Predictor
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import crop_flip
from withstand.models import Classifier
from withstand.training.progress import Progress
from withstand.training.step import GraphedStep, Step, Tally

_CHECK_EVERY = 50  # steps between looks at the loss; each look waits for the device


class Examples(Protocol):
    """What training shows: uint8 images with their labels, on the device, in an order that each epoch draws."""

    def __len__(self) -> int:
        """Images of an epoch."""

    def batches(
        self, epoch: int, batch_size: int, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of uint8 B×H×W×3 and int64 B, cut as ``batch_starts`` says.

        They depend on the epoch (from 1) and the state of ``generator``, which is on the device, and on nothing that
        was shown before.
        """


@dataclass(frozen=True)
class InMemory:
    """An image set whose bytes live on the device for the whole of training; an epoch shows each image once."""

    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, images: ImageSet, device: torch.device) -> InMemory:
        return cls(torch.tensor(images.images, device=device), torch.tensor(images.labels, device=device))

    def __len__(self) -> int:
        return len(self.labels)

    def batches(
        self, epoch: int, batch_size: int, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self), generator=generator, device=self.images.device)
        for start in batch_starts(len(self), batch_size):
            rows = order[start : start + batch_size]
            yield self.images[rows], self.labels[rows]


@dataclass(frozen=True, eq=False)
class Training(Job):
    """A training as work for whoever does the work.

    A piece is all of it, from the state that an earlier run stopped in, or from the start: ``None``. What comes of it
    is the state after each epoch.

    Attributes:
        train_set: images to show once an epoch, or examples that are made as they are shown.
        val_set: shares no source image with the training images.
        place: of the file that a state was read from, for messages.
        away: whether it is done by another process, which may have another device of that kind.
    """

    title: str
    classifier: Classifier
    train_set: ImageSet | Examples
    val_set: ImageSet
    settings: TrainConfig
    seed: int
    device: torch.device
    dtype: torch.dtype
    eval_batch_size: int
    place: Path | None = None
    away: bool = False

    def do(self, what: Progress | None) -> Iterator[Progress]:
        states = train(
            self.classifier,
            self.train_set,
            self.val_set,
            self.settings,
            seed=self.seed,
            device=self.device,
            dtype=self.dtype,
            eval_batch_size=self.eval_batch_size,
            resume=what,
            place=self.place,
        )
        for state in states:
            yield state.on_cpu() if self.away else state

    def again(self, piece: Piece, last: Progress) -> Piece:
        return replace(piece, what=last)

    def sent(self, piece: Piece) -> Piece:
        raise UserError(
            f"{self.title}: images to train on lie in files that no node has; set cluster.data, or shift.source=made"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent to another process, it is done by whatever device of the kind that has."""
        network = self.classifier.network
        own = network if self.device.type == "cpu" else copy.deepcopy(network).to("cpu")
        sent = vars(self) | {
            "classifier": replace(self.classifier, network=own),
            "device": torch.device(self.device.type),
            "away": True,
        }
        return _training, (sent,)


def _training(sent: dict[str, Any]) -> Training:
    return Training(**sent)


def train(
    classifier: Classifier,
    train_set: ImageSet | Examples,
    val_set: ImageSet,
    settings: TrainConfig,
    *,
    seed: int,
    device: torch.device,
    dtype: torch.dtype,
    eval_batch_size: int,
    resume: Progress | None,
    place: Path | None = None,
) -> Iterator[Progress]:
    """Train ``classifier.network`` in place for ``settings.epochs`` epochs in all; gives the state after each.

    Args:
        train_set: images to show once an epoch, or examples that are made as they are shown.
        val_set: shares no source image with the training images.
        resume: where an earlier run stopped, or None.
        place: of the file that ``resume`` was read from, for messages.

    Raises:
        UserError: the loss is no longer finite; what was given last is the last good state.
    """
    network = classifier.network.to(device).to(memory_format=torch.channels_last)
    if device.type == "cpu":
        as_matmul(network)
    optimizer = _optimizer(network, settings, device)
    history: list[dict[str, float]] = []
    if resume is not None:
        resume.restore(network, optimizer, place or Path("checkpoint.pth"))
        history = list(resume.history)
    examples = InMemory.of(train_set, device) if isinstance(train_set, ImageSet) else train_set
    step = (GraphedStep if device.type == "cuda" else Step)(classifier, optimizer, dtype, device)
    steps = len(batch_starts(len(examples), settings.batch_size))
    with progress("training", settings.epochs * steps, len(history) * steps) as bar:
        for epoch in range(len(history) + 1, settings.epochs + 1):
            started = time.perf_counter()
            rate = _rate(settings, epoch)
            step.set_rate(rate)
            tally = _epoch(step, examples, settings, seed, epoch, bar)
            row = {"epoch": epoch, **tally.row("train")}
            row |= evaluate(classifier, val_set, device, dtype, eval_batch_size)
            if not math.isfinite(row["val_loss"]):  # the last step may have been the one
                raise _diverged(settings, epoch)
            history.append(row | {"learning_rate": rate, "seconds": time.perf_counter() - started})
            yield Progress(epoch, network.state_dict(), optimizer.state_dict(), history, devices.name(dtype))


def evaluate(
    classifier: Classifier, images: ImageSet, device: torch.device, dtype: torch.dtype, batch_size: int
) -> dict[str, float]:
    """Validation loss (nats), top-1 and top-5 (percent) of the network as it stands."""
    predictions = Predictor.of(classifier, device, dtype, batch_size)(images)
    logits, labels = torch.from_numpy(predictions.logits), torch.from_numpy(predictions.labels)
    tally = Tally(torch.device("cpu"))
    tally.add(logits, labels, cross_entropy(logits, labels))
    return tally.row("val")


def _epoch(step: Step, examples: Examples, settings: TrainConfig, seed: int, epoch: int, bar: Bar) -> Tally:
    """One pass over the training images."""
    step.network.train()
    step.tally.clear()
    for done, (images, labels) in enumerate(
        _augmented(examples, settings, seed, epoch, step.device), start=1
    ):
        _learn(step, images, labels)
        if step.device.type == "cpu" or done % _CHECK_EVERY == 0:
            _check_finite(step.tally, settings, epoch)
        bar.advance(images=len(labels), note=f"epoch {epoch}/{settings.epochs}")
    _check_finite(step.tally, settings, epoch)
    return step.tally


def _augmented(
    examples: Examples, settings: TrainConfig, seed: int, epoch: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """The epoch's batches, augmented; what they hold depends on (seed, epoch) alone."""
    mixed = (seed * 1_000_003 + epoch) % 2**63
    torch.manual_seed(mixed)  # dropout and stochastic depth draw from the global generator
    generator = torch.Generator(device).manual_seed(mixed)
    for images, labels in examples.batches(epoch, settings.batch_size, generator):
        yield crop_flip(images, generator) if settings.augment == "crop_flip" else images, labels


def batch_starts(n: int, batch_size: int) -> range:
    """Where the batches start; a last batch of one image is left out, as BatchNorm cannot use it."""
    return range(0, n - 1 if n % batch_size == 1 and n > 1 else n, batch_size)


def _learn(step: Step, images: Tensor, labels: Tensor) -> None:
    """One step; a network that cannot be run on such images, or on so few, is the user's to change.

    Raises:
        UserError: it cannot.
    """
    try:
        step(images, labels)
    except (RuntimeError, ValueError) as error:
        if of_the_machine(error):
            raise
        said = " ".join(str(error).split())[:200]
        raise UserError(
            f"the network cannot be trained on {len(images)} images of {images.shape[2]}×{images.shape[1]} ({said});"
            " change model.image_size, model.args or train.batch_size"
        ) from error


def _check_finite(tally: Tally, settings: TrainConfig, epoch: int) -> None:
    if not math.isfinite(float(tally.sums[0])):
        raise _diverged(settings, epoch)


def _diverged(settings: TrainConfig, epoch: int) -> UserError:
    return UserError(
        f"the loss is no longer finite in epoch {epoch}; the state after epoch {epoch - 1} is kept."
        f" Try a smaller train.learning_rate (now {settings.learning_rate:g}) with overwrite=true"
    )


def _rate(settings: TrainConfig, epoch: int) -> float:
    """The learning rate of an epoch, from 1."""
    if settings.schedule == "constant":
        return settings.learning_rate
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / settings.epochs))


def _optimizer(network: nn.Module, settings: TrainConfig, device: torch.device) -> torch.optim.Optimizer:
    """Fused: all weights in one or a few kernels. On a GPU the rate is a tensor, which a recorded step reads anew."""
    rate = (
        torch.tensor(settings.learning_rate, device=device)
        if device.type == "cuda"
        else settings.learning_rate
    )
    weights, decay = network.parameters(), settings.weight_decay
    if settings.optimizer == "sgd":
        return torch.optim.SGD(weights, rate, momentum=settings.momentum, weight_decay=decay, fused=True)
    return torch.optim.AdamW(weights, rate, weight_decay=decay, fused=True, capturable=device.type == "cuda")
