"""What cannot be done is refused in one clear line, before any work."""

from typing import Any

import numpy as np
import pytest
import torch
from tests.corruptions.conftest import drawn

from withstand.base.errors import UserError
from withstand.corruptions import corrupt

IMAGES = drawn(2)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (IMAGES.astype(np.float32) / 255, "uint8 levels from 0 to 255, not float32"),
        (torch.rand(2, 32, 32, 3), "not float32"),
        (IMAGES.astype(np.int64), "not int64"),
        (IMAGES[0], r"N×H×W×3 .*\(32, 32, 3\)"),
        (IMAGES.transpose(0, 3, 1, 2), r"channels last.*\(2, 3, 32, 32\)"),
        (IMAGES[..., :1], "N×H×W×3"),
        (IMAGES[:, :0], "N×H×W×3"),
        (IMAGES.tolist(), "NumPy array or a torch tensor, not list"),
        (None, "not NoneType"),
    ],
)
def test_images_of_another_kind(images: Any, said: str) -> None:
    refused(said, images=images)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"corruption": "fogg"}, "corruption 'fogg' does not exist; did you mean 'fog'?"),
        ({"corruption": "Fog"}, "did you mean 'fog'?"),
        ({"corruption": 3}, "corruption 3 does not exist"),
        ({"severity": 0}, "severity 0 does not exist"),
        ({"severity": 6}, "fog has those above 0 and up to 5"),
        ({"severity": -1.5}, "severity -1.5"),
        ({"severity": float("nan")}, "severity nan"),
        ({"severity": 0.5, "corruption": "shot_noise"}, "so it has none below 1"),
        ({"severity": 3, "constants": [[0.2, 3], [0.5, 3]]}, "fog has those above 0 and up to 2"),
        ({"constants": [[0.2]]}, r"constants: fog's row 1 is \[0.2\]; give 2 numbers: amount, decay"),
        ({"severity": True}, "severity True"),
        ({"severity": "3"}, "severity '3'"),
        ({"preset": "imagnet"}, "preset 'imagnet' does not exist; did you mean 'imagenet'?"),
        ({"ids": [1]}, "1 ids for 2 images"),
        ({"ids": [1, 2, 3]}, "3 ids for 2 images"),
        ({"ids": [0.5, 1.5]}, "whole numbers"),
        ({"ids": [[1, 2]]}, "flat list"),
        ({"ids": ["a", "b"]}, "whole numbers"),
    ],
)
def test_arguments_that_mean_nothing(change: dict[str, Any], said: str) -> None:
    refused(said, **change)


def refused(said: str, **change: Any) -> None:
    arguments: dict[str, Any] = {"images": IMAGES, "corruption": "fog", "severity": 1} | change
    with pytest.raises(UserError, match=said.replace("?", r"\?")) as caught:
        corrupt(**arguments)
    assert "\n" not in str(caught.value)
