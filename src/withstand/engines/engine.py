"""Ways to run a network forward: eager torch, torch.compile and OpenVINO, each in a type of arithmetic.

An engine is a function from float32 N×3×S×S, on the device, to float32 N×K on the same device. It owns a copy of the
network.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from withstand.base.cache import cache_folder
from withstand.base.errors import UserError
from withstand.engines import openvino_engine
from withstand.engines.convolution import as_convolution, as_matmul, folded

Engine = Callable[[Tensor], Tensor]

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Plan:
    """How a network is run: by what, in which arithmetic, and how many images at a time."""

    backend: str
    dtype: str  # float32, bfloat16, float16; int8 with OpenVINO
    batch_size: int

    @property
    def fixed_shape(self) -> bool:
        """True where a batch of another size would be compiled anew."""
        return self.backend == "compile"


def build(
    network: nn.Module, plan: Plan, device: torch.device, image_size: int, calibration: Tensor | None = None
) -> Engine:
    """The engine that ``plan`` names.

    Args:
        calibration: prepared images, float32 N×3×S×S, from which int8 may learn the ranges of activations.

    Raises:
        UserError: what the plan needs is not installed, or does not run on the device.
    """
    if plan.backend == "openvino":
        if device.type != "cpu":
            raise UserError(f"evaluation.backend=openvino runs on the CPU, not on {device}; use device=cpu")
        return openvino_engine.build(network, plan.dtype, image_size, calibration)
    if plan.dtype == "int8":
        raise UserError("evaluation.dtype=int8 needs evaluation.backend=openvino")
    return (_compiled if plan.backend == "compile" else _eager)(network, plan, device, image_size)


def as_written(network: nn.Module, plan: Plan, device: torch.device, image_size: int) -> Engine:
    """A network that is not ours to rewrite; in float32 it is the very one, and in other arithmetic a copy."""
    if plan.dtype == "int8":
        raise UserError(
            "evaluation.dtype=int8 rewrites a network, and this one runs as it was written; leave it out"
        )
    dtype = _DTYPES[plan.dtype]
    ready = network.eval().to(device)
    if dtype != torch.float32:
        ready = copy.deepcopy(ready).to(dtype)

    def engine(images: Tensor) -> Tensor:
        read = images.to(dtype) if images.is_floating_point() else images
        return cast(Tensor, ready(read)).float()

    return engine


def _eager(network: nn.Module, plan: Plan, device: torch.device, image_size: int) -> Engine:
    dtype = _DTYPES[plan.dtype]
    # The weights are converted once; autocast would do so for every batch.
    ready = folded(network, image_size).to(device, dtype).to(memory_format=torch.channels_last)
    if device.type == "cpu":
        as_matmul(ready, constant=True)
    return lambda images: cast(Tensor, ready(images.to(dtype))).float()


def _compiled(network: nn.Module, plan: Plan, device: torch.device, image_size: int) -> Engine:
    """torch.compile: fused and frozen on the CPU, recorded as CUDA graphs on a GPU."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "inductor"))
    dtype = _DTYPES[plan.dtype]
    plain = as_convolution(copy.deepcopy(network))
    ready = folded(plain, image_size).to(device, dtype).to(memory_format=torch.channels_last)
    on_gpu = device.type == "cuda"
    run = torch.compile(ready, dynamic=False, mode="reduce-overhead" if on_gpu else None)

    def engine(images: Tensor) -> Tensor:
        with torch._inductor.config.patch(freezing=True):  # weights become constants, laid out once
            logits = cast(Tensor, run(images.to(dtype)))
        return logits.to(torch.float32, copy=True)  # the next replay of a graph writes over its outputs

    return engine
