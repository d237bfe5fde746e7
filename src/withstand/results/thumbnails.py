"""A few test images, clean and corrupted, kept beside the predictions so that a report can show what was lost.

One PNG sheet: a row for each image, a column for each condition, and in its text what they are. The images are the
same for every model on a dataset, chosen by id, so that what several models lost can be shown wherever any of them left
its sheet.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from withstand.base import atomic, files, json_file
from withstand.base.counter import uniforms
from withstand.base.json_file import AGAIN
from withstand.images import picture
from withstand.images.imageset import ImageSet
from withstand.results.conditions import CLEAN, Condition
from withstand.results.records import Severity

FILE = "thumbnails.png"
SEVERITY = 3  # of the conditions shown: strong enough to cause errors, and people can still see the object
_COUNT, _SIDE = 32, 64
_STREAM = 77  # draws of its own, whatever else draws by id


@dataclass(frozen=True, eq=False)
class Thumbnails:
    """Small images of some ids under some conditions.

    Attributes:
        ids: the source images, in the order of the rows.
        conditions: in the order of the columns; clean is one of them.
        images: uint8 ids×conditions×h×w×3.
    """

    ids: tuple[int, ...]
    conditions: tuple[Condition, ...]
    images: NDArray[np.uint8]

    def __contains__(self, key: tuple[int, Condition]) -> bool:
        return key[0] in self.ids and key[1] in self.conditions

    def shows(self, ids: NDArray[np.int64], conditions: Sequence[Condition]) -> bool:
        """Whether it has just these images under just these conditions."""
        return np.array_equal(self.ids, ids) and self.conditions == (CLEAN, *conditions)

    def __getitem__(self, key: tuple[int, Condition]) -> NDArray[np.uint8]:
        """uint8 h×w×3 of one image under one condition."""
        one: NDArray[np.uint8] = self.images[self.ids.index(key[0]), self.conditions.index(key[1])]
        return one


def shown(conditions: Sequence[Condition]) -> list[Condition]:
    """The conditions that a sheet has: those at ``SEVERITY``."""
    return [condition for condition in conditions if condition.severity == SEVERITY]


def choose(ids: NDArray[np.int64], count: int = _COUNT) -> NDArray[np.int64]:
    """Rows of the images to keep: by a draw from each id, so that two test sets that overlap keep the same ones."""
    rows: NDArray[np.int64] = np.argsort(uniforms(0, ids, 1, _STREAM)[:, 0], kind="stable")[:count]
    return np.sort(rows)


def make(
    chosen: ImageSet, conditions: Sequence[Condition], images: Callable[[Condition], ImageSet]
) -> Thumbnails:
    """Thumbnails of the ``chosen`` images, clean and under those of ``conditions`` that a sheet has.

    Args:
        chosen: the clean images.
        conditions: all that there are.
        images: gives the chosen images under one of them.
    """
    kept = shown(conditions)
    columns = [chosen.images, *(images(condition).images for condition in kept)]
    small = np.stack([_shrunk(column) for column in columns], axis=1)
    return Thumbnails(tuple(chosen.ids.tolist()), (CLEAN, *kept), small)


def save(thumbnails: Thumbnails, path: Path) -> None:
    """Write the sheet, whole or not at all."""
    rows, columns, height, width, _ = thumbnails.images.shape
    sheet = thumbnails.images.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)
    said = PngImagePlugin.PngInfo()
    said.add_text(
        "withstand",
        json.dumps(
            {
                "ids": thumbnails.ids,
                "conditions": [
                    [condition.shift, condition.variant, condition.severity]
                    for condition in thumbnails.conditions
                ],
            }
        ),
    )
    with atomic.replacing(path) as temporary:
        Image.fromarray(sheet).save(temporary, format="PNG", pnginfo=said)


class _Said(msgspec.Struct):
    """What the sheet says of itself."""

    ids: Annotated[list[int], msgspec.Meta(min_length=1)]
    conditions: Annotated[list[tuple[str, str, Severity | None]], msgspec.Meta(min_length=1)]


def load(path: Path) -> Thumbnails | None:
    """Read a sheet; None where there is none.

    Raises:
        UserError: it is damaged.
    """
    if not path.exists():
        return None
    try:
        content = io.BytesIO(files.content(path))
        with picture.opened(content, formats=("PNG",)) as sheet:
            said = json_file.decoded(str(sheet.info.get("withstand", "")).encode("utf-8"), _Said)
            pixels = np.asarray(sheet.convert("RGB"))
        rows, columns = len(said.ids), len(said.conditions)
        height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
        images = pixels.reshape(rows, height, columns, width, 3).transpose(0, 2, 1, 3, 4)
    except Exception as error:  # a damaged picture makes Pillow raise anything
        raise files.damaged(path, error, AGAIN) from error
    conditions = tuple(Condition(*one) for one in said.conditions)
    return Thumbnails(tuple(said.ids), conditions, images)


def _shrunk(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """N×h×w×3, at most ``_SIDE`` pixels a side; smaller images are left as they are."""
    height, width = images.shape[1:3]
    if max(height, width) <= _SIDE:
        return np.asarray(images)
    scale = _SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.stack([np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BOX)) for one in images])
