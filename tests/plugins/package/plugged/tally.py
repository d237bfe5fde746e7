"""How many test images each class has."""

from __future__ import annotations

import numpy as np

from withstand import datasets
from withstand.base.console import say
from withstand.config.schema import Config

USES = ()


def run(config: Config, overrides: list[str]) -> int:
    test = datasets.load(config).test
    for name, count in zip(test.classes, np.bincount(test.labels), strict=True):
        say(f"{name}: {count}")
    return 0
