"""The corruptions in the usual way: one image at a time, with scikit-image, OpenCV, SciPy and Pillow.

Our own wording of the published formulas, for two ends: to be timed against the batched ones, and, fed with the very
numbers that those drew, to check them. Every function takes a uint8 H×W×3 image, a source of random numbers with named
draws, and the constants of ``withstand.corruptions.constants``; it returns levels from 0 to 255, still to be cut.
"""

from __future__ import annotations

import io
import math
from typing import Any

import cv2
import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates
from scipy.ndimage import zoom as scipy_zoom
from skimage.color import hsv2rgb, rgb2hsv
from skimage.filters import gaussian

cv2.setNumThreads(1)


class Generator:
    """Named draws from a NumPy generator: the names are of no account."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)

    def normal(self, name: str, shape: Any) -> Any:
        return self.rng.normal(size=shape)

    def uniform(self, name: str, shape: Any, low: float = 0.0, high: float = 1.0) -> Any:
        return self.rng.uniform(low, high, size=shape)

    def integers(self, name: str, shape: Any, low: int, high: int) -> Any:
        return self.rng.integers(low, high, size=shape)

    def poisson(self, name: str, rate: Any) -> Any:
        return self.rng.poisson(rate)


def gaussian_noise(image, draws, *, spread):
    x = image / 255.0
    return np.clip(x + spread * draws.normal("noise", x.shape), 0, 1) * 255


def speckle_noise(image, draws, *, spread):
    x = image / 255.0
    return np.clip(x + x * spread * draws.normal("noise", x.shape), 0, 1) * 255


def shot_noise(image, draws, *, photons):
    return np.clip(draws.poisson("photons", image / 255.0 * photons) / photons, 0, 1) * 255


def impulse_noise(image, draws, *, amount):
    u = draws.uniform("flip", image.shape)
    x = image / 255.0
    x[u < amount] = 1
    x[u < amount / 2] = 0
    return x * 255


def gaussian_blur(image, draws, *, sigma):
    return np.clip(gaussian(image / 255.0, sigma=sigma, channel_axis=-1), 0, 1) * 255


def glass_blur(image, draws, *, sigma, reach, rounds):
    reach = max(1, round(reach))
    x = np.uint8(gaussian(image / 255.0, sigma=sigma, channel_axis=-1) * 255)
    height, width = x.shape[:2]
    for turn in range(int(rounds)):
        shape = (max(0, height - 2 * reach), max(0, width - 2 * reach), 2)
        moves = draws.integers(f"moves {turn}", shape, -reach, reach)
        for h in range(height - reach, reach, -1):
            for w in range(width - reach, reach, -1):
                dx, dy = moves[h - reach - 1, w - reach - 1]
                x[h, w] = x[h + dy, w + dx]
    return np.clip(gaussian(x / 255.0, sigma=sigma, channel_axis=-1), 0, 1) * 255


def defocus_blur(image, draws, *, radius, alias):
    reach, taps = (8, 3) if radius <= 8 else (math.ceil(radius), 5)
    line = np.arange(-reach, reach + 1)
    disk = (line[:, None] ** 2 + line**2 <= radius**2).astype(np.float32)
    kernel = cv2.GaussianBlur(disk / disk.sum(), (taps, taps), sigmaX=alias)
    x = image / 255.0
    channels = [cv2.filter2D(np.ascontiguousarray(x[:, :, c]), -1, kernel) for c in range(3)]
    return np.clip(np.stack(channels, axis=-1), 0, 1) * 255


def _line_blur(image, angle, radius, sigma):
    """Shifted copies of the padded image along a line, one tap after the other; rounded to 16 bits and cut to 8."""
    taps = 2 * math.ceil(radius) + 1
    weights = np.exp(-0.5 * (np.arange(taps) / sigma) ** 2)
    padded = np.pad(image.astype(np.float64), [(taps, taps), (taps, taps), (0, 0)], mode="edge")
    out = np.zeros(image.shape)
    for i, weight in enumerate(weights / weights.sum()):
        dy, dx = (math.ceil(i * part(math.radians(angle)) - 0.5) for part in (math.sin, math.cos))
        out += weight * padded[taps + dy :, taps + dx :][: image.shape[0], : image.shape[1]]
    return np.floor(np.floor(out * 257 + 0.5) / 257)


def motion_blur(image, draws, *, radius, sigma):
    return _line_blur(image, float(draws.uniform("angle", (), -45, 45)), radius, sigma)


def _clipped_zoom(x, factor):
    height, width = x.shape[:2]
    crop = [math.ceil(side / factor) for side in (height, width)]
    top, left = (height - crop[0]) // 2, (width - crop[1]) // 2
    x = scipy_zoom(x[top : top + crop[0], left : left + crop[1]], (factor, factor, 1), order=1)
    top, left = (x.shape[0] - height) // 2, (x.shape[1] - width) // 2
    return x[top : top + height, left : left + width]


def zoom_blur(image, draws, *, stop, step):
    x = (image / 255.0).astype(np.float32)
    factors = np.arange(1, stop, step)
    total = np.zeros_like(x)
    for factor in factors:
        total += _clipped_zoom(x, factor)
    return np.clip((x + total) / (len(factors) + 1), 0, 1) * 255


def snow(image, draws, *, mean, spread, zoom, threshold, radius, sigma, keep):
    x = np.float32(image) / 255
    flakes = mean + spread * draws.normal("flakes", x.shape[:2])
    flakes = _clipped_zoom(flakes[..., None], max(zoom, 1.0))
    flakes[flakes < threshold] = 0
    flakes = (np.clip(flakes, 0, 1) * 255).astype(np.uint8)
    flakes = _line_blur(flakes, float(draws.uniform("angle", (), -135, -45)), radius, sigma) / 255
    grey = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)[..., None]
    x = keep * x + (1 - keep) * np.maximum(x, grey * 1.5 + 0.5)
    return np.clip(x + flakes + np.rot90(flakes, k=2), 0, 1) * 255


def frost(image, draws, *, keep, ice, zoom):
    from withstand.corruptions.frost import sheets

    sheet = sheets()[int(draws.integers("sheet", (), 0, 5))]
    sheet = cv2.resize(sheet, (0, 0), fx=zoom, fy=zoom)
    corner = draws.uniform("corner", (2,))
    top, left = (
        int(share * (side - need))
        for share, side, need in zip(corner, sheet.shape, image.shape, strict=False)
    )
    piece = sheet[top : top + image.shape[0], left : left + image.shape[1]]
    return np.clip(keep * image + ice * piece, 0, 255)


def _plasma(draws, size, decay):
    field = np.zeros((size, size))
    wobble, step = 100.0, size
    while step >= 2:
        half, count = step // 2, size // step
        square, row, column = (
            wobble * draws.uniform(f"{name} {step}", (count, count), -wobble, wobble)
            for name in ("square", "row", "column")
        )
        old = field[::step, ::step]
        for i in range(count):
            for j in range(count):
                below, right = (i + 1) % count, (j + 1) % count
                four = old[i, j] + old[below, j] + old[i, right] + old[below, right]
                field[i * step + half, j * step + half] = four / 4 + square[i, j]
        middle = field[half::step, half::step]
        for i in range(count):
            for j in range(count):
                four = middle[i, j] + middle[i - 1, j] + old[i, j] + old[i, (j + 1) % count]
                field[i * step, j * step + half] = four / 4 + row[i, j]
                four = middle[i, j] + middle[i, j - 1] + old[i, j] + old[(i + 1) % count, j]
                field[i * step + half, j * step] = four / 4 + column[i, j]
        wobble, step = wobble / decay, half
    field -= field.min()
    return field / field.max()


def fog(image, draws, *, amount, decay):
    x = image / 255.0
    brightest = x.max()
    size = 2 ** max(1, math.ceil(math.log2(max(x.shape[:2]))))
    x += amount * _plasma(draws, size, decay)[: x.shape[0], : x.shape[1], None]
    return np.clip(x * brightest / (brightest + amount), 0, 1) * 255


def brightness(image, draws, *, amount):
    x = rgb2hsv(image / 255.0)
    x[..., 2] = np.clip(x[..., 2] + amount, 0, 1)
    return np.clip(hsv2rgb(x), 0, 1) * 255


def saturate(image, draws, *, gain, shift):
    x = rgb2hsv(image / 255.0)
    x[..., 1] = np.clip(x[..., 1] * gain + shift, 0, 1)
    return np.clip(hsv2rgb(x), 0, 1) * 255


def contrast(image, draws, *, keep):
    x = image / 255.0
    mean = x.mean(axis=(0, 1), keepdims=True)
    return np.clip((x - mean) * keep + mean, 0, 1) * 255


def spatter(image, draws, *, mean, spread, sigma, threshold, strength, mud):
    x = np.float32(image) / 255
    drops = gaussian(mean + spread * draws.normal("drops", x.shape[:2]), sigma=sigma)
    if mud:
        cover = gaussian((drops > threshold).astype(np.float32), sigma=strength)
        cover[cover < 0.8] = 0
        colour = np.array([63, 42, 20]) / 255 * cover[..., None]
        return np.clip(x * (1 - cover[..., None]) + colour, 0, 1) * 255
    drops[drops < threshold] = 0
    drops = (drops * 255).astype(np.int64).astype(np.uint8)
    distance = cv2.distanceTransform(255 - cv2.Canny(drops, 50, 150), cv2.DIST_L2, 5)
    distance = np.minimum(distance, 20)
    relief = cv2.equalizeHist(cv2.blur(distance, (3, 3)).astype(np.uint8))
    relief = cv2.filter2D(relief, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
    cover = drops * cv2.blur(relief, (3, 3)).astype(np.float32)
    cover = cover / max(cover.max(), 1) * strength
    return np.clip(x + cover[..., None] * (np.array([175, 238, 238]) / 255), 0, 1) * 255


def jpeg_compression(image, draws, *, quality):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=int(quality))
    return np.asarray(Image.open(buffer))


def pixelate(image, draws, *, share):
    height, width = image.shape[:2]
    small = Image.fromarray(image).resize(
        (max(1, int(width * share)), max(1, int(height * share))), Image.Resampling.BOX
    )
    return np.asarray(small.resize((width, height), Image.Resampling.BOX))


def elastic_transform(image, draws, *, push, sigma, corner):
    x = np.float32(image) / 255
    height, width = x.shape[:2]
    centre, reach = np.float32([width // 2, height // 2]), min(height, width) // 3
    before = np.float32([centre + reach, [centre[0] + reach, centre[1] - reach], centre - reach])
    after = before + np.float32(draws.uniform("corners", (3, 2), -corner, corner))
    x = cv2.warpAffine(
        x, cv2.getAffineTransform(before, after), (width, height), borderMode=cv2.BORDER_REFLECT_101
    )
    if not push:
        return np.clip(x, 0, 1) * 255
    fields = draws.uniform("push", (2, height, width), -1, 1)
    right, down = (gaussian(field, sigma, mode="reflect", truncate=3) * push for field in fields)
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    places = [np.float32(rows + down), np.float32(columns + right)]
    return (
        np.clip(
            np.stack([map_coordinates(x[..., c], places, order=1, mode="reflect") for c in range(3)], -1),
            0,
            1,
        )
        * 255
    )
