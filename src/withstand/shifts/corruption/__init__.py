"""The corruption shift, and where its images come from: published files, files of ours, or made when asked for."""

from __future__ import annotations

from withstand.config.schema import ShiftConfig
from withstand.images.imageset import Dataset
from withstand.shifts.corruption.shift import Corruption


def from_config(settings: ShiftConfig, dataset: Dataset) -> Corruption:
    """See ``Corruption.of``."""
    return Corruption.of(settings, dataset.name, dataset.test, dataset.geometry)
