"""Weather: fog, snow, frost and spatter (brightness is among the digital ones, as it is arithmetic)."""

from __future__ import annotations

import torch
from torch import Tensor

from withstand.corruptions import filters
from withstand.corruptions.draws import Draws


def fog(x: Tensor, c: tuple[float, float], draws: Draws) -> Tensor:
    """A plasma cloud of thickness ``c[0]`` over the image."""
    thickness, decay = c
    h, w = x.shape[1:3]
    brightest = x.amax((1, 2, 3), keepdim=True)
    cloud = _plasma(1 << (max(h, w) - 1).bit_length(), decay, draws).to(x.dtype)[:, :h, :w, None]
    return (x + thickness * cloud) * brightest / (brightest + thickness)


def _plasma(size: int, decay: float, draws: Draws) -> Tensor:
    """Diamond-square height maps (Fournier, Fussell & Carpenter, 1982) on a torus, N×size×size, each from 0 to 1."""
    plane = torch.zeros(len(draws.ids), size, size, dtype=torch.float64, device=draws.ids.device)
    step, rough = size, 100.0

    def middle(total: Tensor) -> Tensor:
        return total / 4 + rough * draws.uniform(*total.shape[1:], low=-rough, high=rough)

    while step >= 2:
        half = step // 2
        corners = plane[:, ::step, ::step]
        square = corners + corners.roll(-1, 1)
        plane[:, half::step, half::step] = middle(square + square.roll(-1, 2))
        centres, corners = plane[:, half::step, half::step], plane[:, ::step, ::step]
        plane[:, ::step, half::step] = middle(centres + centres.roll(1, 1) + corners + corners.roll(-1, 2))
        plane[:, half::step, ::step] = middle(centres + centres.roll(1, 2) + corners + corners.roll(-1, 1))
        step, rough = half, rough / decay
    plane -= plane.amin((1, 2), keepdim=True)
    return plane / plane.amax((1, 2), keepdim=True).clamp(min=1e-12)


def snow(x: Tensor, c: tuple[float, ...], draws: Draws) -> Tensor:
    """Flakes blurred along their fall, over a whitened image."""
    mean, deviation, zoom, threshold, radius, sigma, kept = c
    n, h, w, _ = x.shape
    flakes = mean + deviation * draws.normal(h, w, 1).to(x.dtype)
    flakes = filters.clipped_zoom(flakes, zoom)
    flakes = torch.where(flakes < threshold, 0.0, flakes).clamp(0, 1)
    angle = draws.uniform(1, low=-135, high=-45)[:, 0]
    flakes = filters.motion((flakes * 255).floor(), radius, sigma, angle) / 255
    grey = (x * x.new_tensor([0.299, 0.587, 0.114])).sum(3, keepdim=True)
    x = kept * x + (1 - kept) * torch.maximum(x, grey * 1.5 + 0.5)
    return x + flakes + flakes.flip(1, 2)
