"""OpenCV, which is optional: some steps are quicker by it and have the same bytes without, and GrabCut needs it."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def opencv() -> Any:
    """The package, imported when it is first asked for; None where it is not there."""
    try:
        import cv2
    except ImportError:  # also a build for desktops, on a machine without their libraries
        return None
    return cv2
