"""A shift: every image fades to grey, as strongly as ``shift.amounts`` says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from withstand.config.checks import own_settings
from withstand.config.schema import ShiftConfig
from withstand.images.blocks import Blocks, Rows, gather
from withstand.images.imageset import Dataset, ImageSet
from withstand.results.conditions import Condition


@dataclass
class Settings:
    amounts: list[float] = field(default_factory=lambda: [0.5])


@dataclass(frozen=True)
class Fade:
    name = "fade"
    source = "faded test images"
    notes = ("the colours go",)

    test: ImageSet
    amounts: Sequence[float]

    def groups(self) -> dict[str, list[str]]:
        return {"gone": [c.variant for c in self.conditions() if c.variant == "100"]}

    def conditions(self) -> list[Condition]:
        return [Condition("fade", f"{round(100 * amount)}") for amount in self.amounts]

    def images(self, condition: Condition) -> Blocks:
        share = int(condition.variant) / 100

        def make(rows: Rows, device: torch.device) -> Tensor:
            clean = gather(self.test.images, rows, device).float()
            return (clean + share * (127.0 - clean)).round().to(torch.uint8)

        return Blocks.made(self.test, make)

    def digest(self, condition: Condition) -> str:
        return self.test.digest

    def facts(self, condition: Condition) -> dict[str, Any]:
        return {"fade": 1}


def from_config(settings: ShiftConfig, dataset: Dataset) -> Fade:
    return Fade(dataset.test, own_settings(Settings, "shift", settings.options).amounts)
