"""The backgrounds challenge of drawn shapes: exact masks, backgrounds drawn anew, no file.

The kind of background that belongs to a class is given (``shapes.render``), so ``mixed_same`` shows every shape on
its own kind and ``mixed_rand`` on a kind drawn evenly from all ten: what is measured is what training made of them,
whatever the correlation. The mixed pictures are drawn whole, so they carry no traces of cutting out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from withstand.backgrounds.variants import VARIANTS, boxes_of, plain_variants, strips
from withstand.backgrounds.worlds import World, Worlds
from withstand.base.counter import uniforms
from withstand.base.errors import UserError
from withstand.images.imageset import ImageSet

Ints = NDArray[np.int64]

_SCENES = {
    "mixed_same": 1 << 40,
    "mixed_rand": 2 << 40,
    "mixed_next": 3 << 40,
}  # far from the ids of any image


def kinds(labels: Ints, ids: Ints, classes: int, seed: int) -> dict[str, Ints]:
    """The kind of background that each mixed variant shows: int64 N."""
    anyone = (uniforms(seed, ids, 1, stream=4)[:, 0] * classes).astype(np.int64)
    return {"mixed_same": labels, "mixed_rand": anyone, "mixed_next": (labels + 1) % classes}


def worlds(
    original: ImageSet, render: Callable[..., ImageSet], wanted: Sequence[str] | None, *, seed: int, size: int
) -> Worlds:
    """The drawn foregrounds of ``original`` in every variant.

    Args:
        original: with its masks and backgrounds.
        render: ``shapes.render``.

    Raises:
        UserError: the images are too small to have a background beside the shape.
    """
    assert original.masks is not None and original.background is not None
    ids, labels, n = original.ids, original.labels, len(original)
    boxes = boxes_of(original.masks)
    beside = strips(boxes, size, size)
    if not ((beside[:, 2] > beside[:, 0]) & (beside[:, 3] > beside[:, 1])).all():
        raise UserError(
            f"dataset.size={size} is too small to see a background beside the shapes; take 16 or more"
        )
    none = np.full(n, -1)
    again = partial(render, ids, labels, seed=seed, size=size)
    found = {"original": (original.images, original.background)}
    for variant, kind in kinds(labels, ids, len(original.classes), seed).items():
        found[variant] = (again(kind, scenes=ids + _SCENES[variant]).images, kind)
    for variant, images in plain_variants(original.images, original.masks, boxes).items():
        found[variant] = (images, none if variant == "only_fg" else original.background)
    shown = [v for v in VARIANTS if wanted is None or v in wanted]
    return Worlds(
        name="shapes",
        ids=ids,
        labels=labels,
        classes=original.classes,
        variants={
            v: World(found[v][0], np.arange(n), found[v][1], none, _digest(found[v][0])) for v in shown
        },
        source=f"drawn (seed {seed})",
        held_out=np.ones(n, np.bool_),
        notes=(
            "The mixed pictures are drawn directly on the kind of background that is needed; nothing is cut out.",
        ),
    )


def _digest(images: NDArray[np.uint8]) -> str:
    return hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()
