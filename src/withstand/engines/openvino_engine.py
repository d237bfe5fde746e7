"""OpenVINO, the fastest way to evaluate on most CPUs: an extra, imported when it is used.

int8 comes in two ways. A Transformer is nearly all linear layers, and the inputs of some hold a few values that are a
hundred times the rest (Sun et al., Massive Activations in Large Language Models, 2024; ViTs have them too): one range
for a whole tensor drowns the rest. There each token's input, 64 values at a time, gets a scale of its own as it comes
by. Convolutions have no such kernels; a network of them has one range per tensor, learnt from images beforehand.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import io
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from withstand.base.errors import UserError
from withstand.engines.convolution import as_convolution

_VALUES_A_SCALE = "64"  # divides the widths of most Transformers; half as many cost a fifth of the speed
_HINT = {"float32": "f32", "bfloat16": "bf16", "float16": "f16", "int8": "f32"}  # int8: of what is around it


def build(
    network: nn.Module, dtype: str, image_size: int, calibration: Tensor | None
) -> Callable[[Tensor], Tensor]:
    """An engine with one stream per thread: each core runs its own part of the batch from end to end.

    Args:
        calibration: prepared images, float32 N×3×S×S, from which a network of convolutions in int8 learns the ranges of
            activations; others do without.

    Raises:
        UserError: OpenVINO, or for int8 NNCF, is not installed.
    """
    if not available():
        raise UserError('evaluation.backend=openvino needs OpenVINO: pip install "withstand[openvino]"')
    with _without_telemetry():
        import openvino

        core = _core()  # before any that a conversion may make for itself
        model = _convert(openvino, network, image_size)
        if dtype == "int8":
            model = _in_int8(model, network, calibration)
    streams = torch.get_num_threads()
    options = {
        "INFERENCE_PRECISION_HINT": _HINT[dtype],
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": streams,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": _VALUES_A_SCALE,  # concerns layers whose weights are int8 and inputs are not
    }
    compiled = core.compile_model(model, "CPU", options)
    # Requests without callbacks: one would take Python's lock in a thread of OpenVINO's, which ends the process when it
    # is still about to while the interpreter goes.
    requests = [compiled.create_infer_request() for _ in range(streams)]

    def engine(images: Tensor) -> Tensor:
        arrays = [a for a in np.array_split(images.contiguous().numpy(), streams) if len(a)]
        for request, array in zip(requests, arrays, strict=False):
            request.start_async({0: array})
        return torch.from_numpy(np.concatenate([_output(r) for r in requests[: len(arrays)]]))

    return engine


def _output(request: Any) -> NDArray[np.float32]:
    request.wait()
    found: NDArray[np.float32] = request.get_output_tensor(0).data
    return found


def learns_ranges(network: nn.Module) -> bool:
    """Whether int8 learns the ranges of this network's activations from images: one without a Transformer's norms."""
    return not any(isinstance(module, nn.LayerNorm) for module in network.modules())


def available(dtype: str = "float32") -> bool:
    """True where the extra is installed, as far as ``dtype`` needs it."""
    return find_spec("openvino") is not None and (dtype != "int8" or find_spec("nncf") is not None)


@functools.cache
def _core() -> Any:
    """The one Core of this process, never freed."""
    # Each Core gives its thread an alternative signal stack, and takes it away when it is freed. Where Cores go in the
    # order in which they came, the thread keeps a stack that is no longer there, and its next signal ends the process.
    import openvino

    return openvino.Core()


def _convert(openvino: Any, network: nn.Module, image_size: int) -> Any:
    plain = as_convolution(copy.deepcopy(network)).eval().to("cpu", torch.float32)
    with warnings.catch_warnings():  # the conversion traces, of which torch and the network both complain
        warnings.simplefilter("ignore")
        example = torch.zeros(2, 3, image_size, image_size)
        return openvino.convert_model(plain, example_input=example, input=[-1, 3, image_size, image_size])


def _in_int8(model: Any, network: nn.Module, calibration: Tensor | None) -> Any:
    if not available("int8"):
        raise UserError('evaluation.dtype=int8 needs NNCF: pip install "withstand[openvino]"')
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        import nncf

        nncf.set_log_level(40)
        if not learns_ranges(network):
            return nncf.compress_weights(model, mode=nncf.CompressWeightsMode.INT8_SYM)
        if calibration is None or not len(calibration):
            raise UserError(
                "evaluation.dtype=int8 learns the ranges of this network from images, and there are none"
            )
        batches = [part.contiguous().numpy() for part in calibration.split(8)]
        # Ranges that lose least, rather than ranges that clip nothing: a third less error on ResNet-50.
        ranges = nncf.quantization.range_estimator.RangeEstimatorParametersSet.HISTOGRAM
        return nncf.quantize(
            model,
            nncf.Dataset(batches),
            subset_size=len(batches),
            preset=nncf.QuantizationPreset.MIXED,
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
