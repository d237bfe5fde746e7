"""Rewritten networks compute the same function, forward and backward, and keep their weights."""

import copy

import pytest
import timm
import torch
from torch import nn

from withstand.engines.convolution import MatmulConv2d, WholeConv2d, as_convolution, as_matmul, folded
from withstand.engines.engine import Plan, build


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 3), (4, 4), (4, 3), (8, 8), (9, 9)])
def test_a_product_equals_the_convolution_and_so_do_its_gradients(kernel, stride, shape):
    # In double precision, which oneDNN has no kernels for: with torch 2.14.1 on processors with AVX2 alone, its
    # backward of a plain convolution of 5 to 7 channels corrupts the heap after `torch.set_num_threads(1)`.
    torch.manual_seed(0)
    plain = nn.Conv2d(5, 7, kernel, stride, kernel // 2).to(torch.float64, memory_format=torch.channels_last)
    fast = as_matmul(copy.deepcopy(plain))
    assert type(fast) is MatmulConv2d
    images = torch.randn(3, 5, *shape, dtype=torch.float64).requires_grad_()
    other = images.detach().clone().requires_grad_()
    expected, got = plain(images), fast(other)
    torch.testing.assert_close(got, expected)
    weights = torch.randn_like(expected)
    (expected * weights).sum().backward()
    (got * weights).sum().backward()
    torch.testing.assert_close(other.grad, images.grad)
    for mine, theirs in zip(fast.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("stride", [1, 2])
def test_constant_weights_give_the_same_at_every_size_in_turn(stride, bias):
    torch.manual_seed(0)
    plain = nn.Conv2d(5, 7, 3, stride, 1, bias=bias).requires_grad_(False)
    fast = as_matmul(copy.deepcopy(plain), constant=True)
    assert type(fast) is WholeConv2d
    for shape in [(2, 2), (1, 2), (2, 1), (1, 1), (4, 4), (2, 2), (9, 9)]:
        images = torch.randn(3, 5, *shape).to(memory_format=torch.channels_last)
        torch.testing.assert_close(fast(images), plain(images))
    assert list(fast.state_dict()) == list(plain.state_dict())


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
        nn.Conv2d(4, 4, 3, padding=0),
        nn.Conv2d(4, 4, 3, padding=2, dilation=2),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(4, 4, 1, padding=1),
        nn.Conv2d(4, 4, 3, padding=1, stride=(1, 2)),
    ],
)
def test_other_convolutions_are_left_alone(other):
    assert type(as_matmul(other)) is nn.Conv2d


def test_weights_keep_their_names_and_bytes_and_the_way_back_is_open():
    network = timm.create_model("resnet10t", num_classes=3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    as_matmul(network)
    assert any(type(m) is MatmulConv2d for m in network.modules())
    after = network.state_dict()
    assert list(after) == list(before) and all(torch.equal(after[name], before[name]) for name in before)
    as_convolution(network)
    assert not any(type(m) is MatmulConv2d for m in network.modules())


def test_folding_leaves_the_logits_and_takes_the_batch_norms():
    torch.manual_seed(0)
    network = timm.create_model("resnet10t", num_classes=3)
    network(torch.randn(16, 3, 32, 32))  # statistics other than the first ones
    network.eval()
    images = torch.randn(4, 3, 32, 32)
    fast = folded(network, 32)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in fast.modules())
    torch.testing.assert_close(fast(images), network(images), rtol=1e-4, atol=1e-5)
    assert any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


def test_what_cannot_be_traced_is_copied():
    class Stubborn(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2)

        def forward(self, images):
            return self.norm(self.conv(images)) if images.mean() > 0 else self.conv(images)

    fast = folded(Stubborn(), 8)
    assert isinstance(fast, Stubborn) and isinstance(fast.norm, nn.BatchNorm2d)


def test_a_network_just_trained_evaluates_as_one_read_from_its_file():
    network = timm.create_model("resnet10t", num_classes=10, channels=[8, 16, 16, 32])
    trained = as_matmul(copy.deepcopy(network)).to(memory_format=torch.channels_last)
    images = torch.randn(4, 3, 32, 32)
    plan = Plan("eager", "float32", 4)
    ours, theirs = (build(one, plan, torch.device("cpu"), 32)(images) for one in (trained, network))
    assert torch.equal(ours, theirs)
