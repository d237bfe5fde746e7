"""A network in an ONNX file: ``onnx:FILE``, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.models.classifier import Classifier
from withstand.models.extras import needed
from withstand.models.opaque import Batched, digest_of, file_of, preprocessing

ABOUT = "a network in an ONNX file: onnx:FILE, with model.mean and model.std"
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


def from_config(config: Config, outputs: int | None) -> Classifier:
    """The network in the file, which reads N×3×S×S or N×S×S×3 in float32 or float16; its first output is the scores.

    Raises:
        UserError: ONNX Runtime is not installed, there is no such file, it is damaged or reads something else, or the
            settings do not say how to normalise.
    """
    runtime = needed("onnxruntime", "onnx", "onnx")
    file = file_of(config.model)
    try:
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        session = runtime.InferenceSession(
            str(file), options, providers=_providers(runtime, config.train.device)
        )
    except Exception as error:  # a damaged file raises anything
        why = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise UserError(f"{file} cannot be read as ONNX ({why})") from error
    inputs = session.get_inputs()
    shape = [side if isinstance(side, int) else 0 for side in inputs[0].shape]
    last = len(shape) == 4 and shape[3] == 3 and shape[1] != 3
    if len(inputs) != 1 or len(shape) != 4 or not (last or shape[1] == 3) or inputs[0].type not in _TYPES:
        raise UserError(
            f"{file} reads {', '.join(f'{one.name} {one.type} {one.shape}' for one in inputs)}, where one float"
            " N×3×S×S or N×S×S×3 is wanted"
        )
    run = _Run(session, inputs[0].name, _TYPES[inputs[0].type], last)
    how = preprocessing(config.model, shape[1 if last else 3] or 224)
    code = {"file": digest_of(*_files(file))}
    return Classifier(
        Batched(run, shape[0]), how, f"file {file.name}", code=code, runtime="onnxruntime", rewritable=False
    )


class _Run:
    """One session, from torch to torch."""

    def __init__(self, session: Any, name: str, kind: Any, last: bool) -> None:
        self.session, self.name, self.kind, self.last = session, name, kind, last

    def __call__(self, images: Tensor) -> Tensor:
        rows = images.permute(0, 2, 3, 1) if self.last else images
        given = np.ascontiguousarray(rows.cpu().numpy(), self.kind)
        scores = self.session.run(None, {self.name: given})[0]
        return torch.from_numpy(np.asarray(scores, np.float32)).to(images.device)


def _providers(runtime: Any, device: str) -> list[str]:
    """On the device that is asked for, where this build of ONNX Runtime can."""
    there: Sequence[str] = runtime.get_available_providers()
    wanted = ["CUDAExecutionProvider"] if device != "cpu" else []
    return [*(one for one in wanted if one in there), "CPUExecutionProvider"]


def _files(file: Path) -> list[Path]:
    """The file, and the weights that a large one keeps beside it."""
    return [
        file,
        *sorted(file.parent.glob(f"{file.name}*.data")),
        *sorted(file.parent.glob(f"{file.stem}.data")),
    ]
