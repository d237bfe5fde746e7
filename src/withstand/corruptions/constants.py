"""Every constant of every corruption: the published ones of CIFAR-10-C and ImageNet-C.

Source: D. Hendrycks and T. Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and
Perturbations", ICLR 2019, and the scripts its authors made the two benchmarks with.

**Other sizes.** The constants are for one image size each: 32 pixels for ``cifar``, 224 for ``imagenet``. With
s = short side / that size, a constant that is a length in pixels is multiplied by s (marked ``*`` in ``FIELDS``); so is
the spread of white noise that is smoothed afterwards, because smoothing over s times the length divides its spread by s
(``**`` is a length that multiplies such noise, hence s²). Amounts, shares, colours, JPEG qualities and the spread of
noise that is not smoothed stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from withstand.base.errors import UserError, nearest
from withstand.corruptions import severities
from withstand.corruptions.severities import Row

FIELDS: dict[str, str] = {
    "gaussian_noise": "spread",
    "shot_noise": "photons",
    "impulse_noise": "amount",
    "speckle_noise": "spread",
    "gaussian_blur": "sigma*",
    "glass_blur": "sigma* reach* rounds",
    "defocus_blur": "radius* alias",
    "motion_blur": "radius* sigma*",
    "zoom_blur": "stop step",
    "snow": "mean spread zoom* threshold radius* sigma* keep",
    "frost": "keep ice zoom*",
    "fog": "amount decay",
    "spatter": "mean spread* sigma* threshold strength mud",
    "brightness": "amount",
    "contrast": "keep",
    "saturate": "gain shift",
    "elastic_transform": "push** sigma* corner*",
    "pixelate": "share",
    "jpeg_compression": "quality",
}
"""What the columns below mean; they are the keyword arguments of the corruption's function."""


@dataclass(frozen=True)
class Preset:
    """The constants of one benchmark: ``rows[corruption][severity - 1]``, meant for images of ``size`` pixels."""

    size: int
    rows: dict[str, tuple[Row, Row, Row, Row, Row]]


PRESETS: dict[str, Preset] = {
    "cifar": Preset(
        size=32,
        rows={
            "gaussian_noise": ((0.04,), (0.06,), (0.08,), (0.09,), (0.10,)),
            "shot_noise": ((500,), (250,), (100,), (75,), (50,)),
            "impulse_noise": ((0.01,), (0.02,), (0.03,), (0.05,), (0.07,)),
            "speckle_noise": ((0.06,), (0.1,), (0.12,), (0.16,), (0.2,)),
            "gaussian_blur": ((0.4,), (0.6,), (0.7,), (0.8,), (1,)),
            "glass_blur": ((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
            "defocus_blur": ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
            "motion_blur": ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
            "zoom_blur": ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
            "snow": (
                (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
                (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
                (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
                (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
                (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
            ),
            "frost": ((1, 0.2, 0.2), (1, 0.3, 0.2), (0.9, 0.4, 0.2), (0.85, 0.4, 0.2), (0.75, 0.45, 0.2)),
            "fog": ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
            "spatter": (
                (0.62, 0.1, 0.7, 0.7, 0.5, 0),
                (0.65, 0.1, 0.8, 0.7, 0.5, 0),
                (0.65, 0.3, 1, 0.69, 0.5, 0),
                (0.65, 0.1, 0.7, 0.69, 0.6, 1),
                (0.65, 0.1, 0.5, 0.68, 0.6, 1),
            ),
            "brightness": ((0.05,), (0.1,), (0.15,), (0.2,), (0.3,)),
            "contrast": ((0.75,), (0.5,), (0.4,), (0.3,), (0.15,)),
            "saturate": ((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),
            "elastic_transform": (
                (0, 0, 32 * 0.08),
                (32 * 0.05, 32 * 0.2, 32 * 0.07),
                (32 * 0.08, 32 * 0.06, 32 * 0.06),
                (32 * 0.1, 32 * 0.04, 32 * 0.05),
                (32 * 0.1, 32 * 0.03, 32 * 0.03),
            ),
            "pixelate": ((0.95,), (0.9,), (0.85,), (0.75,), (0.65,)),
            "jpeg_compression": ((80,), (65,), (58,), (50,), (40,)),
        },
    ),
    "imagenet": Preset(
        size=224,
        rows={
            "gaussian_noise": ((0.08,), (0.12,), (0.18,), (0.26,), (0.38,)),
            "shot_noise": ((60,), (25,), (12,), (5,), (3,)),
            "impulse_noise": ((0.03,), (0.06,), (0.09,), (0.17,), (0.27,)),
            "speckle_noise": ((0.15,), (0.2,), (0.35,), (0.45,), (0.6,)),
            "gaussian_blur": ((1,), (2,), (3,), (4,), (6,)),
            "glass_blur": ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
            "defocus_blur": ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
            "motion_blur": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
            "zoom_blur": ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
            "snow": (
                (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
                (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
                (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
                (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
                (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
            ),
            "frost": ((1, 0.4, 1), (0.8, 0.6, 1), (0.7, 0.7, 1), (0.65, 0.7, 1), (0.6, 0.75, 1)),
            "fog": ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
            "spatter": (
                (0.65, 0.3, 4, 0.69, 0.6, 0),
                (0.65, 0.3, 3, 0.68, 0.6, 0),
                (0.65, 0.3, 2, 0.68, 0.5, 0),
                (0.65, 0.3, 1, 0.65, 1.5, 1),
                (0.67, 0.4, 1, 0.65, 1.5, 1),
            ),
            "brightness": ((0.1,), (0.2,), (0.3,), (0.4,), (0.5,)),
            "contrast": ((0.4,), (0.3,), (0.2,), (0.1,), (0.05,)),
            "saturate": ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)),
            "elastic_transform": (
                (244 * 2, 244 * 0.7, 244 * 0.1),
                (244 * 2, 244 * 0.08, 244 * 0.2),
                (244 * 0.05, 244 * 0.01, 244 * 0.02),
                (244 * 0.07, 244 * 0.01, 244 * 0.02),
                (244 * 0.12, 244 * 0.01, 244 * 0.02),
            ),
            "pixelate": ((0.6,), (0.5,), (0.4,), (0.3,), (0.25,)),
            "jpeg_compression": ((25,), (18,), (15,), (10,), (7,)),
        },
    ),
}


def nearest_preset(height: int, width: int) -> str:
    """The preset whose images are nearest in size, in proportion, to ``height`` × ``width``."""
    side = min(height, width)
    return min(PRESETS, key=lambda name: abs(math.log(side / PRESETS[name].size)))


def constants(
    preset: str,
    corruption: str,
    severity: float,
    height: int,
    width: int,
    own: Sequence[Sequence[float]] | None = None,
) -> dict[str, float]:
    """The constants of one cell, by name, scaled to images of ``height`` × ``width``.

    Args:
        severity: between two of the published ones, what lies between their constants (``severities.row``).
        own: a row for each severity, in place of those of the preset and in their units.

    Raises:
        UserError: there is no such preset, corruption or severity, or a row of ``own`` does not fit.
    """
    if preset not in PRESETS:
        raise UserError(f"preset {preset!r} does not exist; {nearest(str(preset), PRESETS)}")
    if corruption not in FIELDS:
        raise UserError(f"corruption {corruption!r} does not exist; {nearest(str(corruption), FIELDS)}")
    table = PRESETS[preset]
    rows: Sequence[Row] = table.rows[corruption]
    if own is not None:
        rows = severities.own({corruption: own}, FIELDS, "constants")[corruption]
    scale = min(height, width) / table.size
    fields = FIELDS[corruption].split()
    row = severities.row(corruption, severities.said(severity, corruption, len(rows)), rows, fields)
    return {
        field.rstrip("*"): value * scale ** field.count("*") for field, value in zip(fields, row, strict=True)
    }
