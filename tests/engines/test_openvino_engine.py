"""OpenVINO's int8, where it is installed: near float32 for both kinds of network."""

import pytest
import timm
import torch
from torch import nn

from withstand.engines.openvino_engine import available, build

pytestmark = pytest.mark.skipif(not available("int8"), reason="needs OpenVINO and NNCF")


def error(network: nn.Module, images: torch.Tensor) -> float:
    """Root mean square difference of the logits over their spread."""
    got = build(network.eval(), "int8", images.shape[-1], images)(images)
    with torch.inference_mode():
        expected = network(images)
    return float((got - expected).pow(2).mean().sqrt() / expected.std())


def transformer() -> nn.Module:
    torch.manual_seed(0)
    return timm.create_model(
        "vit_tiny_patch16_224", img_size=32, patch_size=8, embed_dim=128, num_heads=2, depth=3, num_classes=20
    )


def test_a_transformer_in_eight_bits():
    images = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    assert 1e-4 < error(transformer(), images) < 0.05, "it is int8, and near"


def test_one_enormous_activation_does_not_drown_the_rest():
    """As in trained Transformers, where one of a layer's inputs may be a hundred times the rest.

    One range for the whole tensor gives an error of 0.35 here.
    """
    network = transformer()
    with torch.no_grad():
        hidden = network.blocks[1].mlp
        hidden.fc1.bias[5] = 10.0  # through GELU as it is
        hidden.fc2.weight[:, 5] = 0.0  # and of no effect, so that only the others' precision is seen
    images = torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    assert 1e-4 < error(network, images) < 0.1


def test_convolutions_in_eight_bits():
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2), nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 20))
    images = torch.randn(64, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert 1e-4 < error(network, images) < 0.1
