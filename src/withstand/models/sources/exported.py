"""A network that ``torch.export.save`` wrote: ``exported:FILE.pt2``.

torch reads such a file with pickle, and evaluates the expressions in it: it can run code, and the user is told.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.config.schema import Config
from withstand.models.classifier import Classifier
from withstand.models.opaque import Batched, digest_of, file_of, preprocessing

ABOUT = "a network written by torch.export.save: exported:FILE.pt2, with model.mean and model.std"


def from_config(config: Config, outputs: int | None) -> Classifier:
    """The program in the file, which reads float32 N×3×S×S.

    Raises:
        UserError: there is no such file, it is no such program, or the settings do not say how to normalise.
    """
    file = file_of(config.model)
    say(f"  reading {file}: torch may run what is in it, so read only what you trust")
    try:
        program = torch.export.load(str(file))
        shape = _shape(program)
        program.module()
    except Exception as error:  # a damaged file raises anything
        why = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise UserError(
            f"{file} is no program of torch.export ({why}); write it with torch.export.save"
        ) from error
    batch, size = (side if isinstance(side, int) else 0 for side in (shape[0], shape[-1]))
    if len(shape) != 4 or shape[1] != 3:
        raise UserError(f"{file} reads {tuple(shape)}, where N×3×S×S is wanted")
    how = preprocessing(config.model, size or 224)
    code = {"file": digest_of(file)}
    return Classifier(
        Batched(_Run(program), batch),
        how,
        f"file {file.name}",
        code=code,
        runtime="exported",
        rewritable=False,
    )


class _Run:
    """A program on the device of what it is given. Its modules know no evaluation mode, so none is held as one."""

    def __init__(self, program: Any) -> None:
        self.program, self.device, self.network = program, torch.device("cpu"), program.module()

    def __call__(self, images: Tensor) -> Tensor:
        if images.device != self.device:
            self.device, self.network = images.device, _moved(self.program, images.device)
        # As it was traced: a program of torch 2.4 has views in it that hold for no other layout.
        scores: Tensor = self.network(images.contiguous())
        return scores


def _moved(program: Any, device: torch.device) -> Any:
    """Its module, with weights and what it makes on the way on ``device``."""
    try:
        from torch.export.passes import move_to_device_pass
    except ImportError:  # torch 2.4, which moves the weights alone
        return program.module().to(device)
    return move_to_device_pass(program, device).module()


def _shape(program: Any) -> list[Any]:
    """Of its one input; a dimension that may be any is no number."""
    names = program.graph_signature.user_inputs
    if len(names) != 1:
        raise ValueError(f"it has {len(names)} inputs")
    node = next(node for node in program.graph.nodes if node.name == names[0])
    return list(node.meta["val"].shape)
