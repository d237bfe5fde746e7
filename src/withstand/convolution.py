"""Rewritings of a network that compute the same function faster; its weights keep their names and bytes.

Small feature maps are where CPU convolution kernels are at their worst: a 1×1 convolution from 512 to 2,048 channels on
a 1×1 map runs at a twentieth of the speed of the matrix product that it is. A ResNet-50 that reads 32×32 images spends
most of its time in such layers.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse
from torch.nn.functional import linear, pad

# Pixels a side of the input up to which a matrix product beats the kernel of a 1×1 convolution.
_SMALL_1X1 = 8
_SMALL_3X3 = 4  # the same for gathered 3×3 neighbourhoods


class MatmulConv2d(nn.Conv2d):
    """A convolution, computed on small maps as one matrix product over channels-last pixels."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (as in nn.Conv2d)
        size, stride = max(input.shape[2:]), self.stride[0]
        pixels = input.permute(0, 2, 3, 1)
        if self.kernel_size[0] == 1 and size <= _SMALL_1X1:
            matrix = self.weight.view(self.out_channels, self.in_channels)
            return linear(pixels[:, ::stride, ::stride], matrix, self.bias).permute(0, 3, 1, 2)
        if self.kernel_size[0] == 3 and size == 1:  # the padding hides all but the middle of the kernel
            return linear(pixels, self.weight[:, :, 1, 1], self.bias).permute(0, 3, 1, 2)
        if self.kernel_size[0] == 3 and size <= _SMALL_3X3:
            padded = pad(pixels, (0, 0, 1, 1, 1, 1))
            rows, columns = ((n - 1) // stride * stride + 1 for n in input.shape[2:])
            parts = [
                padded[:, i : i + rows : stride, j : j + columns : stride] for i in range(3) for j in range(3)
            ]
            matrix = self.weight.permute(0, 2, 3, 1).reshape(self.out_channels, -1)
            return linear(torch.cat(parts, 3), matrix, self.bias).permute(0, 3, 1, 2)
        return super().forward(input)


def _is_matrix(module: nn.Module) -> bool:
    if type(module) is not nn.Conv2d or module.groups != 1 or module.padding_mode != "zeros":
        return False
    shape = (module.kernel_size, module.padding)
    square = module.stride[0] == module.stride[1] and module.dilation == (1, 1)
    return square and shape in (((1, 1), (0, 0)), ((3, 3), (1, 1)))


def as_matmul(network: nn.Module) -> nn.Module:
    """The same network, in place: its 1×1 and 3×3 convolutions are matrix products where maps are small."""
    for module in network.modules():
        if _is_matrix(module):
            # No parameter moves: optimisers and state dicts never notice.
            module.__class__ = MatmulConv2d
    return network


def as_convolution(network: nn.Module) -> nn.Module:
    """Undo ``as_matmul``, in place; compilers know better what to do with a plain convolution."""
    for module in network.modules():
        if type(module) is MatmulConv2d:
            module.__class__ = nn.Conv2d  # type: ignore[assignment]
    return network


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
        fused = fuse(plain)
    except Exception:  # tracing raises whatever the network's own code does with a symbol
        return plain
    parameter = next(plain.parameters())
    probe = torch.linspace(-1, 1, 2 * 3 * image_size**2).view(2, 3, image_size, image_size).to(parameter)
    with torch.inference_mode():
        expected, got = plain(probe), fused(probe)
    scale = expected.abs().max().clamp_min(1e-3)
    return fused if torch.allclose(got / scale, expected / scale, rtol=0, atol=1e-3) else plain
