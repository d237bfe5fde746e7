"""Files of tensors, read as data: no code in them is run, their checksums hold, and what they hold is plain numbers."""

from __future__ import annotations

import argparse
import codecs
import functools
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from withstand.base import files


def load(path: Path) -> Any:
    """The content of a ``.safetensors``, or of what ``torch.save`` wrote.

    Raises:
        Exception: whatever readers find wrong; ValueError where a checksum does not hold.
    """
    files.regular(path.stat())
    if path.suffix == ".safetensors":
        return load_file(path)
    _check_archive(path)
    with _allowed(_harmless()):
        return torch.load(path, map_location="cpu", weights_only=True)


def check_plain(tensors: Mapping[str, Any]) -> None:
    """Raises ``ValueError`` where one is no plain tensor of numbers."""
    for name, one in tensors.items():
        if not isinstance(one, Tensor):
            raise ValueError(f"{name} is no tensor")
        if one.layout != torch.strided or one.is_quantized or one.device.type != "cpu":
            kind = "quantised" if one.is_quantized else f"on {one.device.type}, {one.layout}"
            raise ValueError(f"{name} is no plain tensor but {kind}")


def _check_archive(path: Path) -> None:
    """Each part against its checksum, which torch does not look at. Files of before torch 1.6 have none."""
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":
            return
        known = path.stat().st_size
        try:
            with zipfile.ZipFile(file) as archive:
                if sum(one.file_size for one in archive.infolist()) > max(2 * known, 1 << 26):
                    raise ValueError("it would unpack to many times its size")
                wrong = archive.testzip()
        except (OSError, ValueError):
            raise
        except Exception as error:  # zipfile raises errors of many kinds
            raise ValueError(files.why(error)) from error
    if wrong is not None:
        raise ValueError(f"the checksum of its part {wrong} does not hold")


def _harmless() -> list[Any]:
    """What training scripts save beside weights, and what holds nothing but values: arguments and NumPy's numbers."""
    kinds = [getattr(np.dtypes, name) for name in np.dtypes.__all__ if name != "ObjectDType"]
    return [argparse.Namespace, codecs.encode, np.dtype, *kinds, *map(_scalar, ("core", "_core"))]


@functools.cache
def _scalar(core: str) -> Callable[..., Any]:
    """NumPy's maker of single numbers under the name that an older or a newer NumPy saves."""
    make: Any = np.float64(0).__reduce__()[0]

    def scalar(*values: Any) -> Any:
        return make(*values)

    scalar.__module__, scalar.__qualname__ = f"numpy.{core}.multiarray", "scalar"
    return scalar


@contextmanager
def _allowed(kinds: list[Any]) -> Iterator[None]:
    """Within, torch reads these as data, too; torch 2.4 has no way of its own to forget them afterwards."""
    if hasattr(torch.serialization, "safe_globals"):
        with torch.serialization.safe_globals(kinds):
            yield
        return
    before = torch.serialization.get_safe_globals()
    torch.serialization.add_safe_globals(kinds)
    try:
        yield
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)
