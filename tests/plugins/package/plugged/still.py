"""An adaptation that leaves the classifier as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from withstand.models import Classifier


def wrap(classifier: Classifier) -> Classifier:
    return classifier


def facts() -> Mapping[str, Any]:
    return {"adaptation": "still"}
