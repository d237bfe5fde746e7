"""What shapes are drawn with: ten outlines, ten textures and a way to pick two colours."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Outline = Callable[[Floats, Floats], NDArray[np.floating]]


def _polygon(x: Floats, y: Floats, corners: int) -> Floats:
    """A regular polygon of radius 1 with a corner on top."""
    sector = 2 * np.pi / corners
    turn = np.mod(np.arctan2(x, -y), sector) - sector / 2
    return np.hypot(x, y) * np.cos(turn) - np.float32(np.cos(sector / 2))


def _star(x: Floats, y: Floats) -> Floats:
    """Five points, from radius 1 in to 0.42."""
    turn = np.abs(np.mod(np.arctan2(x, -y) + np.pi / 5, 2 * np.pi / 5) - np.pi / 5)
    u, v = np.hypot(x, y) * np.cos(turn), np.hypot(x, y) * np.sin(turn)
    ix, iy = 0.42 * np.cos(np.pi / 5), 0.42 * np.sin(np.pi / 5)
    length = np.hypot(1 - ix, iy)
    return ((u - 1) * iy + v * (1 - ix)) / np.float32(length)


def _box(x: Floats, y: Floats, width: float, height: float) -> Floats:
    return np.maximum(np.abs(x) - width, np.abs(y) - height)


def _heart(x: Floats, y: Floats) -> Floats:
    """Two lobes and the wedge under them, whose sides touch the lobes without a corner."""
    x = np.abs(x)
    lobes = np.hypot(x - 0.45, y + 0.3) - 0.52
    wedge = np.maximum(0.733 * x + 0.68 * (y - 0.95), (0.185 * x - y - 0.1) / 1.017)
    return np.minimum(lobes, wedge)


def _arrow(x: Floats, y: Floats) -> Floats:
    head = np.maximum((np.abs(x) - (y + 1) * 0.85) / 1.31, y - 0.05)
    return np.minimum(head, _box(x, y - 0.45, 0.27, 0.55))


SHAPES: dict[str, Outline] = {
    "circle": lambda x, y: np.hypot(x, y) - 0.9,
    "square": lambda x, y: _box(x, y, 0.8, 0.8),
    "triangle": lambda x, y: _polygon(x, y, 3),
    "star": _star,
    "cross": lambda x, y: np.minimum(_box(x, y, 0.95, 0.3), _box(x, y, 0.3, 0.95)),
    "ring": lambda x, y: np.abs(np.hypot(x, y) - 0.7) - 0.24,
    "crescent": lambda x, y: np.maximum(np.hypot(x, y) - 0.95, 0.75 - np.hypot(x - 0.5, y)),
    "heart": _heart,
    "arrow": _arrow,
    "bars": lambda x, y: np.maximum(_box(x, y, 0.9, 0.95), 0.28 - np.abs(x)),
}


def signed_distance(name: str, x: Floats, y: Floats) -> NDArray[np.floating]:
    """About the distance to the outline of a shape of radius 1 at the origin; negative inside. y points down."""
    return SHAPES[name](x, y)


def pattern(kind: NDArray[np.int64], x: Floats, y: Floats, dice: Floats) -> Floats:
    """A texture between 0 and 1 for each image.

    Args:
        kind: int64 N, 0 to 9: which texture.
        x, y: 1×H×W, -1 to 1.
        dice: float32 N×4 in [0, 1): frequency, phase and strength.
    """
    out = np.empty((len(kind), *x.shape[1:]), np.float32)
    for k, texture in enumerate(_TEXTURES):
        rows = kind == k
        f, p, q, s = (dice[rows, i, None, None] for i in range(4))
        out[rows] = 0.5 + (0.3 + 0.2 * s) * texture(x, y, 5 + 4 * f, 2 * np.pi * p, 2 * np.pi * q)
    return out


Texture = Callable[[Floats, Floats, Floats, Floats, Floats], Floats]

# Each takes x, y, a frequency and two phases, and gives -1 to 1.
_TEXTURES: tuple[Texture, ...] = (
    lambda x, y, f, p, q: np.sin(f * y + p) + 0 * x,  # level stripes
    lambda x, y, f, p, q: np.sin(f * x + p) + 0 * y,  # upright stripes
    lambda x, y, f, p, q: np.sin(f * (x + y) * 0.75 + p),  # falling stripes
    lambda x, y, f, p, q: np.sign(np.sin(f * x + p) * np.sin(f * y + q)),  # checks
    lambda x, y, f, p, q: 2 * (np.sin(f * 1.3 * x + p) * np.sin(f * 1.3 * y + q) > 0.45) - 1.0,  # dots
    lambda x, y, f, p, q: np.clip(x * np.cos(p) + y * np.sin(p), -1, 1),  # slope
    lambda x, y, f, p, q: np.sin(2 * x + p + 2 * np.sin(2 * y + q)),  # clouds
    lambda x, y, f, p, q: np.sin(f * 1.2 * np.hypot(x - np.cos(p), y - np.cos(q)) + q),  # rings
    lambda x, y, f, p, q: np.sin(f * y + p + 1.6 * np.abs(np.mod(2 * x + q, 2) - 1) * 2),  # zigzag
    lambda x, y, f, p, q: (
        np.sin(f * 2 * x + p) * np.sin(f * 2 * (x + y) + q) * np.sin(f * 2 * y + p + q)
    ),  # grain
)


def colours(
    hue: Floats, dice: Floats, darker: tuple[float, float], lighter: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Two colours N×3 of about one hue.

    Args:
        hue: float32 N, in turns.
        dice: float32 N×4 in [0, 1): the second hue, saturation and the two brightnesses.
        darker, lighter: least and greatest brightness of either colour.
    """
    saturation = 0.25 + 0.6 * dice[:, 1]
    dark = darker[0] + (darker[1] - darker[0]) * dice[:, 2]
    light = lighter[0] + (lighter[1] - lighter[0]) * dice[:, 3]
    return _rgb(hue, saturation, dark), _rgb(hue + 0.3 * (dice[:, 0] - 0.5), saturation, light)


def _rgb(hue: Floats, saturation: Floats, value: Floats) -> Floats:
    """From hue (turns), saturation and value to RGB, N×3."""
    sector = np.abs(np.mod(hue[:, None] + np.array([0, 2 / 3, 1 / 3], np.float32), 1) * 6 - 3)
    return value[:, None] * (1 - saturation[:, None] * (1 - np.clip(sector - 1, 0, 1)))
