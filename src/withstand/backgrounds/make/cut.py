"""Objects cut out of photographs: by given masks, or by GrabCut from boxes; what cannot be cut out well is refused.

GrabCut is Rother, Kolmogorov & Blake (2004), started from the box and run for five rounds, as Xiao et al. (2020) did.
The limits on box and mask are theirs too (their published code); those on strip and rectangle are ours, and so is the
removal of stray pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from withstand.backgrounds.make.sources import Box, LocatedImage
from withstand.backgrounds.variants import boxes_of, strips
from withstand.base.errors import UserError
from withstand.config.schema import MakeBackgroundsConfig
from withstand.images import npy, picture
from withstand.images.opencv import opencv
from withstand.images.photographs import squared
from withstand.images.preprocessing import Geometry

_ROUNDS = 5
_LEAST_OF_BOX = 0.1  # a smaller object means that GrabCut took it for background
_MOST_OF_BOX = 0.95  # a larger one means that it told nothing apart: the cut-out is the box itself
_SPECK = 0.05  # of the largest piece of an object; smaller pieces are stray pixels
_LEAST_INSIDE = 0.5  # of the box, once the picture is cut square


@dataclass(frozen=True, eq=False)
class CutOut:
    """An object: bool S×S, and the box that holds all of it, in pixels of the square picture."""

    mask: NDArray[np.bool_]
    box: NDArray[np.int64]


def grabcut_package() -> ModuleType:
    """OpenCV.

    Raises:
        UserError: it is not installed.
    """
    if (cv2 := opencv()) is None:
        raise UserError('boxes need GrabCut of OpenCV: pip install "withstand[grabcut]"')
    return cast(ModuleType, cv2)


def cut(
    picture: NDArray[np.uint8], size: tuple[int, int], source: LocatedImage, limits: MakeBackgroundsConfig
) -> CutOut | str:
    """The object of one picture, or why it cannot be cut out.

    Args:
        picture: uint8 S×S×3, the middle of the image.
        size: width and height of the file.
    """
    side = len(picture)
    if source.box is not None:
        box, inside = _square_box(source.box, size, side)
        if inside < _LEAST_INSIDE:
            return "less than half of its box is in the middle of the picture"
        refused = _room(box, side, limits)
        if refused:
            return refused
        mask = _grabcut(picture, box)
        if isinstance(mask, str):
            return mask
    else:
        read = _given(source, size, side)
        if isinstance(read, str):
            return read
        mask, box = read, boxes_of(read[None])[0]
        refused = _room(box, side, limits)
        if refused:
            return refused
    share = float(mask.mean())
    if share < limits.min_object:
        return f"its object covers less than {limits.min_object:.0%} of the picture"
    if share > limits.max_object:
        return f"its object covers more than {limits.max_object:.0%} of the picture"
    return CutOut(mask, box)


def _square_box(box: Box, size: tuple[int, int], side: int) -> tuple[NDArray[np.int64], float]:
    """The box after the short side was resized to ``side`` and the middle kept, and the share of it that is left."""
    form = Geometry(side, side)
    wide, high = form.scaled(*size)
    factor = np.array([wide / size[0], high / size[1]] * 2)
    moved = np.array(box) * factor - np.array([form.offset(wide), form.offset(high)] * 2)
    kept = np.clip(moved, 0, side)
    area = max(moved[2] - moved[0], 0) * max(moved[3] - moved[1], 0)
    share = (kept[2] - kept[0]) * (kept[3] - kept[1]) / area if area else 0.0
    whole = np.concatenate([np.floor(kept[:2]), np.ceil(kept[2:])]).astype(np.int64)
    return whole, float(share)


def _room(box: NDArray[np.int64], side: int, limits: MakeBackgroundsConfig) -> str:
    """Why there is no background beside the box; empty where there is."""
    if (box[2] - box[0]) * (box[3] - box[1]) > limits.max_object * side**2:
        return f"its box covers more than {limits.max_object:.0%} of the picture"
    strip = strips(box[None], side, side)[0]
    if min(strip[2] - strip[0], strip[3] - strip[1]) < max(1, limits.min_strip * side):
        return f"no strip of {limits.min_strip:.0%} of the picture is left beside its box"
    return ""


def _grabcut(picture: NDArray[np.uint8], box: NDArray[np.int64]) -> NDArray[np.bool_] | str:
    cv2 = grabcut_package()
    marks = np.zeros(picture.shape[:2], np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    rectangle = (int(box[0]), int(box[1]), int(box[2] - box[0]), int(box[3] - box[1]))
    cv2.setRNGSeed(0)  # its clusters start at random; each picture starts alike, whatever came before
    try:
        cv2.grabCut(np.ascontiguousarray(picture), marks, rectangle, *models, _ROUNDS, cv2.GC_INIT_WITH_RECT)
    except cv2.error:
        return "GrabCut failed on it"
    mask = _without_specks(cv2, (marks == cv2.GC_FGD) | (marks == cv2.GC_PR_FGD))
    share = mask.sum() / (rectangle[2] * rectangle[3])
    if share < _LEAST_OF_BOX:
        return f"GrabCut found an object in less than {_LEAST_OF_BOX:.0%} of its box"
    if share > _MOST_OF_BOX:
        return "GrabCut could not tell its object from what is around it"
    return mask


def _without_specks(cv2: ModuleType, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without the pieces that are small beside its largest."""
    _, pieces, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = facts[:, cv2.CC_STAT_AREA]
    areas[0] = 0  # what is not in the mask
    kept: NDArray[np.bool_] = (areas > 0) & (areas >= _SPECK * areas.max())
    return kept[pieces]


def _given(source: LocatedImage, size: tuple[int, int], side: int) -> NDArray[np.bool_] | str:
    """A mask from its file, made square as the picture was."""
    if source.mask is None:
        return "it has no mask"
    try:
        if source.mask.suffix == ".npy":
            marks = npy.mapped(source.mask) > 0
        else:
            with picture.opened(source.mask) as opened:
                levels = np.asarray(opened.convert("L"))
            marks = levels > levels.max() / 2  # masks are of 0 and 1, or of 0 and 255, or have a palette
    except Exception:  # a damaged file raises anything from OSError to struct.error
        return "its mask cannot be read"
    if marks.shape != (size[1], size[0]):
        return "its mask has another size than the picture has upright"
    drawn = Image.fromarray(marks.astype(np.uint8) * 255)
    mask = np.asarray(squared(drawn, Geometry(side, side), Image.Resampling.NEAREST)) > 0
    if not mask.any():
        return "its mask is empty"
    return "its mask is full" if mask.all() else mask
