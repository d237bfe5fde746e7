"""Adaptations, found by name: what a classifier does with the test images beside looking at them.

BatchNorm statistics of the test images, TENT and the like: each is a module here, or of a plug-in, that wraps a
classifier, and says its facts, which are part of the key of every cell that the wrapped classifier predicts. No
experiment asks for one yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from withstand.base import plugins
from withstand.models import Classifier


class Adaptation(Protocol):
    """What the module of an adaptation has."""

    def wrap(self, classifier: Classifier) -> Classifier:
        """The classifier that adapts; the one given stays as it is."""

    def facts(self) -> Mapping[str, Any]:
        """All that what it does depends on, as JSON values: its name and its settings."""


def load(name: str) -> Adaptation:
    """The adaptation of that name.

    Raises:
        UserError: there is none.
    """
    return cast(Adaptation, plugins.load("adaptations", name))
