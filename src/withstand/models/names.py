"""Names of classes, however they are written."""

from __future__ import annotations

import unicodedata


def plain(name: str) -> str:
    """What says the same: ``Wheeled_vehicle`` is ``wheeled vehicle``, and an accent one in either coding."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().replace("_", " ").split())
