"""One step of training: eager on the CPU; recorded once and replayed as a CUDA graph on a GPU."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from withstand.engines.device import autocast
from withstand.models import Classifier

_WARM_UP = (
    3  # steps before recording, in which optimisers make their buffers and libraries choose their kernels
)


class Tally:
    """Loss and hits, summed on the device so that no step waits for the host."""

    def __init__(self, device: torch.device) -> None:
        # Apple's GPUs have no float64; float32 counts without error to 16 million.
        exact = torch.float32 if device.type == "mps" else torch.float64
        self.sums = torch.zeros(3, dtype=exact, device=device)
        self.n = 0

    def clear(self) -> None:
        """Begin anew, in the same memory."""
        self.sums.zero_()
        self.n = 0

    def add(self, logits: Tensor, labels: Tensor, loss: Tensor) -> None:
        """One batch; on a GPU this may be recorded, and ``n`` is then counted by who replays it."""
        ranked = logits.detach().topk(min(5, logits.shape[1])).indices == labels[:, None]
        hits = torch.stack([loss.detach() * len(labels), ranked[:, 0].sum(), ranked.sum()])
        self.sums += hits.to(self.sums.dtype)
        self.n += len(labels)

    def row(self, split: str) -> dict[str, float]:
        """Mean loss, and percent."""
        loss, top1, top5 = (self.sums / self.n).tolist()
        return {
            f"{split}_loss": loss,
            f"{split}_top1": round(100 * top1, 6),
            f"{split}_top5": round(100 * top5, 6),
        }


class Step:
    """Forward, backward, update: what is done to one batch."""

    def __init__(
        self,
        classifier: Classifier,
        optimizer: torch.optim.Optimizer,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.network, self.preprocessing = classifier.network, classifier.preprocessing
        self.optimizer, self.dtype, self.device = optimizer, dtype, device
        self.tally = Tally(device)

    def set_rate(self, rate: float) -> None:
        """The learning rate from now on; in place where it is a tensor, since a recorded step reads that memory."""
        for group in self.optimizer.param_groups:
            if self.device.type != "cuda":
                group["lr"] = rate
                continue
            if (
                not isinstance(group["lr"], Tensor) or group["lr"].device.type != "cuda"
            ):  # as a checkpoint has it
                group["lr"] = torch.tensor(rate, device=self.device)
            group["lr"].fill_(rate)

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        """Learn from uint8 N×H×W×3 and int64 N on the device."""
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.device, self.dtype):
            logits = cast(Tensor, self.network(self.preprocessing(images)))
        logits = logits.float()
        loss = cross_entropy(logits, labels)
        loss.backward()
        self.optimizer.step()
        self.tally.add(logits, labels, loss)


class GraphedStep(Step):
    """The same step, recorded: a ResNet-50 on 64 images of 32×32 is some 1,500 launches, and the GPU waits for each.

    The first steps run as they are, on a stream of their own as recording asks for; so does a last batch of another
    size. Recording does no work itself, so every batch is learnt from once.
    """

    _graph: torch.cuda.CUDAGraph | None = None
    _images: Tensor
    _labels: Tensor
    _seen = 0

    def __call__(self, images: Tensor, labels: Tensor) -> None:
        """Learn from uint8 N×H×W×3 and int64 N on the device."""
        with torch.cuda.device(
            self.device
        ):  # streams and recordings are of the current device, whatever was asked for
            self._learn(images, labels)

    def _learn(self, images: Tensor, labels: Tensor) -> None:
        if self._graph is None and self._seen < _WARM_UP:
            self._seen += 1
            self._aside(images, labels)
            return
        if self._graph is None:
            self._record(images, labels)
        if self._graph is None or images.shape != self._images.shape:
            super().__call__(images, labels)
            return
        self._images.copy_(images)
        self._labels.copy_(labels)
        self._graph.replay()
        self.tally.n += len(labels)

    def _aside(self, images: Tensor, labels: Tensor) -> None:
        stream = torch.cuda.Stream(self.device)
        stream.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(stream):
            super().__call__(images, labels)
        torch.cuda.current_stream(self.device).wait_stream(stream)

    def _record(self, images: Tensor, labels: Tensor) -> None:
        self._images, self._labels = images.clone(), labels.clone()
        self.optimizer.zero_grad(set_to_none=True)  # so that the recorded backward makes its own gradients
        graph, n = torch.cuda.CUDAGraph(), self.tally.n
        # A stream of its own: torch keeps one for all recordings, on the device that was current at the first.
        with torch.cuda.graph(graph, stream=torch.cuda.Stream(self.device)):
            super().__call__(self._images, self._labels)
        self.tally.n = n  # recorded, not done
        self._graph = graph
