"""Ways to run a network forward: eager torch, torch.compile, and OpenVINO, each in a type of arithmetic.

An engine is a function from float32 N×3×S×S, on the device, to float32 N×K on the same device. It owns a copy of the
network.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from withstand.convolution import as_convolution, as_matmul, folded
from withstand.errors import UserError

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
        calibration: prepared images, float32 N×3×S×S, from which int8 learns the ranges of activations.

    Raises:
        UserError: what the plan needs is not installed, or does not run on the device.
    """
    if plan.backend == "openvino":
        return _openvino(network, plan, device, image_size, calibration)
    if plan.dtype == "int8":
        raise UserError("evaluation.dtype=int8 needs evaluation.backend=openvino")
    return (_compiled if plan.backend == "compile" else _eager)(network, plan, device, image_size)


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


def _openvino(
    network: nn.Module, plan: Plan, device: torch.device, image_size: int, calibration: Tensor | None
) -> Engine:
    """OpenVINO, one stream a thread: each core runs its own part of the batch from end to end."""
    if device.type != "cpu":
        raise UserError(f"evaluation.backend=openvino runs on the CPU, not on {device}; use device=cpu")
    with _without_telemetry():
        if not has_openvino():
            raise UserError('evaluation.backend=openvino needs OpenVINO: pip install "withstand[openvino]"')
        import openvino

        model = _convert(openvino, network, image_size)
        if plan.dtype == "int8":
            model = _quantised(model, network, calibration)
    streams = torch.get_num_threads()
    hint = {"float32": "f32", "bfloat16": "bf16", "float16": "f16", "int8": "f32"}[plan.dtype]
    options = {
        "INFERENCE_PRECISION_HINT": hint,
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams,
    }
    queue = openvino.AsyncInferQueue(openvino.Core().compile_model(model, "CPU", options), streams)
    parts: dict[int, Any] = {}
    queue.set_callback(lambda request, part: parts.update({part: request.get_output_tensor(0).data.copy()}))

    def engine(images: Tensor) -> Tensor:
        arrays = [a for a in np.array_split(images.contiguous().numpy(), streams) if len(a)]
        for part, array in enumerate(arrays):
            queue.start_async({0: array}, part)
        queue.wait_all()
        return torch.from_numpy(np.concatenate([parts[part] for part in range(len(arrays))]))

    return engine


def _convert(openvino: Any, network: nn.Module, image_size: int) -> Any:
    plain = as_convolution(copy.deepcopy(network)).eval().to("cpu", torch.float32)
    with warnings.catch_warnings():  # the conversion traces, of which torch and the network both complain
        warnings.simplefilter("ignore")
        example = torch.zeros(2, 3, image_size, image_size)
        return openvino.convert_model(plain, example_input=example, input=[-1, 3, image_size, image_size])


def _quantised(model: Any, network: nn.Module, calibration: Tensor | None) -> Any:
    """Weights and activations in 8 bits, activations with the ranges seen on the calibration images."""
    if find_spec("nncf") is None:
        raise UserError('evaluation.dtype=int8 needs NNCF: pip install "withstand[openvino]"')
    assert calibration is not None
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import nncf

        nncf.set_log_level(40)
        batches = [part.contiguous().numpy() for part in calibration.split(8)]
        attends = any(isinstance(module, nn.LayerNorm) for module in network.modules())
        # Ranges that lose least, rather than ranges that clip nothing: a third less error on ResNet-50.
        ranges = nncf.quantization.range_estimator.RangeEstimatorParametersSet.HISTOGRAM
        return nncf.quantize(
            model,
            nncf.Dataset(batches),
            subset_size=len(batches),
            preset=nncf.QuantizationPreset.MIXED,
            model_type=nncf.ModelType.TRANSFORMER if attends else None,
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                activations_range_estimator_params=ranges
            ),
        )


@contextlib.contextmanager
def _without_telemetry() -> Iterator[None]:
    """OpenVINO reports each conversion to its makers unless that package is missing; here it is."""
    name = "openvino_telemetry"
    kept = sys.modules.get(name)
    sys.modules[name] = cast(Any, None)
    try:
        yield
    finally:
        del sys.modules[name]
        if kept is not None:
            sys.modules[name] = kept


def has_openvino() -> bool:
    """True where the extra is installed."""
    return find_spec("openvino") is not None


def cache_folder() -> Path:
    """What may be kept between runs and lost at any time: ``WITHSTAND_CACHE``, else the user's cache folder."""
    own = os.environ.get("WITHSTAND_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(own) if own else Path(base) / "withstand"
