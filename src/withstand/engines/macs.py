"""What a network computes for one image: its multiplications, counted while it runs once."""

from __future__ import annotations

import copy

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from withstand.engines.convolution import as_convolution
from withstand.models import Classifier


@torch.inference_mode(False)  # in which torch 2.4 counts nothing
@torch.no_grad()
def macs(classifier: Classifier) -> int | None:
    """Multiply-accumulate operations of convolutions and matrix products for an image; None where nobody can count.

    Only of networks that are known to be run as they are written: others may do anything when they are called.
    """
    parameter = next(classifier.network.parameters(), None)
    side = classifier.preprocessing.image_size
    if not classifier.rewritable or classifier.runtime != "torch" or parameter is None or not side:
        return None
    # As it is written: a convolution that a processor does as a product is counted at other sizes.
    network = as_convolution(copy.deepcopy(classifier.network))
    image = torch.zeros(1, side, side, 3, dtype=torch.uint8, device=parameter.device)
    try:
        ready = classifier.preprocessing(image).to(parameter.dtype)
        # The plain form of attention is made of matrix products, each of which is counted.
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counted:
            network.eval()(ready)
    except Exception:  # a network may ask for more than an image, or hold what cannot be counted
        return None
    return int(counted.get_total_flops()) // 2 or None
