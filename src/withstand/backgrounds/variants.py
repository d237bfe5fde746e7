"""The pictures of a backgrounds challenge, in batches: tiled and blacked-out backgrounds, cut-outs, and the two
together.

The variants and their making follow Xiao, Engstrom, Ilyas & Madry (2020), "Noise or Signal: The Role of Image
Backgrounds in Object Recognition", section 2 and appendix A.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Masks = NDArray[np.bool_]
Boxes = NDArray[np.int64]

MIXED = ("mixed_same", "mixed_rand", "mixed_next")
VARIANTS = ("original", *MIXED, "only_fg", "no_fg", "only_bg_b", "only_bg_t")
"""Every variant of the release, in the order in which they are shown."""


def boxes_of(masks: Masks) -> Boxes:
    """The smallest box around each mask: int64 N×4, left, top, right, bottom, the last two exclusive.

    An empty mask has the box 0, 0, 0, 0.
    """
    n, height, width = masks.shape
    found = np.zeros((n, 4), np.int64)
    for axis, low, high, size in ((1, 0, 2, width), (2, 1, 3, height)):
        lines = np.asarray(masks.any(axis=axis))
        some = np.asarray(lines.any(axis=1))
        found[some, low] = lines[some].argmax(axis=1)
        found[some, high] = size - lines[some, ::-1].argmax(axis=1)
    return found


def inside(boxes: Boxes, height: int, width: int) -> Masks:
    """The boxes as masks, bool N×height×width."""
    y, x = np.arange(height)[None, :, None], np.arange(width)[None, None, :]
    left, top, right, bottom = (boxes[:, side, None, None] for side in range(4))
    return (x >= left) & (x < right) & (y >= top) & (y < bottom)


def strips(boxes: Boxes, height: int, width: int) -> Boxes:
    """The largest rectangle beside each box that spans the image from edge to edge: int64 N×4.

    Left, right, above or below the box; of equals, the first in that order. Where the box fills the image, it is empty.
    """
    n = len(boxes)
    left, top, right, bottom = boxes.T
    none, w, h = np.zeros(n, np.int64), np.full(n, width), np.full(n, height)
    beside = np.stack(
        [
            np.stack([none, none, left, h], axis=1),
            np.stack([right, none, w, h], axis=1),
            np.stack([none, none, w, top], axis=1),
            np.stack([none, bottom, w, h], axis=1),
        ]
    )
    areas = (beside[..., 2] - beside[..., 0]) * (beside[..., 3] - beside[..., 1])
    return beside[areas.argmax(axis=0), np.arange(n)]


def tiled(images: Images, boxes: Boxes) -> Images:
    """The background alone, without a trace of the object: the strip beside its box, laid like tiles from the corner.

    Args:
        images: N×H×W×3.
        boxes: none of which fills its image.
    """
    n, height, width, _ = images.shape
    left, top, right, bottom = (side[:, None] for side in strips(boxes, height, width).T)
    if not ((right > left) & (bottom > top)).all():
        raise ValueError("a box fills its image: there is no background to tile")
    rows = top + np.arange(height) % (bottom - top)
    columns = left + np.arange(width) % (right - left)
    return images[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def blackened(images: Images, where: Masks) -> Images:
    """The images with black wherever the masks say so."""
    return np.where(where[..., None], np.uint8(0), images)


def pasted(foregrounds: Images, masks: Masks, backgrounds: Images) -> Images:
    """Each foreground, where its mask is true, in front of its background."""
    return np.where(masks[..., None], foregrounds, backgrounds)


def plain_variants(images: Images, masks: Masks, boxes: Boxes) -> dict[str, Images]:
    """The variants that need one image each: only_fg, no_fg, only_bg_b and only_bg_t."""
    height, width = images.shape[1:3]
    return {
        "only_fg": blackened(images, ~masks),
        "no_fg": blackened(images, masks),
        "only_bg_b": blackened(images, inside(boxes, height, width)),
        "only_bg_t": tiled(images, boxes),
    }


def choose_backgrounds(labels: NDArray[np.int64], classes: int, seed: int) -> dict[str, NDArray[np.int64]]:
    """Which image lends its background to which, for each mixed variant: positions, int64 N.

    ``mixed_same`` takes another image of the same class, ``mixed_rand`` one of a class drawn evenly from all, and
    ``mixed_next`` one of the next class; never the image's own. Within ``mixed_same`` each image lends once.

    Raises:
        ValueError: a class has fewer than two images.
    """
    order, counts = np.argsort(labels, kind="stable"), np.bincount(labels, minlength=classes)
    if counts.min() < 2:
        raise ValueError("every class needs two images or more")
    draw = np.random.default_rng([seed, 4])
    starts = np.cumsum(counts) - counts
    rings = [draw.permutation(order[start : start + n]) for start, n in zip(starts, counts, strict=True)]
    same = np.empty(len(labels), np.int64)
    same[np.concatenate(rings)] = np.concatenate([np.roll(ring, 1) for ring in rings])
    chosen = {"mixed_same": same}
    anyone = draw.integers(classes, size=len(labels))
    for name, wanted in (("mixed_rand", anyone), ("mixed_next", (labels + 1) % classes)):
        rows = order[starts[wanted] + (draw.random(len(labels)) * counts[wanted]).astype(np.int64)]
        own = rows == np.arange(len(labels))
        rows[own] = same[own]  # another of the same class, as was drawn
        chosen[name] = rows
    return chosen
