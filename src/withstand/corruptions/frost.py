"""The sheets of ice that the frost corruption lays over images: the published photographs, else our own; and pieces.

Nothing else needs to know which: ``drawn`` tells, for the record.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from withstand.base.errors import UserError
from withstand.corruptions import ice

FOLDER = "WITHSTAND_FROST"
"""The environment variable that names a folder with the textures; without it, ``data/frost``."""

TEXTURES = {
    "frost1.png": "ff9f907860bd7a835d459e32f9d588062b7f61ee267343cc7222b56753a14755",
    "frost2.png": "fe211a89b336999c207a852ce05818d4545d0b57c5beadd824b4cc9d9a9b6137",
    "frost3.png": "2d0d50b4a9bb213f38b024ef7768731bb83cc08d2f26b5766bbc167cdfa0e504",
    "frost4.jpg": "3f8b91ca1a9fa7167b09e773da53f5ae60d0a1fd88f02a783f6e328a72887f6e",
    "frost5.jpg": "5fc6a19df4a429ba68abdcc8f8a4278d4c9f81c9ccafd2c92ab0c8cf8992ebd2",
}
"""The five of its six textures that the reference ever picks, and their SHA-256."""

COMMAND = "pip install --no-deps imagecorruptions"
"""A wheel of 2 MB that carries the textures; its code is never imported, so its dependencies are not needed."""


def drawn() -> str:
    """What tells our sheets from the published ones; empty where those are at hand."""
    return "" if _files() else ice.DRAWN


_used: tuple[NDArray[np.uint8], ...] | None = None


def use(photographs: tuple[NDArray[np.uint8], ...]) -> None:
    """Lay these over images from now on, or our own where there are none: as the process that this one works for."""
    global _used
    _used = photographs
    sheets.cache_clear()
    _scaled.cache_clear()


@functools.cache
def sheets() -> tuple[NDArray[np.uint8], ...]:
    """The sheets, uint8 H×W×3 RGB each.

    Raises:
        UserError: one of the published ones lies there altered, or ``WITHSTAND_FROST`` names a folder without it.
    """
    if _used is not None:
        return _used or ice.sheets()
    return tuple(_photograph(path, digest) for path, digest in _files()) or ice.sheets()


def _files() -> list[tuple[Path, str]]:
    """Where each published texture is, and its digest; none where no one is anywhere."""
    found = {name: _find(name) for name in TEXTURES}
    if not any(found.values()) and FOLDER not in os.environ:
        return []
    files = []
    for name, path in found.items():
        if path is None:
            raise UserError(
                f"frost needs the texture {name}, which is not in {os.environ.get(FOLDER, 'data/frost')} nor in an"
                f" installed wheel; get all of them with: {COMMAND}"
            )
        files.append((path, TEXTURES[name]))
    return files


def _photograph(path: Path, digest: str) -> NDArray[np.uint8]:
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise UserError(
            f"{path} is not the published frost texture (its SHA-256 differs); remove it, then: {COMMAND}"
        )
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def _find(name: str) -> Path | None:
    folder = Path(os.environ.get(FOLDER, "data/frost"))
    if (folder / name).is_file():
        return folder / name
    try:
        files = metadata.files("imagecorruptions") or []
    except metadata.PackageNotFoundError:
        return None
    return next(
        (Path(str(file.locate())) for file in files if file.name == name and file.parent.name == "frost"),
        None,
    )


@functools.lru_cache(maxsize=8)
def _scaled(zoom: float, height: int, width: int) -> tuple[Tensor, ...]:
    """The textures resized by ``zoom``, or by as much more as pieces of height × width need."""
    scaled = []
    for sheet in sheets():
        enough = max(zoom, (height + 1) / sheet.shape[0], (width + 1) / sheet.shape[1])
        x = torch.from_numpy(sheet.astype(np.float64))
        scaled.append(_stretched(_stretched(x, 0, enough), 1, enough).add_(0.5).byte())
    return tuple(scaled)


def _stretched(x: Tensor, dim: int, zoom: float) -> Tensor:
    """Resized bilinearly along ``dim``, without antialiasing and by the very factor, as OpenCV does."""
    n = x.shape[dim]
    size = round(n * zoom)
    place = ((torch.arange(size, dtype=torch.float64) + 0.5) / zoom - 0.5).clamp_(0, n - 1)
    low = place.long()
    share = (place - low).view([-1 if d == dim else 1 for d in range(x.ndim)])
    return torch.lerp(x.index_select(dim, low), x.index_select(dim, (low + 1).clamp_(max=n - 1)), share)


def pieces(sheet: Tensor, corner: Tensor, height: int, width: int, zoom: float) -> Tensor:
    """A piece of ice for each image.

    Args:
        sheet: int64 N, which texture, 0 to 4.
        corner: float32 N×2 in [0, 1), where the piece starts, as a share of the places where it can.
        height, width: of the pieces.
        zoom: what the textures are resized by.

    Returns:
        uint8 N×height×width×3.
    """
    out = torch.empty(len(sheet), height, width, 3, dtype=torch.uint8, device=sheet.device)
    for number, texture in enumerate(_scaled(zoom, height, width)):
        mine = (sheet == number).nonzero()[:, 0]
        texture = texture.to(sheet.device)
        room = torch.tensor([texture.shape[0] - height, texture.shape[1] - width], device=sheet.device)
        start = (corner[mine] * room).long()
        rows = start[:, 0, None] + torch.arange(height, device=sheet.device)
        columns = start[:, 1, None] + torch.arange(width, device=sheet.device)
        out[mine] = texture[rows[:, :, None], columns[:, None, :]]
    return out
