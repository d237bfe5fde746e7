"""Rewritings of a network that compute the same function faster; its weights keep their names and bytes.

Small feature maps are where CPU convolution kernels are at their worst: a 1×1 convolution from 512 to 2,048 channels on
a 1×1 map runs at a twentieth of the speed of the matrix product that it is. A ResNet-50 that reads 32×32 images spends
most of its time in such layers.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from itertools import product
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, pad

# Pixels a side of the input up to which a matrix product beats the kernel of a 1×1 convolution.
_SMALL_1X1 = 8
_SMALL_3X3 = 4  # the same for gathered 3×3 neighbourhoods
# The same for the map as a whole: on 2×2 pixels, 16 products take the place of 36, 20 of which are with padding.
_SMALL_WHOLE = 2


class MatmulConv2d(nn.Conv2d):
    """A convolution, computed on small maps as one matrix product over channels-last pixels."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (as in nn.Conv2d)
        size, stride = max(input.shape[2:]), self.stride[0]
        pixels = input.permute(0, 2, 3, 1)
        if self.kernel_size[0] == 1 and size <= _SMALL_1X1:
            return self._product(pixels[:, ::stride, ::stride], self.weight.flatten(1))
        if self.kernel_size[0] == 3 and size == 1:  # the padding hides all but the middle of the kernel
            return self._product(pixels, self.weight[:, :, 1, 1])
        if self.kernel_size[0] == 3 and size <= _SMALL_3X3:
            neighbours = cast(Tensor, _Neighbours.apply(pixels, stride))
            return self._product(neighbours, self.weight.permute(0, 2, 3, 1).flatten(1))
        return super().forward(input)

    def _product(self, pixels: Tensor, matrix: Tensor) -> Tensor:
        # Rows are made contiguous first: of a strided view torch would make one small product an image.
        rows = linear(pixels.reshape(-1, pixels.shape[3]), matrix, self.bias)
        return rows.view(*pixels.shape[:3], -1).permute(0, 3, 1, 2)


class _Neighbours(torch.autograd.Function):
    """The 3×3 neighbours of each pixel side by side, N×H×W×C to N×H'×W'×9C, with zeros beyond the border.

    It has its own derivative, as autograd would fill a map with zeros for each of the nine and add them all up.
    """

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, stride: int) -> Tensor:
        ctx.shape, ctx.places = pixels.shape, _places(pixels.shape[1], pixels.shape[2], stride)
        padded = pad(pixels, (0, 0, 1, 1, 1, 1))
        return torch.cat([padded[:, rows, columns] for rows, columns in ctx.places], 3)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        n, height, width, channels = ctx.shape
        padded = grad.new_zeros(n, height + 2, width + 2, channels)
        for (rows, columns), part in zip(ctx.places, grad.split(channels, 3), strict=True):
            padded[:, rows, columns] += part
        return padded[:, 1:-1, 1:-1], None


def _places(height: int, width: int, stride: int) -> list[tuple[slice, slice]]:
    """Where in the padded map each of the nine neighbours of all pixels lies."""
    rows, columns = ((n - 1) // stride * stride + 1 for n in (height, width))
    return [(slice(i, i + rows, stride), slice(j, j + columns, stride)) for i in range(3) for j in range(3)]


class WholeConv2d(MatmulConv2d):
    """The same for weights that stay as they are: the smallest maps go through one matrix from all pixels to all."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (as in nn.Conv2d)
        shape = (int(input.shape[2]), int(input.shape[3]))
        if self.kernel_size[0] != 3 or not 1 < max(shape) <= _SMALL_WHOLE:
            return super().forward(input)
        # Made at first use, as a convolution becomes one of these without a call of the constructor.
        kept: dict[tuple[int, int], tuple[Tensor, Tensor | None]] = self.__dict__.setdefault("_whole", {})
        if shape not in kept:
            kept[shape] = self._matrix(*shape)
        matrix, bias = kept[shape]
        rows, columns = ((n - 1) // self.stride[0] + 1 for n in shape)
        out = linear(input.permute(0, 2, 3, 1).flatten(1), matrix, bias)
        return out.view(len(out), rows, columns, self.out_channels).permute(0, 3, 1, 2)

    def _matrix(self, height: int, width: int) -> tuple[Tensor, Tensor | None]:
        """The weights from every input pixel to every output pixel, and the bias of each."""
        step = self.stride[0]
        rows, columns = ((n - 1) // step + 1 for n in (height, width))
        matrix = self.weight.new_zeros(rows, columns, self.out_channels, height, width, self.in_channels)
        for y, x, v, u in product(range(rows), range(columns), range(height), range(width)):
            i, j = v - step * y + 1, u - step * x + 1
            if 0 <= i < 3 and 0 <= j < 3:
                matrix[y, x, :, v, u] = self.weight[:, :, i, j]
        bias = None if self.bias is None else self.bias.repeat(rows * columns)
        return matrix.view(rows * columns * self.out_channels, -1), bias


def _is_matrix(module: nn.Module) -> bool:
    if type(module) is not nn.Conv2d or module.groups != 1 or module.padding_mode != "zeros":
        return False
    shape = (module.kernel_size, module.padding)
    square = module.stride[0] == module.stride[1] and module.dilation == (1, 1)
    return square and shape in (((1, 1), (0, 0)), ((3, 3), (1, 1)))


def as_matmul(network: nn.Module, constant: bool = False) -> nn.Module:
    """The same network, in place: its 1×1 and 3×3 convolutions are matrix products where maps are small.

    Args:
        constant: the weights will not change any more, so that matrices made from them may be kept.
    """
    for module in network.modules():
        if _is_matrix(module):
            # No parameter moves: optimisers and state dicts never notice.
            module.__class__ = WholeConv2d if constant else MatmulConv2d
    return network


def as_convolution(network: nn.Module) -> nn.Module:
    """Undo ``as_matmul``, in place; compilers know better what to do with a plain convolution."""
    for module in network.modules():
        if isinstance(module, MatmulConv2d):
            module.__class__ = nn.Conv2d  # type: ignore[assignment]
    return network


def _fuse() -> Callable[[nn.Module], nn.Module]:
    """Torch's folding of BatchNorm, imported when it is used: some versions warn of their own code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from torch.fx.experimental.optimization import fuse
    return fuse


def folded(network: nn.Module, image_size: int) -> nn.Module:
    """A copy for evaluation in which each BatchNorm is part of the convolution before it.

    A network that cannot be traced, or would change by more than rounding, is copied as it is.
    """
    # As a network read from its file would be: one that was just trained must give the same numbers to the bit.
    plain = as_convolution(copy.deepcopy(network)).to(memory_format=torch.contiguous_format)
    plain = plain.eval().requires_grad_(False)
    if not any(isinstance(module, nn.BatchNorm2d) for module in plain.modules()):
        return plain
    try:
        fused = _fuse()(plain)
    except Exception:  # tracing raises whatever the network's own code does with a symbol
        return plain
    parameter = next(plain.parameters())
    probe = torch.linspace(-1, 1, 2 * 3 * image_size**2).view(2, 3, image_size, image_size).to(parameter)
    with torch.inference_mode():
        expected, got = plain(probe), fused(probe)
    scale = expected.abs().max().clamp_min(1e-3)
    return fused if torch.allclose(got / scale, expected / scale, rtol=0, atol=1e-3) else plain
