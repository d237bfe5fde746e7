"""Photographs decoded as the classifier wants them, where the data set can and the settings leave it open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from withstand import datasets
from withstand.config.schema import Config
from withstand.images.preprocessing import Preprocessing, Ready


def settled(config: Config, wanted: Ready | None) -> tuple[Config, bool]:
    """The configuration with the size and crop of the data set's photographs, and whether these are as ``wanted``.

    What the settings say holds; a data set whose images are of one size from the start is left as it is.
    """
    code = datasets.code(config.dataset.name)
    open_keys: tuple[str, ...] = getattr(code, "FITTED", ())
    options = config.dataset.options
    if not open_keys:
        return config, False
    said = any(options.get(key) is not None for key in open_keys)
    fits = isinstance(wanted, Preprocessing) and not said
    if fits:
        assert isinstance(wanted, Preprocessing)
        found: dict[str, Any] = {**vars(wanted.geometry), "squash": wanted.squash or None}
    else:
        found = {"size": options.get("size") or code.DEFAULT}
    return replace(config, dataset=replace(config.dataset, options=options | found)), fits


def steps(config: Config, ready: Ready, fits: bool) -> list[str]:
    """What is done to an image, in order, for the record."""
    said = ", ".join(f"{key} {value}" for key, value in ready.facts().items())
    last = f"{'normalise' if fits else 'preprocess'}: {said}"
    size = config.dataset.options.get("size")
    if not size:
        return ["shift", last]
    side = config.dataset.options.get("resize") or size
    way = config.dataset.options.get("interpolation") or "bicubic"
    return [f"decode: short side to {side} ({way}), middle {size}", "shift", last]
