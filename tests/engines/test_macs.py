"""What a network computes for an image, against counting by hand."""

from dataclasses import replace

import torch
from torch import nn

from withstand.engines.macs import macs
from withstand.images.preprocessing import Preprocessing
from withstand.models import Classifier


def classifier(*layers: nn.Module) -> Classifier:
    return Classifier(nn.Sequential(*layers), Preprocessing(8, "bilinear", (0.5,) * 3, (0.5,) * 3), None)


def test_convolutions_and_matrix_products_are_counted_and_modes_are_left_as_they_were():
    plain = classifier(nn.Conv2d(3, 4, 3, padding=1), nn.Dropout(0.5), nn.Flatten(), nn.Linear(4 * 64, 10))
    plain.network.train()
    plain.network[1].eval()
    state = torch.random.get_rng_state()
    assert macs(plain) == 64 * 3 * 4 * 9 + 4 * 64 * 10
    assert [one.training for one in plain.network] == [True, False, True, True]
    assert torch.equal(torch.random.get_rng_state(), state)


def test_what_cannot_be_counted_has_none():
    assert macs(classifier(nn.Flatten())) is None, "no weights"
    broken = classifier(nn.Linear(5, 5))
    assert macs(broken) is None, "the image does not fit"
    plain = classifier(nn.Flatten(), nn.Linear(192, 2))
    assert macs(plain) == 384
    assert macs(replace(plain, rewritable=False)) is macs(replace(plain, runtime="onnx")) is None


def test_attention_is_counted_whatever_would_run_it():
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            tokens = images.flatten(2).transpose(1, 2)[:, None] * self.scale  # 64 of 3
            return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens)

    assert macs(classifier(Attending())) == 2 * 64 * 64 * 3
