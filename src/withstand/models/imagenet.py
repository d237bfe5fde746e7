"""ImageNet's 1,000 classes by wnid, number and name, as timm lists them."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from withstand.images.wnids import wnids
from withstand.models.names import plain

__all__ = ["MANY", "are_classes", "is_imagenet", "names", "wnids"]

MANY = 1000
_ALIKE = 0.9  # of the names must say so: some lists spell a few in ways of their own


@functools.cache
def names() -> tuple[tuple[str, ...], ...]:
    """What each class is called: one or more names, ``("tench", "Tinca tinca")``."""
    from timm.data.imagenet_info import ImageNetInfo

    said = ImageNetInfo("imagenet-1k").label_descriptions()
    return tuple(tuple(one.split(", ")) for one in said)


def is_imagenet(outputs: Sequence[str]) -> bool:
    """Whether outputs of these names are the 1,000 classes in their usual order."""
    if len(outputs) != MANY:
        return False
    if tuple(outputs) == wnids():
        return True
    known = [{plain(name) for name in one} for one in names()]
    same = sum(
        bool(those & {plain(name) for name in output.split(", ")})
        for output, those in zip(outputs, known, strict=True)
    )
    return same >= _ALIKE * MANY


def are_classes(classes: Sequence[str]) -> bool:
    """Whether these are some of the 1,000, by wnid."""
    return bool(classes) and set(classes) <= set(wnids())
