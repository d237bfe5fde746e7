"""Sheets of ice drawn by us, for where the published photographs of frost are not at hand.

Crystals are drawn as frost grows: from seeds, feathers whose barbs leave the shaft at an angle, each its own way. What
is drawn is then given the photographs' colours and, at each of eight scales, their contrast: to a classifier a sheet of
ice is mostly that. Only these figures are taken from the photographs.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

DRAWN = "drawn by withstand, 1"
"""What tells these sheets from the photographs in every record; another number for others."""

_SIZE = (360, 560)
_SCALES = (1, 2, 4, 8, 16, 32, 64)
_UNEVEN = 4
"""The bands whose contrast is not the same everywhere."""

_Plane = NDArray[np.float64]


@dataclass(frozen=True)
class _Look:
    """Figures of one photograph.

    Attributes:
        mean, spread: of red, green and blue; ``grey`` is the spread of their mean.
        contrast: deviation of the grey levels between one scale and the next, from the finest, and of the rest.
        unevenness: of the fine contrast from place to place, as the deviation of its logarithm.
        tint: how much of red's spread comes and goes without the others'.
    """

    mean: tuple[float, float, float]
    spread: tuple[float, float, float]
    grey: float
    contrast: tuple[float, ...]
    unevenness: float
    tint: float = 0.0


_PALE = _Look((201, 205, 214), (21.4, 22.1, 22.6), 22.0, (8.3, 4.6, 3.95, 3.40, 2.76, 2.35, 2.75, 12.4), 0.42)
_LOOKS = (
    _Look(
        (78, 149, 166), (26.9, 16.5, 15.3), 18.3, (6.73, 2.91, 2.02, 1.90, 2.36, 2.86, 3.55, 9.5), 0.3, 0.57
    ),
    _PALE,
    _PALE,
    _Look((138, 153, 165), (28.5, 28.5, 29.9), 28.9, (14.0, 7.0, 5.09, 3.99, 2.80, 2.38, 4.05, 13.6), 0.34),
    _Look((112, 123, 135), (44.4, 43.3, 41.7), 43.1, (16.0, 8.3, 7.97, 7.83, 7.07, 5.08, 4.98, 22.6), 0.23),
)
"""One for each texture that the reference picks from; the second and third of them are one photograph."""


@functools.cache
def sheets() -> tuple[NDArray[np.uint8], ...]:
    """uint8 H×W×3 each, always the same."""
    random = np.random.default_rng(2019)
    layers = [_crystals(random, size) for size in (12, 40, 120)]
    # Crystals take longest, so all sheets have the same, each layer of each sheet moved and turned another way.
    turns = [[layer[:: 1 - 2 * (i & 1), :: 1 - (i & 2)] for layer in layers] for i in range(len(_LOOKS))]
    moved = [[np.roll(one, random.integers(_SIZE), (0, 1)) for one in each] for each in turns]
    return tuple(
        _sheet(look, sum(each, np.zeros(_SIZE)), random) for look, each in zip(_LOOKS, moved, strict=True)
    )


def _sheet(look: _Look, drawn: _Plane, random: np.random.Generator) -> NDArray[np.uint8]:
    drawn = drawn + random.normal(size=_SIZE) * 0.5
    grey = _with_contrast(drawn, look.contrast, _uneven(random, look.unevenness))
    grey, cloud = grey / look.grey, _standard(_smooth(random.normal(size=_SIZE), 40))
    red = (1 - look.tint**2) ** 0.5 * grey + look.tint * cloud
    colours = np.stack((red, grey, grey), axis=2) * look.spread + look.mean
    return (colours + 0.5).clip(0, 255).astype(np.uint8)


def _crystals(random: np.random.Generator, size: float) -> _Plane:
    """Feathers about ``size`` pixels long that fill the sheet, each pixel part of the one whose seed is nearest."""
    height, width = _SIZE
    count = int(height * width / size**2)
    seeds = random.uniform((0, 0), _SIZE, (count, 2))
    rows, columns = np.mgrid[:height, :width].reshape(2, -1)
    _, nearest = cKDTree(seeds).query(np.stack((rows, columns), axis=1))
    down, right = rows - seeds[nearest, 0], columns - seeds[nearest, 1]
    angle = random.uniform(0, np.pi, count)[nearest]
    along = right * np.cos(angle) + down * np.sin(angle)
    beside = np.abs(right * np.sin(angle) - down * np.cos(angle))
    barbs = random.normal(size=4096)
    place = ((beside * 0.8 - along * 0.6) * random.uniform(0.3, 0.9, count)[nearest]) % len(barbs)
    drawn = (
        np.interp(place, np.arange(len(barbs)), barbs)
        + 2 * np.exp(-beside)
        + random.normal(size=count)[nearest]
    )
    return drawn.reshape(_SIZE)


def _uneven(random: np.random.Generator, unevenness: float) -> _Plane:
    """Factors around 1 that change slowly from place to place."""
    near, far = (_standard(_smooth(random.normal(size=_SIZE), scale)) for scale in (8, 50))
    return np.exp(unevenness * _standard(near + far))


def _with_contrast(drawn: _Plane, contrast: tuple[float, ...], uneven: _Plane) -> _Plane:
    """The picture whose bands, from scale to scale, have these standard deviations; the finer ones uneven."""
    smoothed = [drawn, *(_smooth(drawn, scale) for scale in _SCALES)]
    bands = [fine - coarse for fine, coarse in pairwise(smoothed)] + [smoothed[-1]]
    bands[:_UNEVEN] = [band * uneven for band in bands[:_UNEVEN]]
    return sum(
        (_standard(band) * wanted for band, wanted in zip(bands, contrast, strict=True)), np.zeros(_SIZE)
    )


def _standard(x: _Plane) -> _Plane:
    return (x - x.mean()) / x.std()


def _smooth(x: _Plane, sigma: float) -> _Plane:
    """By a Gaussian, on a torus."""
    down, right = np.fft.fftfreq(_SIZE[0])[:, None], np.fft.rfftfreq(_SIZE[1])
    return np.fft.irfft2(np.fft.rfft2(x) * np.exp(-2 * (np.pi * sigma) ** 2 * (down**2 + right**2)), s=_SIZE)
