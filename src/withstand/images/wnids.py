"""The wnids of ImageNet's 1,000 classes, in the order of their numbers: sorted."""

from __future__ import annotations

import functools


@functools.cache
def wnids() -> tuple[str, ...]:
    """The wnid of each class, which is that of each output of the usual networks."""
    from timm.data.imagenet_info import ImageNetInfo

    return tuple(ImageNetInfo("imagenet-1k").label_names())
