"""The package ``imagecorruptions`` as it is on its index, one image at a time, where it is installed.

Its last release asks for modules and names that its libraries no longer have; each gets what took its place, so that
its own code runs unchanged. It is a peer here and nothing more: withstand never imports it.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import scipy.ndimage
import skimage.filters

INSTALLED = importlib.util.find_spec("imagecorruptions") is not None


def corrupt() -> Callable[..., Any]:
    """Its ``corrupt(image, severity, corruption_name)``."""
    import cv2

    cv2.setNumThreads(1)
    spec = importlib.util.find_spec("imagecorruptions")
    assert spec is not None and spec.origin is not None
    folder = Path(spec.origin).parent
    stand_ins = {
        "pkg_resources": {"resource_filename": lambda _, name: str(folder / name)},
        "scipy.ndimage.interpolation": {"map_coordinates": scipy.ndimage.map_coordinates},
    }
    for name, content in stand_ins.items():
        sys.modules.setdefault(name, ModuleType(name)).__dict__.update(content)
    if not hasattr(np, "float_"):
        setattr(np, "float_", np.float64)  # noqa: B010  (its old name, which linters would mend)
    gaussian = skimage.filters.gaussian

    def of_before(image: Any, sigma: Any = 1, *, multichannel: bool = False, **others: Any) -> Any:
        return gaussian(image, sigma, channel_axis=-1 if multichannel else None, **others)

    skimage.filters.gaussian = of_before
    try:
        return importlib.import_module("imagecorruptions").corrupt
    finally:
        skimage.filters.gaussian = gaussian
