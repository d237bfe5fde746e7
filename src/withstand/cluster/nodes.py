"""What a node computes with: nodes of one kind give the same bits, and no others take part."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass

import numpy as np
import torch

import withstand


@dataclass(frozen=True)
class Kind:
    """All that decides the last bits of what a node computes, but for the classifier and the images.

    Attributes:
        version: of withstand.
        device: the kind of processor; of a GPU, its name.
        instructions: that torch uses on a CPU.
    """

    version: str
    pytorch: str
    numpy: str
    machine: str
    device: str
    instructions: str
    threads: int

    @classmethod
    def here(cls, device: torch.device) -> Kind:
        gpu = device.type == "cuda"
        return cls(
            withstand.__version__,
            torch.__version__,
            np.__version__,
            platform.machine(),
            torch.cuda.get_device_name(device) if gpu else device.type,
            torch.backends.cpu.get_cpu_capability(),
            torch.get_num_threads(),
        )

    def unlike(self, other: Kind) -> str:
        """What the other has of another kind, in words; empty where nothing."""
        mine, its = asdict(self), asdict(other)
        return ", ".join(
            f"{name} {its[name]} in place of {mine[name]}" for name in mine if mine[name] != its[name]
        )
