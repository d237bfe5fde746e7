"""The corruption shift, and where its images come from: published files, files of ours, or made when asked for."""

from __future__ import annotations

from withstand.config.checks import own_settings
from withstand.config.schema import ShiftConfig
from withstand.datasets import photographed
from withstand.images.imageset import Dataset
from withstand.shifts.corruption.shift import Corruption


def from_config(settings: ShiftConfig, dataset: Dataset) -> Corruption:
    """See ``Corruption.of``."""
    decoded = {key: value for key, value in dataset.form.items() if key in photographed.FITTED}
    form = own_settings(photographed.Settings, "dataset", decoded).geometry() if decoded else None
    return Corruption.of(settings, dataset.name, dataset.test, form)
