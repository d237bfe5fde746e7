"""JPEG as libjpeg does it to pixels, in batches and without the file: entropy coding loses nothing, so it is left out.

The steps are those of ITU-T Recommendation T.81 (baseline), in the arithmetic of libjpeg-turbo with Pillow's settings:
colours at half the size both ways (4:2:0), the accurate integer cosine transform (``jfdctint.c``, ``jidctint.c``) and
smooth enlarging of the colours. The images are Pillow's byte for byte, at every size and quality, on any device. So on
a processor Pillow itself does large ones, which it codes in less time than batches take; small ones it does not.

Why that is exact. Each step of libjpeg is a sum of whole numbers with whole weights and one rounding shift. Colours and
sizes are done so in int32. A pass of the transform is a product with one 8×8 table: its butterflies share work, but
round only at the end. The products are taken in float64, whose 53 bits hold the sums (at most 32 bits) and the shift.
"""

from __future__ import annotations

import functools
import io

import torch
from PIL import Image
from torch import Tensor

from withstand.corruptions.random import Draws
from withstand.images import jpeg_file
from withstand.images.resize import LARGE
from withstand.images.threads import each

_Rows = tuple[tuple[int, ...], ...]

_LIGHT: _Rows = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
"""Quantisation steps of luminance at quality 50 (T.81, table K.1), the vertical frequency down."""

_COLOUR: _Rows = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
"""The same of chrominance (table K.2)."""

_COSINES: _Rows = (
    (8192, 8192, 8192, 8192),
    (11363, 9633, 6437, 2260),
    (10703, 4433, -4433, -10703),
    (9633, -2259, -11362, -6436),
    (8192, -8192, -8192, 8192),
    (6437, -11362, 2261, 9633),
    (4433, -10704, 10704, -4433),
    (2260, -6436, 9633, -11363),
)
"""√2·cos((2x+1)uπ/16) in 13 bits, frequency u down, x = 0..3 across; the first row is 1.

Some are one off the nearest: they are what libjpeg's rounded constants add up to.
"""

_HALF = 1 << 15
_CENTRE = 128 << 16


def jpeg_compression(images: Tensor, draws: Draws, *, quality: float) -> Tensor:
    """Encode and decode at ``quality``, 1 to 100, cut to a whole number."""
    large = images.shape[1] * images.shape[2] >= LARGE and images.device.type == "cpu"
    return (by_pillow if large and _as_here(int(quality)) else computed)(images, int(quality))


def by_pillow(images: Tensor, quality: int) -> Tensor:
    """One image after another through a file in memory."""
    out = torch.empty_like(images)
    given, made = images.numpy(), out.numpy()

    def one(i: int) -> None:
        file = io.BytesIO()
        Image.fromarray(given[i]).save(file, "JPEG", quality=quality)
        jpeg_file.read_into(made[i], file.getvalue())

    each(one, len(images))
    return out


@functools.cache
def _as_here(quality: int) -> bool:
    """Whether Pillow is built on a libjpeg that rounds as we do, by one image of noise; some processors' may not."""
    noise = torch.randint(256, (1, 50, 70, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return torch.equal(by_pillow(noise, quality), computed(noise, quality))


def computed(images: Tensor, quality: int) -> Tensor:
    """The whole batch at once."""
    height, width = images.shape[1:3]
    # As libjpeg does: columns are repeated before colours are halved, rows (but for an odd one) after it.
    whole = _filled(_filled(images, 1, 2), 2, 16)
    rgb = [whole[..., channel].int() for channel in range(3)]
    light = _mixed(rgb, (19595, 38470, 7471), _HALF - _CENTRE)
    blue = _mixed(rgb, (-11059, -21709, 32768), _HALF - 1)
    red = _mixed(rgb, (32768, -27439, -5329), _HALF - 1)
    light = _coded(light[:, :height], _steps(_LIGHT, quality, images.device))[:, :height, :width]
    colours = _coded(torch.cat((_halved(blue), _halved(red))), _steps(_COLOUR, quality, images.device))
    colours = _enlarged(colours[:, : (height + 1) // 2, : (width + 1) // 2])
    blue, red = colours[:, :height, :width].chunk(2)
    light = (light << 16).add_(_CENTRE + _HALF)
    out = torch.empty_like(images)
    out[..., 0] = _mixed([red], (91881,), light).clamp_(0, 255)
    out[..., 1] = _mixed([blue, red], (-22554, -46802), light).clamp_(0, 255)
    out[..., 2] = _mixed([blue], (116130,), light).clamp_(0, 255)
    return out


def _filled(x: Tensor, dim: int, multiple: int) -> Tensor:
    """The last row or column repeated, up to a multiple."""
    missing = -x.shape[dim] % multiple
    if not missing:
        return x
    return torch.cat((x, *[x.narrow(dim, x.shape[dim] - 1, 1)] * missing), dim)


def _mixed(planes: list[Tensor], weights: tuple[int, ...], offset: int | Tensor) -> Tensor:
    """Weighted sum in 16-bit fixed point. Planes between the two colour spaces are centred at 0, not at 128."""
    total = planes[0] * weights[0]
    for plane, weight in zip(planes[1:], weights[1:], strict=True):
        total.add_(plane, alpha=weight)
    return total.add_(offset).bitwise_right_shift_(16)


def _halved(x: Tensor) -> Tensor:
    """Means of 2×2 pixels; a half goes down in even columns and up in odd ones."""
    x = x[:, ::2] + x[:, 1::2]
    x = x[:, :, ::2] + x[:, :, 1::2]
    return x.add_(1 + _odd(x)).bitwise_right_shift_(2)


def _enlarged(x: Tensor) -> Tensor:
    """Twice the size: 9/16 of the nearest pixel, 3/16 of the next ones across and down, 1/16 of the one between."""
    if x.shape[2] <= 2:  # libjpeg repeats such narrow ones
        return x.repeat_interleave(2, 1).repeat_interleave(2, 2)
    x = _doubled(x, 2)
    return _doubled(x, 1, 8 - _odd(x)).bitwise_right_shift_(4)


def _doubled(x: Tensor, dim: int, bias: int | Tensor = 0) -> Tensor:
    """Each pixel thrice plus the one before, then thrice plus the one after; at an edge, itself."""
    size = x.shape[dim]
    before = torch.cat((x.narrow(dim, 0, 1), x.narrow(dim, 0, size - 1)), dim)
    after = torch.cat((x.narrow(dim, 1, size - 1), x.narrow(dim, size - 1, 1)), dim)
    near = (x * 3).add_(bias)
    return torch.stack((before.add_(near), after.add_(near)), dim + 1).flatten(dim, dim + 1)


def _odd(x: Tensor) -> Tensor:
    """0 for each even column, 1 for each odd one."""
    return torch.arange(x.shape[2], dtype=x.dtype, device=x.device) % 2


def _coded(x: Tensor, steps: Tensor) -> Tensor:
    """Planes N×H×W of levels around 0 through transform, quantisation and back; H and W filled to whole blocks."""
    x = _filled(_filled(x, 1, 8), 2, 8)
    count, height, width = x.shape
    table = _table(x.device)
    # Row in the block, block, column in the block: then both products are of matrices, with no copy between them.
    x = x.view(-1, 8, width).transpose(0, 1).to(torch.float64, memory_format=torch.contiguous_format)
    x = _product(x.view(-1, 8), table.T * 2.0**-11)
    x = _product(table * 2.0**-15, x.view(8, -1)).view(8, -1, 8)
    # The transform is 8 times too large. libjpeg rounds halves away from 0, torch to even: a touch more decides them.
    x = x.mul_((1 + 2.0**-30) / 8 / steps).round_().mul_(steps)
    x = _product(table.T * 2.0**-11, x.view(8, -1))
    x = _product(x.view(-1, 8), table * 2.0**-18).clamp_(-128, 127)
    x = x.view(8, -1, width).transpose(0, 1).to(torch.int32, memory_format=torch.contiguous_format)
    return x.view(count, height, width)


def _product(a: Tensor, b: Tensor) -> Tensor:
    """One pass: the table holds the shift, so what is left is to round, halves up."""
    return torch.mm(a, b).add_(0.5).floor_()


@functools.lru_cache(maxsize=8)
def _table(device: torch.device) -> Tensor:
    """The transform's 8×8 table: even frequencies are symmetric, odd ones antisymmetric."""
    rows = [(*row, *(x * (-1) ** u for x in reversed(row))) for u, row in enumerate(_COSINES)]
    return torch.tensor(rows, dtype=torch.float64, device=device)


@functools.lru_cache(maxsize=32)
def _steps(base: _Rows, quality: int, device: torch.device) -> Tensor:
    """Quantisation steps at a quality, 8×1×8."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    rows = [[[min(max((step * scale + 50) // 100, 1), 255) for step in row]] for row in base]
    return torch.tensor(rows, dtype=torch.float64, device=device)
