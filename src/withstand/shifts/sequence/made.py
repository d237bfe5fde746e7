"""Films made of any images: a step more in each frame, in batches on the device, the same for the same image.

Steps are a share of the short side, so that a film means the same at any size; at 32 pixels, a pixel, a degree, a
hundredth. Frame 1 is the image itself (but for noise, which every frame has).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from withstand.corruptions.filters import smooth
from withstand.corruptions.pixels import planes
from withstand.corruptions.random import Draws
from withstand.images.blocks import Blocks, Rows, gather
from withstand.images.imageset import ImageSet

SHIFT = 1 / 32  # of the short side, a frame
TURN = 1.0  # degrees
GROW = 0.01
BRIGHTEN = 0.01
BLUR = 0.45 / 32  # of the short side: the sigma of one more Gaussian
NOISE = 0.04  # spread, of values from 0 to 1
_VERSION = 1
"""Of what is made here: other pixels are other conditions."""

Make = Callable[[Tensor, Draws, int], Tensor]


def _translate(x: Tensor, draws: Draws, step: int) -> Tensor:
    """To one side, which the image's id chooses."""
    side = min(x.shape[2:])
    direction = draws.integers("direction", (1,), 0, 2).float().mul(2).sub(1).to(x.device)[:, 0]
    return _mapped(x, across=direction * step * SHIFT * side)


def _rotate(x: Tensor, draws: Draws, step: int) -> Tensor:
    direction = draws.integers("direction", (1,), 0, 2).float().mul(2).sub(1).to(x.device)[:, 0]
    return _mapped(x, angle=direction * math.radians(TURN * step))


def _scale(x: Tensor, draws: Draws, step: int) -> Tensor:
    return _mapped(x, zoom=1 + GROW * step)


def _brightness(x: Tensor, draws: Draws, step: int) -> Tensor:
    return x + BRIGHTEN * step


def _gaussian_blur(x: Tensor, draws: Draws, step: int) -> Tensor:
    return x if not step else smooth(x, BLUR * min(x.shape[2:]) * math.sqrt(step))


def _gaussian_noise(x: Tensor, draws: Draws, step: int) -> Tensor:
    return x + NOISE * draws.normal("noise", tuple(x.shape[1:]))


MAKES: dict[str, Make] = {
    "translate": _translate,
    "rotate": _rotate,
    "scale": _scale,
    "brightness": _brightness,
    "gaussian_blur": _gaussian_blur,
    "gaussian_noise": _gaussian_noise,
}


@dataclass(frozen=True)
class Made:
    """Makes a frame when it is asked for, and stores nothing."""

    seed: int
    count: int

    @property
    def words(self) -> str:
        return f"films of {self.count} frames made from the test images (seed {self.seed})"

    @property
    def frames(self) -> dict[str, int]:
        return dict.fromkeys(MAKES, self.count)

    def facts(self, perturbation: str) -> dict[str, Any]:
        return {"films": f"made, version {_VERSION}", "seed": self.seed}

    def images(self, test: ImageSet, perturbation: str, frame: int) -> Blocks:
        return Blocks.made(test, partial(self._read, test, perturbation, frame - 1))

    @torch.inference_mode()
    def _read(self, test: ImageSet, perturbation: str, step: int, rows: Rows, device: torch.device) -> Tensor:
        images = gather(test.images, rows, device)
        if device.type == "mps":  # Apple's GPUs have no float64, which the filters want
            return self._read(test, perturbation, step, rows, torch.device("cpu")).to(device)
        ids = torch.from_numpy(test.ids[rows]).to(device)
        # What a film has one of, such as its direction, is drawn without its step; noise is drawn with it.
        cell = f"{perturbation}/{step}" if perturbation == "gaussian_noise" else perturbation
        made = MAKES[perturbation](planes(images), Draws(self.seed, ids, cell), step)
        return made.clamp_(0, 1).mul_(255).round_().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _mapped(
    x: Tensor, *, across: Tensor | None = None, angle: Tensor | None = None, zoom: float = 1.0
) -> Tensor:
    """Planes moved to the right by some pixels, turned or enlarged about the middle; what comes in is mirrored."""
    n, _, height, width = x.shape
    turned = torch.zeros(n, device=x.device) if angle is None else angle
    moved = torch.zeros(n, device=x.device) if across is None else across
    down, along = torch.meshgrid(
        torch.arange(height, device=x.device, dtype=torch.float32) - (height - 1) / 2,
        torch.arange(width, device=x.device, dtype=torch.float32) - (width - 1) / 2,
        indexing="ij",
    )
    cos, sin = (f(turned)[:, None, None] / zoom for f in (torch.cos, torch.sin))
    # Where each pixel of the new picture lies in the old one.
    column = cos * along + sin * down - moved[:, None, None] + (width - 1) / 2
    row = cos * down - sin * along + (height - 1) / 2
    grid = torch.stack([(2 * column + 1) / width - 1, (2 * row + 1) / height - 1], dim=3)
    return torch.nn.functional.grid_sample(
        x, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
