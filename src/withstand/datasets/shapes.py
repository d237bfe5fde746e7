"""Shapes: the data set that is drawn, not downloaded.

Ten shapes stand on ten kinds of background. Colour, texture, size, place, turn, clutter and light are drawn
for each image from (seed, id), and the background goes with the class as strongly as ``correlation`` says, so
that a classifier can learn the shape, the background, or both: what the study asks of ImageNet-9, with the
answer known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from withstand.backgrounds.drawn import worlds as drawn_worlds
from withstand.backgrounds.worlds import Worlds
from withstand.base.counter import uniforms
from withstand.base.errors import UserError
from withstand.config.checks import own_settings
from withstand.config.ranges import ranged
from withstand.config.schema import SIDE, Config
from withstand.datasets.patterns import SHAPES, colours, pattern, signed_distance
from withstand.images.imageset import Dataset, ImageSet

Floats = NDArray[np.float32]

CLASSES = tuple(SHAPES)
_CHUNK = 500  # images drawn at once, to keep the working set in the cache
_CLUTTER = 3
HUE, BRIGHT, ROOM, TURN, RADIUS = 0.3, 0.75, 0.6, 0.12, (0.4, 0.7)
_TEST_FIRST_ID = 10_000_000  # test ids begin here, so no number of training images reaches them


@dataclass
class Settings:
    """What ``configs/dataset/shapes.yaml`` sets beside what every dataset has.

    Attributes:
        n_train, n_test: how many images to draw.
        size: pixels a side.
        correlation: how strongly the background goes with the class: 0 not at all, 1 always.
    """

    n_train: int = ranged(7000, 1, _TEST_FIRST_ID)
    n_test: int = ranged(500, 1, _TEST_FIRST_ID)
    size: int = ranged(32, 1, SIDE)
    correlation: float = ranged(0.5, 0, 1)


def from_config(config: Config) -> Dataset:
    """Training and test images, drawn alike from ids that never meet.

    Raises:
        UserError: a setting is out of range.
    """
    s = _settings(config)
    drawn = partial(draw, seed=config.image_seed, size=s.size, correlation=s.correlation)
    train, test = drawn(np.arange(s.n_train)), drawn(_TEST_FIRST_ID + np.arange(s.n_test))
    return Dataset("shapes", train, test, _content(s, config.image_seed))


def worlds(config: Config, wanted: Sequence[str] | None) -> Worlds:
    """The shapes of the test images on other backgrounds; see ``backgrounds.drawn``."""
    s = _settings(config)
    ids = _TEST_FIRST_ID + np.arange(s.n_test)
    original = draw(ids, seed=config.image_seed, size=s.size, correlation=s.correlation)
    drawn = drawn_worlds(original, render, wanted, seed=config.image_seed, size=s.size)
    return replace(drawn, content=_content(s, config.image_seed))


def _content(s: Settings, seed: int) -> str:
    """All that the images depend on but how many there are."""
    return f"drawn, seed {seed}, size {s.size}, correlation {s.correlation:g}"


def _settings(config: Config) -> Settings:
    if config.dataset.num_classes not in (0, len(CLASSES)):
        raise UserError(
            f"dataset.num_classes={config.dataset.num_classes}, but there are {len(CLASSES)} shapes; leave it out"
        )
    return own_settings(Settings, "dataset", config.dataset.options)


def draw(ids: NDArray[np.int64], *, seed: int, size: int = 32, correlation: float = 0.5) -> ImageSet:
    """Draw the images of ``ids``.

    Each class is as likely as any other, and so is each kind of background; they are the same kind with probability
    ``correlation + (1 - correlation) / 10``.
    """
    dice = uniforms(seed, ids, 3, stream=1)
    labels = (dice[:, 0] * len(CLASSES)).astype(np.int64)
    anyone = (dice[:, 1] * len(CLASSES)).astype(np.int64)
    return render(ids, labels, np.where(dice[:, 2] < correlation, labels, anyone), seed=seed, size=size)


def render(
    ids: NDArray[np.int64],
    labels: NDArray[np.int64],
    background: NDArray[np.int64],
    *,
    seed: int,
    size: int = 32,
    scenes: NDArray[np.int64] | None = None,
    fill: NDArray[np.int64] | None = None,
) -> ImageSet:
    """Draw the images of ``ids`` with the shapes and backgrounds that are named.

    The same id has the same shape in the same place on every background: one foreground, many worlds.

    Args:
        ids, labels, background: int64 N.
        size: pixels a side.
        scenes: int64 N, what the background's colours, clutter and light are drawn from; default ``ids``.
        fill: int64 N, the class whose pattern and colours each shape is filled with; by default any, and any colour.
    """
    scenes = ids if scenes is None else scenes
    images = np.empty((len(ids), size, size, 3), np.uint8)
    masks = np.empty((len(ids), size, size), np.bool_)
    for start in range(0, len(ids), _CHUNK):
        part = slice(start, start + _CHUNK)
        images[part], masks[part] = _render(
            ids[part],
            labels[part],
            background[part],
            scenes[part],
            None if fill is None else fill[part],
            seed,
            size,
        )
    return ImageSet(images, labels, ids, CLASSES, masks, background)


def _render(
    ids: NDArray[np.int64],
    labels: NDArray[np.int64],
    background: NDArray[np.int64],
    scenes: NDArray[np.int64],
    fill: NDArray[np.int64] | None,
    seed: int,
    size: int,
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    grid = ((np.arange(size, dtype=np.float32) + 0.5) / size - 0.5) * 2
    y, x = (axis.astype(np.float32)[None] for axis in np.meshgrid(grid, grid, indexing="ij"))
    scene = uniforms(seed, scenes, 16, stream=2)
    thing = uniforms(seed, ids, 16, stream=3)

    hue = background / len(CLASSES) + HUE * (scene[:, 0] - 0.5)
    dark, light = colours(hue.astype(np.float32), scene[:, 1:5], (0.15, 0.45), (0.4, 0.75))
    canvas = _blend(pattern(background, x, y, scene[:, 6:10]), dark, light)
    for spot in range(_CLUTTER):
        canvas = _clutter(canvas, x, y, uniforms(seed, scenes, 8, stream=10 + spot), size)

    distance = _placed(labels, x, y, thing[:, :4])
    inside = _coverage(distance, size)
    bright = thing[:, 4:5] < BRIGHT
    own, kind = thing[:, 5], (thing[:, 11] * len(CLASSES)).astype(np.int64)
    if fill is not None:
        own, kind = hue.astype(np.float32), fill
    fill_dark, fill_light = (
        np.where(bright, up, down)
        for up, down in zip(
            colours(own, thing[:, 6:10], (0.7, 0.9), (0.85, 1.0)),
            colours(own, thing[:, 6:10], (0.0, 0.15), (0.1, 0.25)),
            strict=True,
        )
    )
    painted = _blend(pattern(kind, x, y, thing[:, 12:16]), fill_dark, fill_light)
    canvas = canvas + inside[..., None] * (painted - canvas)

    lit = 1 + 0.35 * (scene[:, 10, None, None] - 0.5) * x + 0.35 * (scene[:, 11, None, None] - 0.5) * y
    bytes_ = np.clip(canvas * lit[..., None] * 255 + 0.5, 0, 255).astype(np.uint8)
    return bytes_, distance < 0


def _blend(t: Floats, low: Floats, high: Floats) -> Floats:
    """From colour ``low`` at 0 to ``high`` at 1; t N×H×W, colours N×3."""
    return low[:, None, None] + t[..., None] * (high - low)[:, None, None]


def _coverage(distance: Floats, size: int) -> Floats:
    """How much of each pixel lies inside, from the signed distance in half-widths of the image."""
    return np.clip(0.5 - distance * (size / 2), 0, 1)


def _placed(labels: NDArray[np.int64], x: Floats, y: Floats, dice: Floats) -> Floats:
    """Signed distance to each image's own shape, placed, sized and turned by ``dice`` (N×4)."""
    dx, dy, dr, da = (dice[:, i, None, None] for i in range(4))
    radius = RADIUS[0] + (RADIUS[1] - RADIUS[0]) * dr
    room = (0.95 - radius) * ROOM
    angle = (da - 0.5) * np.float32(2 * np.pi * TURN)
    px, py = (x - (2 * dx - 1) * room) / radius, (y - (2 * dy - 1) * room) / radius
    u, v = px * np.cos(angle) + py * np.sin(angle), py * np.cos(angle) - px * np.sin(angle)
    distance = np.empty_like(u)
    for label, name in enumerate(CLASSES):
        rows = labels == label
        distance[rows] = signed_distance(name, u[rows], v[rows])
    return distance * radius


def _clutter(canvas: Floats, x: Floats, y: Floats, dice: Floats, size: int) -> Floats:
    """A small disc or square, there in two images of three, in a colour of its own."""
    cx, cy, r = ((2 * dice[:, i, None, None] - 1) for i in range(3))
    radius = 0.12 + 0.06 * r
    round_ = np.hypot(x - cx, y - cy) - radius
    square = np.maximum(np.abs(x - cx), np.abs(y - cy)) - radius
    shown = (dice[:, 3] < 2 / 3)[:, None, None]
    inside = _coverage(np.where(dice[:, 4, None, None] < 0.5, round_, square), size) * shown
    return canvas + inside[..., None] * (dice[:, None, None, 5:8] - canvas)
